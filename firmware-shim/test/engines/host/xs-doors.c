/*
 * What a program sees of the world: one object `host`. Bytes come as ArrayBuffer; a program that wants to be
 * called back sets `host.onBytes` and `host.onAlarm`.
 */
#include "native-crypto.h"
#include "records.h"
#include "waiting.h"
#include "xs-host.h"

static void throwRange(xsMachine *the, const char *what)
{
	xsRangeError("%s", (char *)what);
}

static void hostPrint(xsMachine *the)
{
	fprintf(stderr, "%s\n", xsToString(xsArg(0)));
}

static void hostMeasure(xsMachine *the)
{
	measure((txMachine *)the, xsToString(xsArg(0)));
}

static void hostNext(xsMachine *the)
{
	size_t length;
	const uint8_t *record = nextRecord(&length);
	if (record != NULL) xsResult = xsArrayBuffer((void *)record, (xsIntegerValue)length);
}

static void hostRandom(xsMachine *the)
{
	uint8_t drawn[256];
	xsIntegerValue length = xsToInteger(xsArg(0));
	if (length < 0 || length > (xsIntegerValue)sizeof drawn) throwRange(the, "at most 256 bytes at once");
	nativeRandom(drawn, (size_t)length);
	xsResult = xsArrayBuffer(drawn, length);
}

static void hostNow(xsMachine *the)
{
	xsResult = xsNumber(monotonicMs());
}

static void hostAlarm(xsMachine *the)
{
	if (xsTypeOf(xsArg(0)) == xsUndefinedType) stopAlarm();
	else setAlarm(xsToNumber(xsArg(0)));
}

static Bytes bytesOf(xsMachine *the, xsSlot *slot)
{
	void *at = NULL;
	xsUnsignedValue length = 0;
	_xsmcGetBuffer(the, slot, &at, &length, 0);
	Bytes bytes = { at, length };
	return bytes;
}

static void hostWrite(xsMachine *the)
{
	xsSlot *slot = &xsArg(0);
	Bytes bytes = bytesOf(the, slot);
	xsResult = xsBoolean(writeBytes(bytes.at, bytes.length));
}

/* Results are made outside of the heap first: making the ArrayBuffer may move what the arguments point to. */
static void runNative(xsMachine *the, const NativeFunction *native)
{
	Bytes in[NATIVE_BYTES_MAX];
	double numbers[NATIVE_NUMBERS_MAX];
	size_t room = NATIVE_ROOM;
	for (int i = 0; i < native->byteCount; i++) {
		in[i] = bytesOf(the, &xsArg(i));
		if (room < in[i].length + NATIVE_ROOM) room = in[i].length + NATIVE_ROOM;
	}
	for (int i = 0; i < native->numberCount; i++) numbers[i] = xsToNumber(xsArg(native->byteCount + i));
	uint8_t *out = malloc(room);
	long length = native->run(in, numbers, out);
	if (length >= 0) xsResult = xsArrayBuffer(out, (xsIntegerValue)length);
	free(out);
	if (length == NATIVE_MISUSE) throwRange(the, native->name);
}

#define NATIVE(i) \
	static void native##i(xsMachine *the) { runNative(the, &NATIVE_CRYPTO[i]); }
NATIVE(0) NATIVE(1) NATIVE(2) NATIVE(3) NATIVE(4) NATIVE(5) NATIVE(6) NATIVE(7) NATIVE(8) NATIVE(9) NATIVE(10)

static const xsCallback NATIVES[NATIVE_COUNT] = { native0, native1, native2, native3, native4, native5,
	                                          native6, native7, native8, native9, native10 };

static const struct {
	const char *name;
	xsCallback callback;
	int length;
} DOORS[] = {
	{ "print", hostPrint, 1 },   { "measure", hostMeasure, 1 }, { "next", hostNext, 0 }, { "random", hostRandom, 1 },
	{ "now", hostNow, 0 },       { "alarm", hostAlarm, 1 },     { "write", hostWrite, 1 },
};

void defineHost(xsMachine *machine)
{
	xsBeginHost(machine);
	xsVars(2);
	xsVar(0) = xsNewObject();
	for (size_t i = 0; i < sizeof DOORS / sizeof *DOORS; i++) {
		xsVar(1) = xsNewHostFunction(DOORS[i].callback, DOORS[i].length);
		xsDefine(xsVar(0), xsID((char *)DOORS[i].name), xsVar(1), xsDefault);
	}
	for (int i = 0; i < NATIVE_COUNT; i++) {
		xsVar(1) = xsNewHostFunction(NATIVES[i], NATIVE_CRYPTO[i].byteCount + NATIVE_CRYPTO[i].numberCount);
		xsDefine(xsVar(0), xsID((char *)NATIVE_CRYPTO[i].name), xsVar(1), xsDefault);
	}
	xsDefine(xsGlobal, xsID("host"), xsVar(0), xsDefault);
	xsEndHost(machine);
}

static void runPromiseJobs(xsMachine *machine)
{
	txMachine *the = (txMachine *)machine;
	while (the->promiseJobs) {
		the->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
	fxEndJob(the);
	fxCheckUnhandledRejections(the, 1);
}

static void callBack(xsMachine *machine, const Happening *happening)
{
	xsBeginHost(machine);
	xsVars(2);
	xsVar(0) = xsGet(xsGlobal, xsID("host"));
	if (happening->kind == HAPPENED_ALARM) {
		xsCall0(xsVar(0), xsID("onAlarm"));
	} else {
		xsVar(1) = xsArrayBuffer((void *)happening->bytes, (xsIntegerValue)happening->length);
		xsCall1(xsVar(0), xsID("onBytes"), xsVar(1));
	}
	xsEndHost(machine);
}

static void callMain(xsMachine *machine)
{
	xsBeginHost(machine);
	xsVars(1);
	xsVar(0) = xsGet(xsGlobal, xsID("program"));
	xsCall0(xsVar(0), xsID("main"));
	xsEndHost(machine);
}

static int wantsBytes(xsMachine *machine)
{
	int wants;
	xsBeginHost(machine);
	xsVars(1);
	xsVar(0) = xsGet(xsGlobal, xsID("host"));
	wants = xsTest(xsGet(xsVar(0), xsID("onBytes")));
	xsEndHost(machine);
	return wants;
}

void runProgram(xsMachine *machine)
{
	Happening happening;
	callMain(machine);
	runPromiseJobs(machine);
	while (waitFor(wantsBytes(machine), &happening)) {
		callBack(machine, &happening);
		runPromiseJobs(machine);
	}
}
