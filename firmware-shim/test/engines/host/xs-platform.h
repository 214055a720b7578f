/* What XS asks of a platform, for a bare host on Linux. */
#ifndef FOGWISP_XS_PLATFORM_H
#define FOGWISP_XS_PLATFORM_H

#undef mxLittleEndian
#define mxLittleEndian 1
#undef mxLinux
#define mxLinux 1
#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#include <ctype.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int txSocket;
#define mxNoSocket -1
#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultParseScript 1
#define mxUseDefaultSharedChunks 1
#define mxCESU8 1

/* Addresses that are handed out one after the other. */
typedef struct {
	char *next, *end;
} Range;

/* Members of the machine: its pools (xs-pools.c), and what the platform layer of XS expects. */
#define mxMachinePlatform \
	int abortStatus; \
	int promiseJobs; \
	void *timerJobs; \
	void *waiterCondition; \
	void *waiterData; \
	void *waiterLink; \
	Range chunkRange; \
	Range slotRange; \
	size_t heldBytes; \
	size_t heldBytesMax;

#endif
