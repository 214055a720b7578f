/* The heap of QuickJS as a board would have it: capped, and counted with what an allocator adds. */
#ifndef FOGWISP_QUICKJS_HEAP_H
#define FOGWISP_QUICKJS_HEAP_H

#include "quickjs.h"

extern const JSMallocFunctions HEAP_FUNCTIONS;

void capHeap(size_t bytes);
/* What is done meanwhile is not counted: compiling happens on another machine. */
void pauseHeap(void);
void resumeHeap(void);
size_t heapBytes(void);
size_t peakHeapBytes(void);

#endif
