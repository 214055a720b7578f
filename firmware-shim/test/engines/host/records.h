/* The script that a program is fed with: records of bytes, each after its length (32 bits, little endian). */
#ifndef FOGWISP_RECORDS_H
#define FOGWISP_RECORDS_H

#include <stddef.h>
#include <stdint.h>

void openRecords(const char *path);
/* NULL at the end; else valid until the next call. */
const uint8_t *nextRecord(size_t *length);

#endif
