/* The event loop of a program that is a peer: bytes on file descriptor 0 and 1, and one alarm. */
#ifndef FOGWISP_WAITING_H
#define FOGWISP_WAITING_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	enum { HAPPENED_BYTES, HAPPENED_ALARM } kind;
	/* Of HAPPENED_BYTES; valid until the next wait. */
	const uint8_t *bytes;
	size_t length;
} Happening;

/* Milliseconds since the program started, with their fraction. */
double monotonicMs(void);
void setAlarm(double atMs);
void stopAlarm(void);
/* All or nothing; 0 when the reader is behind and nothing was taken. */
int writeBytes(const uint8_t *bytes, size_t length);
/* 0 when nothing can happen any more: input has ended, or nobody wants it and there is no alarm. */
int waitFor(int wantsBytes, Happening *happening);

#endif
