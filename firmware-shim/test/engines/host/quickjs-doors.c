#include "quickjs-doors.h"

#include "native-crypto.h"
#include "quickjs-heap.h"
#include "records.h"
#include "waiting.h"

#include <stdio.h>
#include <stdlib.h>

void measure(JSContext *context, const char *label)
{
	JS_RunGC(JS_GetRuntime(context));
	fprintf(stderr, "{\"at\":\"%s\",\"heapBytes\":%zu,\"peakBytes\":%zu}\n", label, heapBytes(), peakHeapBytes());
}

static JSValue hostPrint(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
	(void)self;
	(void)count;
	const char *text = JS_ToCString(context, arguments[0]);
	if (text == NULL) return JS_EXCEPTION;
	fprintf(stderr, "%s\n", text);
	JS_FreeCString(context, text);
	return JS_UNDEFINED;
}

static JSValue hostMeasure(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
	(void)self;
	(void)count;
	const char *label = JS_ToCString(context, arguments[0]);
	if (label == NULL) return JS_EXCEPTION;
	measure(context, label);
	JS_FreeCString(context, label);
	return JS_UNDEFINED;
}

static JSValue hostNext(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
	size_t length;
	const uint8_t *record = nextRecord(&length);
	(void)self;
	(void)count;
	(void)arguments;
	return record == NULL ? JS_UNDEFINED : JS_NewArrayBufferCopy(context, record, length);
}

static JSValue hostRandom(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
	uint8_t drawn[256];
	uint32_t length;
	(void)self;
	(void)count;
	if (JS_ToUint32(context, &length, arguments[0])) return JS_EXCEPTION;
	if (length > sizeof drawn) return JS_ThrowRangeError(context, "at most 256 bytes at once");
	nativeRandom(drawn, length);
	return JS_NewArrayBufferCopy(context, drawn, length);
}

static JSValue hostNow(JSContext *context, JSValueConst self, int count, JSValueConst *arguments)
{
	(void)self;
	(void)count;
	(void)arguments;
	return JS_NewFloat64(context, monotonicMs());
}

/* The bytes of a typed array; it stays where it is while the arguments hold it. */
static int bytesOf(JSContext *context, JSValueConst array, Bytes *bytes)
{
	size_t offset, length, whole;
	JSValue buffer = JS_GetTypedArrayBuffer(context, array, &offset, &length, NULL);
	if (JS_IsException(buffer)) return 0;
	const uint8_t *at = JS_GetArrayBuffer(context, &whole, buffer);
	JS_FreeValue(context, buffer);
	bytes->at = at == NULL ? NULL : at + offset;
	bytes->length = at == NULL ? 0 : length;
	return 1;
}

static JSValue runNative(JSContext *context, JSValueConst self, int count, JSValueConst *arguments, int magic)
{
	const NativeFunction *native = &NATIVE_CRYPTO[magic];
	Bytes in[NATIVE_BYTES_MAX];
	double numbers[NATIVE_NUMBERS_MAX];
	size_t room = NATIVE_ROOM;
	(void)self;
	if (count < native->byteCount + native->numberCount) return JS_ThrowTypeError(context, "%s", native->name);
	for (int i = 0; i < native->byteCount; i++) {
		if (!bytesOf(context, arguments[i], &in[i])) return JS_EXCEPTION;
		if (room < in[i].length + NATIVE_ROOM) room = in[i].length + NATIVE_ROOM;
	}
	for (int i = 0; i < native->numberCount; i++)
		if (JS_ToFloat64(context, &numbers[i], arguments[native->byteCount + i])) return JS_EXCEPTION;
	uint8_t *out = malloc(room);
	long length = native->run(in, numbers, out);
	JSValue result = length >= 0 ? JS_NewArrayBufferCopy(context, out, (size_t)length) : JS_UNDEFINED;
	free(out);
	return length == NATIVE_MISUSE ? JS_ThrowRangeError(context, "%s", native->name) : result;
}

static const struct {
	const char *name;
	JSCFunction *function;
	int length;
} DOORS[] = {
	{ "print", hostPrint, 1 },   { "measure", hostMeasure, 1 }, { "next", hostNext, 0 },
	{ "random", hostRandom, 1 }, { "now", hostNow, 0 },
};

void defineHost(JSContext *context)
{
	JSValue global = JS_GetGlobalObject(context), host = JS_NewObject(context);
	for (size_t i = 0; i < sizeof DOORS / sizeof *DOORS; i++)
		JS_SetPropertyStr(context, host, DOORS[i].name,
		                  JS_NewCFunction(context, DOORS[i].function, DOORS[i].name, DOORS[i].length));
	for (int i = 0; i < NATIVE_COUNT; i++) {
		const NativeFunction *native = &NATIVE_CRYPTO[i];
		int length = native->byteCount + native->numberCount;
		JSValue function = JS_NewCFunctionMagic(context, runNative, native->name, length, JS_CFUNC_generic_magic, i);
		JS_SetPropertyStr(context, host, native->name, function);
	}
	JS_SetPropertyStr(context, global, "host", host);
	JS_FreeValue(context, global);
}
