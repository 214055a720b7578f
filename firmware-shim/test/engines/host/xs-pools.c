/* The memory of a machine: a cap on what XS may take, and what is in use. */
#include "xs-host.h"

static Usage baseline;
static const char *censusMark;

/*
 * As the port of XS to a microcontroller hands out a board's one heap: chunks from its lower end and slots from its upper
 * one, each growing in place, so that nothing is lost between blocks. Here the ends are two ranges of addresses with
 * one cap on their sum. XS gives memory back only when a machine ends, and ours end with the process.
 */
#define RANGE_BYTES ((size_t)64 * 1024 * 1024)

static void reserve(Range *range)
{
	range->next = mmap(NULL, RANGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (range->next == MAP_FAILED) exit(EXIT_MEMORY);
	range->end = range->next + RANGE_BYTES;
}

static void *grab(txMachine *the, Range *range, size_t size)
{
	if (the->heldBytes + size > the->heldBytesMax) return NULL;
	if (size > (size_t)(range->end - range->next)) return NULL;
	char *at = range->next;
	range->next += size;
	the->heldBytes += size;
	return at;
}

void *fxAllocateChunks(txMachine *the, txSize size)
{
	return grab(the, &the->chunkRange, size);
}

void fxFreeChunks(txMachine *the, void *at)
{
	(void)the;
	(void)at;
}

txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	return grab(the, &the->slotRange, count * sizeof(txSlot));
}

void fxFreeSlots(txMachine *the, void *at)
{
	(void)the;
	(void)at;
}

/* Without a cap until `capAt`. */
void fxCreateMachinePlatform(txMachine *the)
{
	the->heldBytesMax = (size_t)1 << 30;
	reserve(&the->chunkRange);
	reserve(&the->slotRange);
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
	if (code == EXIT_STACK || code == EXIT_MEMORY) printFrames(the);
	_exit(code);
}
