/* The parts of the XS host: pools, loading, the functions that programs see. */
#ifndef FOGWISP_XS_HOST_H
#define FOGWISP_XS_HOST_H

#include "xsAll.h"
#include "xsScript.h"

#include "xs.h"

/* Declared by xsmc.h, which does not go together with xs.h. Throws for what is no buffer. */
extern xsIntegerValue _xsmcGetBuffer(xsMachine *machine, xsSlot *slot, void **at, xsUnsignedValue *length,
                                     xsBooleanValue isWritable);

/* How a program ended, for whoever started it. */
enum { EXIT_EXCEPTION = 1, EXIT_USAGE = 2, EXIT_MEMORY = 11, EXIT_STACK = 12, EXIT_KEYS = 13, EXIT_COMPUTATION = 17 };

/* xs-pools.c: what the bare realm and preloaded modules hold is in flash on a board and does not count. */
typedef struct {
	size_t chunkBytes;
	size_t slotCount;
	size_t keyCount;
} Usage;

Usage usageOf(txMachine *machine);
void capAt(txMachine *machine, size_t bytes);
void setBaseline(txMachine *machine);
/* A line of JSON on stderr: live bytes after a collection, and the most that was in use since the baseline. */
void measure(txMachine *machine, const char *label);
void takeCensusAt(const char *label);

/* xs-census.c: a table on stderr. */
void census(txMachine *machine);

/* xs-load.c */
void runScript(txMachine *machine, const char *path, int isInFlash);

/* xs-flash.c */
void burnFlash(txMachine *machine);

/* xs-meter.c */
void beginMetering(txMachine *machine, double limit);
double computrons(void);

/* xs-doors.c */
void defineHost(xsMachine *machine);
/* Calls `program.main()`, then waits for bytes and for the alarm while the program wants any. */
void runProgram(xsMachine *machine);

#endif
