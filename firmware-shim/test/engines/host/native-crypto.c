#include "native-crypto.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 32
#define TAG_BYTES 16
#define SIGNATURE_BYTES 64
/* RFC 8439 2.8: block 0 makes the Poly1305 key. */
#define FIRST_BLOCK 1

static long hash(const Bytes *in, const double *numbers, uint8_t *out)
{
	(void)numbers;
	crypto_hash_sha256(out, in[0].at, in[0].length);
	return crypto_hash_sha256_BYTES;
}

static long hmac(const Bytes *in, const double *numbers, uint8_t *out)
{
	crypto_auth_hmacsha256_state state;
	(void)numbers;
	crypto_auth_hmacsha256_init(&state, in[0].at, in[0].length);
	crypto_auth_hmacsha256_update(&state, in[1].at, in[1].length);
	crypto_auth_hmacsha256_final(&state, out);
	return crypto_auth_hmacsha256_BYTES;
}

static long dhPublic(const Bytes *in, const double *numbers, uint8_t *out)
{
	(void)numbers;
	if (in[0].length != KEY_BYTES) return NATIVE_MISUSE;
	crypto_scalarmult_base(out, in[0].at);
	return KEY_BYTES;
}

static long dh(const Bytes *in, const double *numbers, uint8_t *out)
{
	(void)numbers;
	if (in[0].length != KEY_BYTES || in[1].length != KEY_BYTES) return NATIVE_MISUSE;
	return crypto_scalarmult(out, in[0].at, in[1].at) == 0 ? KEY_BYTES : NATIVE_NOTHING;
}

static long signPublic(const Bytes *in, const double *numbers, uint8_t *out)
{
	uint8_t pair[crypto_sign_SECRETKEYBYTES];
	(void)numbers;
	if (in[0].length != KEY_BYTES) return NATIVE_MISUSE;
	crypto_sign_seed_keypair(out, pair, in[0].at);
	return KEY_BYTES;
}

static long sign(const Bytes *in, const double *numbers, uint8_t *out)
{
	uint8_t publicKey[KEY_BYTES], pair[crypto_sign_SECRETKEYBYTES];
	(void)numbers;
	if (in[0].length != KEY_BYTES) return NATIVE_MISUSE;
	crypto_sign_seed_keypair(publicKey, pair, in[0].at);
	crypto_sign_detached(out, NULL, in[1].at, in[1].length, pair);
	return SIGNATURE_BYTES;
}

/* Empty when it verifies, nothing when it does not. */
static long verify(const Bytes *in, const double *numbers, uint8_t *out)
{
	(void)numbers;
	(void)out;
	if (in[0].length != KEY_BYTES || in[2].length != SIGNATURE_BYTES) return NATIVE_NOTHING;
	return crypto_sign_verify_detached(in[2].at, in[1].at, in[1].length, in[0].at) == 0 ? 0 : NATIVE_NOTHING;
}

static long dhPublicFromSign(const Bytes *in, const double *numbers, uint8_t *out)
{
	(void)numbers;
	if (in[0].length != KEY_BYTES) return NATIVE_MISUSE;
	montgomeryOf(in[0].at, out);
	return KEY_BYTES;
}

static long dhSecretFromSign(const Bytes *in, const double *numbers, uint8_t *out)
{
	uint8_t whole[crypto_hash_sha512_BYTES];
	(void)numbers;
	crypto_hash_sha512(whole, in[0].at, in[0].length);
	memcpy(out, whole, KEY_BYTES);
	out[0] &= 0xf8;
	out[31] = (out[31] & 0x7f) | 0x40;
	return KEY_BYTES;
}

/* Noise 12: 32 bits of zeros, then the counter as 64 bits, little endian. */
static void nonceOf(double counter, uint8_t nonce[12])
{
	uint64_t rest = (uint64_t)counter;
	memset(nonce, 0, 12);
	for (int i = 4; i < 12; i++, rest >>= 8) nonce[i] = (uint8_t)rest;
}

/* Arguments: key, associated data, text; counter, tag length. */
static long seal(const Bytes *in, const double *numbers, uint8_t *out)
{
	uint8_t nonce[12], tag[TAG_BYTES];
	size_t tagLength = (size_t)numbers[1];
	if (in[0].length != KEY_BYTES || tagLength > TAG_BYTES) return NATIVE_MISUSE;
	nonceOf(numbers[0], nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt_detached(out, tag, NULL, in[2].at, in[2].length, in[1].at,
	                                                   in[1].length, NULL, nonce, in[0].at);
	memcpy(out + in[2].length, tag, tagLength);
	return (long)(in[2].length + tagLength);
}

/* The library checks whole tags only: decrypt, make the tag again, compare what there is of it. */
static long open(const Bytes *in, const double *numbers, uint8_t *out)
{
	uint8_t nonce[12], tag[TAG_BYTES];
	size_t tagLength = (size_t)numbers[1];
	if (in[0].length != KEY_BYTES || tagLength > TAG_BYTES) return NATIVE_MISUSE;
	if (in[2].length < tagLength) return NATIVE_NOTHING;
	size_t length = in[2].length - tagLength;
	uint8_t *again = malloc(length + 1);
	if (again == NULL) return NATIVE_MISUSE;
	nonceOf(numbers[0], nonce);
	crypto_stream_chacha20_ietf_xor_ic(out, in[2].at, length, nonce, FIRST_BLOCK, in[0].at);
	crypto_aead_chacha20poly1305_ietf_encrypt_detached(again, tag, NULL, out, length, in[1].at, in[1].length,
	                                                   NULL, nonce, in[0].at);
	free(again);
	return sodium_memcmp(tag, in[2].at + length, tagLength) == 0 ? (long)length : NATIVE_NOTHING;
}

void nativeRandom(uint8_t *out, size_t length)
{
	randombytes_buf(out, length);
}

const NativeFunction NATIVE_CRYPTO[NATIVE_COUNT] = {
	{ "hash", 1, 0, hash },
	{ "hmac", 2, 0, hmac },
	{ "dhPublic", 1, 0, dhPublic },
	{ "dh", 2, 0, dh },
	{ "signPublic", 1, 0, signPublic },
	{ "sign", 2, 0, sign },
	{ "verify", 3, 0, verify },
	{ "dhPublicFromSign", 1, 0, dhPublicFromSign },
	{ "dhSecretFromSign", 1, 0, dhSecretFromSign },
	{ "seal", 3, 2, seal },
	{ "open", 3, 2, open },
};
