/* The memory of a machine: a cap on what XS may take, and what is in use. */
#include "xs-host.h"

static Usage baseline;
static const char *censusMark;

/* Blocks carry their size, so that freeing gives the bytes back. */
#define HEADER_BYTES 16

static void *grab(txMachine *the, size_t size)
{
	if (the->heldBytes + size > the->heldBytesMax) return NULL;
	size_t *block = malloc(size + HEADER_BYTES);
	if (block == NULL) return NULL;
	the->heldBytes += size;
	block[0] = size;
	return (char *)block + HEADER_BYTES;
}

static void giveBack(txMachine *the, void *at)
{
	if (at == NULL) return;
	size_t *block = (size_t *)((char *)at - HEADER_BYTES);
	the->heldBytes -= block[0];
	free(block);
}

void *fxAllocateChunks(txMachine *the, txSize size)
{
	return grab(the, size);
}

void fxFreeChunks(txMachine *the, void *at)
{
	giveBack(the, at);
}

txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	return grab(the, count * sizeof(txSlot));
}

void fxFreeSlots(txMachine *the, void *at)
{
	giveBack(the, at);
}

/* Without a cap until `capAt`. */
void fxCreateMachinePlatform(txMachine *the)
{
	the->heldBytesMax = (size_t)1 << 30;
}

void fxDeleteMachinePlatform(txMachine *the)
{
	(void)the;
}

void fxQueuePromiseJobs(txMachine *the)
{
	the->promiseJobs = 1;
}

void fxRunDebugger(txMachine *the)
{
	(void)the;
}

Usage usageOf(txMachine *the)
{
	Usage usage = { the->currentChunksSize, the->currentHeapCount, the->keyIndex };
	return usage;
}

void capAt(txMachine *the, size_t bytes)
{
	the->heldBytesMax = the->heldBytes > bytes ? the->heldBytes : bytes;
}

void setBaseline(txMachine *the)
{
	fxCollectGarbage(the);
	baseline = usageOf(the);
	the->peakChunksSize = the->currentChunksSize;
	the->peakHeapCount = the->currentHeapCount;
}

void takeCensusAt(const char *label)
{
	censusMark = label;
}

void measure(txMachine *the, const char *label)
{
	fxCollectGarbage(the);
	if (censusMark != NULL && strcmp(censusMark, label) == 0) census(the);
	Usage now = usageOf(the);
	fprintf(stderr,
	        "{\"at\":\"%s\",\"chunkBytes\":%ld,\"slots\":%ld,\"keys\":%ld,\"peakChunkBytes\":%ld,"
	        "\"peakSlots\":%ld,\"computrons\":%.0f}\n",
	        label, (long)(now.chunkBytes - baseline.chunkBytes), (long)(now.slotCount - baseline.slotCount),
	        (long)(now.keyCount - baseline.keyCount), (long)(the->peakChunksSize - baseline.chunkBytes),
	        (long)(the->peakHeapCount - baseline.slotCount), computrons());
}

static const struct {
	int status, code;
	const char *why;
} ENDS[] = {
	{ XS_NOT_ENOUGH_MEMORY_EXIT, EXIT_MEMORY, "memory full" },
	{ XS_STACK_OVERFLOW_EXIT, EXIT_STACK, "stack overflow" },
	{ XS_NO_MORE_KEYS_EXIT, EXIT_KEYS, "no more keys" },
	{ XS_TOO_MUCH_COMPUTATION_EXIT, EXIT_COMPUTATION, "too much computation" },
};

/* Who called whom, innermost first, with the slots of stack from there up. */
static void printFrames(txMachine *the)
{
	for (txSlot *frame = the->frame; frame != NULL; frame = frame->next) {
		txSlot *function = frame + 3;
		const char *name = NULL;
		if (function->kind == XS_REFERENCE_KIND && mxIsFunction(function->value.reference))
			name = fxGetKeyName(the, mxFunctionInstanceCode(function->value.reference)->ID);
		fprintf(stderr, "  %4ld %s\n", (long)(the->stackTop - frame), name == NULL ? "(no name)" : name);
	}
}

void fxAbort(txMachine *the, int status)
{
	Usage now = usageOf(the);
	const char *why = "unhandled exception";
	int code = EXIT_EXCEPTION;
	if (status == XS_DEBUGGER_EXIT) return;
	for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
		if (ENDS[i].status != status) continue;
		why = ENDS[i].why;
		code = ENDS[i].code;
	}
	if (code == EXIT_EXCEPTION) fprintf(stderr, "%s: %s\n", why, fxToString(the, &mxException));
	else fprintf(stderr, "%s: %ld chunk bytes, %ld slots in use\n", why,
	             (long)(now.chunkBytes - baseline.chunkBytes), (long)(now.slotCount - baseline.slotCount));
	if (code == EXIT_STACK) printFrames(the);
	_exit(code);
}
