#include "records.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_BYTES_MAX (1 << 20)

static FILE *records;
static uint8_t record[RECORD_BYTES_MAX];

void openRecords(const char *path)
{
	records = fopen(path, "rb");
	if (records != NULL) return;
	perror(path);
	exit(2);
}

const uint8_t *nextRecord(size_t *length)
{
	uint8_t head[4];
	if (records == NULL || fread(head, 1, sizeof head, records) != sizeof head) return NULL;
	*length = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
	if (*length > sizeof record || fread(record, 1, *length, records) != *length) return NULL;
	return record;
}
