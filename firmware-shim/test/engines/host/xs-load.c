/* Loads scripts from files; byte code can stay outside of the heap, as code in flash does on a board. */
#include "xs-host.h"

extern void fxRemapIDs(txMachine *the, txByte *code, txSize size, txID *ids);

/* The twin of an instruction that reads its operand where it is, instead of copying it into the heap. */
static txU1 twinInFlash(txU1 code)
{
	switch (code) {
	case XS_CODE_CODE_1: return XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2: return XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4: return XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1: return XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2: return XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4: return XS_CODE_STRING_ARCHIVE_4;
	default: return code;
	}
}

static void markInPlace(txByte *at, txSize size)
{
	txByte *end = at + size;
	while (at < end) {
		txS1 step = gxCodeSizes[(txU1)*at];
		*at = (txByte)twinInFlash((txU1)*at);
		const txU1 *operand = (txU1 *)at + 1;
		if (step > 0) at += step;
		else if (step == 0) at += 1 + sizeof(txID);
		else if (step == -1) at += 2 + operand[0];
		else if (step == -2) at += 3 + (operand[0] | operand[1] << 8);
		else at += 5 + (operand[0] | operand[1] << 8 | operand[2] << 16 | (txU4)operand[3] << 24);
	}
}

/* What the linker of a firmware does: names become numbers once, and the code is never copied or freed. */
static void linkInPlace(txMachine *the, txScript *script)
{
	txByte *p = script->symbolsBuffer;
	txID count;
	if (p == NULL) return;
	mxDecodeID(p, count);
	txID *ids = malloc(count * sizeof(txID));
	ids[0] = XS_NO_ID;
	for (txID i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)p);
		p += mxStringLength((char *)p) + 1;
	}
	fxRemapIDs(the, script->codeBuffer, script->codeSize, ids);
	free(ids);
	markInPlace(script->codeBuffer, script->codeSize);
	script->symbolsBuffer = NULL;
}

static txScript *load(txMachine *the, const char *path, int isInFlash)
{
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		perror(path);
		exit(EXIT_USAGE);
	}
	txScript *script = fxParseScript(the, file, (txGetter)fgetc, mxProgramFlag | (isInFlash ? mxCFlag : 0));
	fclose(file);
	if (script == NULL) {
		fprintf(stderr, "%s: cannot be parsed\n", path);
		exit(EXIT_EXCEPTION);
	}
	if (isInFlash) linkInPlace(the, script);
	return script;
}

void runScript(txMachine *the, const char *path, int isInFlash)
{
	txSlot *realm = mxProgram.value.reference->next->value.module.realm;
	txScript *script = load(the, path, isInFlash);
	mxModuleInstanceInternal(mxProgram.value.reference)->value.module.id = fxID(the, (txString)path);
	fxRunScript(the, script, mxRealmGlobal(realm), C_NULL, mxRealmClosures(realm)->value.reference, C_NULL,
	            mxProgram.value.reference);
	mxPullSlot(mxResult);
}

/* Programs are scripts: there is nothing to import. */
txID fxFindModule(txMachine *the, txSlot *realm, txID module, txSlot *name)
{
	(void)the;
	(void)realm;
	(void)module;
	(void)name;
	return XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *module, txID name)
{
	(void)the;
	(void)module;
	(void)name;
}
