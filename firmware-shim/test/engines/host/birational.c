/*
 * The map from edwards25519 to Curve25519 (RFC 7748 4.1) for any 32 bytes: the library's own refuses points
 * that are not on the curve. Elements of the field are eight 32-bit limbs, little endian, not fully reduced.
 */
#include "native-crypto.h"

#include <string.h>

#define LIMBS 8

typedef struct {
	uint32_t limb[LIMBS];
} Element;

static const Element ONE = { { 1 } };
/* 2 p = 2^256 - 38 */
static const Element TWO_P = {
	{ 0xffffffda, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }
};

/* Adds carry x 2^256 = carry x 38 (mod p). */
static void fold(Element *element, uint64_t carry)
{
	while (carry != 0) {
		carry *= 38;
		for (int i = 0; i < LIMBS; i++) {
			carry += element->limb[i];
			element->limb[i] = (uint32_t)carry;
			carry >>= 32;
		}
	}
}

static Element add(const Element *a, const Element *b)
{
	Element sum;
	uint64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		carry += (uint64_t)a->limb[i] + b->limb[i];
		sum.limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	fold(&sum, carry);
	return sum;
}

/* a + 2p - b, for b below 2p. */
static Element subtract(const Element *a, const Element *b)
{
	Element complement;
	int64_t borrow = 0;
	for (int i = 0; i < LIMBS; i++) {
		borrow += (int64_t)TWO_P.limb[i] - b->limb[i];
		complement.limb[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	return add(a, &complement);
}

static Element multiply(const Element *a, const Element *b)
{
	uint32_t wide[2 * LIMBS] = { 0 };
	for (int i = 0; i < LIMBS; i++) {
		uint64_t carry = 0;
		for (int k = 0; k < LIMBS; k++) {
			carry += (uint64_t)a->limb[i] * b->limb[k] + wide[i + k];
			wide[i + k] = (uint32_t)carry;
			carry >>= 32;
		}
		wide[i + LIMBS] = (uint32_t)carry;
	}
	Element product;
	uint64_t carry = 0;
	for (int i = 0; i < LIMBS; i++) {
		carry += (uint64_t)wide[i + LIMBS] * 38 + wide[i];
		product.limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	fold(&product, carry);
	return product;
}

/* The power p - 2 (Fermat): bits 254 to 5 are set, then 01011. Zero stays zero. */
static Element invert(const Element *a)
{
	Element power = *a;
	for (int bit = 253; bit >= 0; bit--) {
		power = multiply(&power, &power);
		if (bit >= 5 || bit == 3 || bit == 1 || bit == 0) power = multiply(&power, a);
	}
	return power;
}

static int isBelowP(const Element *a)
{
	if (a->limb[LIMBS - 1] != 0x7fffffff) return a->limb[LIMBS - 1] < 0x7fffffff;
	for (int i = LIMBS - 2; i > 0; i--)
		if (a->limb[i] != 0xffffffff) return 1;
	return a->limb[0] < 0xffffffed;
}

static void subtractP(Element *a)
{
	static const Element P = {
		{ 0xffffffed, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff }
	};
	int64_t borrow = 0;
	for (int i = 0; i < LIMBS; i++) {
		borrow += (int64_t)a->limb[i] - P.limb[i];
		a->limb[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
}

void montgomeryOf(const uint8_t edwards[32], uint8_t montgomery[32])
{
	Element y;
	for (int i = 0; i < LIMBS; i++) {
		const uint8_t *at = edwards + 4 * i;
		y.limb[i] = at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
	}
	y.limb[LIMBS - 1] &= 0x7fffffff; /* the sign of x */
	Element above = add(&ONE, &y), below = subtract(&ONE, &y);
	Element inverse = invert(&below), u = multiply(&above, &inverse);
	while (!isBelowP(&u)) subtractP(&u);
	for (int i = 0; i < 32; i++) montgomery[i] = (uint8_t)(u.limb[i / 4] >> (8 * (i % 4)));
}
