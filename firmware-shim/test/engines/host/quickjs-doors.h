/* What a program sees of this process beside the standard modules `std` and `os`: one object `host`. */
#ifndef FOGWISP_QUICKJS_DOORS_H
#define FOGWISP_QUICKJS_DOORS_H

#include "quickjs.h"

void defineHost(JSContext *context);
/* A line of JSON on stderr: the heap after a collection, context and byte code included, and its peak. */
void measure(JSContext *context, const char *label);

#endif
