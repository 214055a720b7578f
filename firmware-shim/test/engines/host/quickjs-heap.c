#include "quickjs-heap.h"

#include <stdlib.h>

/* Each block is preceded by its size; counted is what the allocator of an ESP32 adds to it. */
#define HEADER_BYTES 16
#define OVERHEAD_BYTES 8

static size_t used, peak, cap = SIZE_MAX;
static size_t usedBefore, peakBefore, capBefore;

static size_t *headerOf(const void *at)
{
	return (size_t *)((char *)at - HEADER_BYTES);
}

static int fits(size_t more)
{
	if (more > cap || used > cap - more) return 0;
	used += more;
	if (peak < used) peak = used;
	return 1;
}

static void *take(JSMallocState *state, size_t size)
{
	(void)state;
	if (!fits(size + OVERHEAD_BYTES)) return NULL;
	size_t *block = malloc(size + HEADER_BYTES);
	if (block == NULL) return NULL;
	*block = size;
	return (char *)block + HEADER_BYTES;
}

static void giveBack(JSMallocState *state, void *at)
{
	(void)state;
	if (at == NULL) return;
	used -= *headerOf(at) + OVERHEAD_BYTES;
	free(headerOf(at));
}

static void *resize(JSMallocState *state, void *at, size_t size)
{
	if (at == NULL) return size == 0 ? NULL : take(state, size);
	if (size == 0) {
		giveBack(state, at);
		return NULL;
	}
	size_t before = *headerOf(at);
	if (size > before && !fits(size - before)) return NULL;
	size_t *block = realloc(headerOf(at), size + HEADER_BYTES);
	if (block == NULL) return NULL;
	if (size < before) used -= before - size;
	*block = size;
	return (char *)block + HEADER_BYTES;
}

static size_t sizeOf(const void *at)
{
	return at == NULL ? 0 : *headerOf(at);
}

const JSMallocFunctions HEAP_FUNCTIONS = { take, giveBack, resize, sizeOf };

void capHeap(size_t bytes)
{
	cap = bytes;
}

void pauseHeap(void)
{
	usedBefore = used;
	peakBefore = peak;
	capBefore = cap;
	cap = SIZE_MAX;
}

void resumeHeap(void)
{
	used = usedBefore;
	peak = peakBefore;
	cap = capBefore;
}

size_t heapBytes(void)
{
	return used;
}

size_t peakHeapBytes(void)
{
	return peak;
}
