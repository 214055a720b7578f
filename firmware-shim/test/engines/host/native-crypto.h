/* Cryptography in C as a firmware would bring it, the same for every engine. */
#ifndef FOGWISP_NATIVE_CRYPTO_H
#define FOGWISP_NATIVE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	const uint8_t *at;
	size_t length;
} Bytes;

#define NATIVE_BYTES_MAX 4
#define NATIVE_NUMBERS_MAX 2
/* More than any function adds to its longest argument. */
#define NATIVE_ROOM 64

/* What `run` gives instead of the length of its output. */
#define NATIVE_NOTHING (-1)
#define NATIVE_MISUSE (-2)

/* A function of byte arrays, then numbers; `out` has room for the longest argument and NATIVE_ROOM. */
typedef struct {
	const char *name;
	int byteCount;
	int numberCount;
	long (*run)(const Bytes *in, const double *numbers, uint8_t *out);
} NativeFunction;

#define NATIVE_COUNT 11
extern const NativeFunction NATIVE_CRYPTO[NATIVE_COUNT];

void nativeRandom(uint8_t *out, size_t length);

/* The X25519 coordinate of any 32 bytes read as an Ed25519 one: (1 + y) / (1 - y), where 1 / 0 is 0. */
void montgomeryOf(const uint8_t edwards[32], uint8_t montgomery[32]);

#endif
