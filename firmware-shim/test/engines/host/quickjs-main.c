/*
 * Runs one program in QuickJS under the memory of a board.
 *
 *   quickjs [--heap BYTES] [--stack BYTES] [--script FILE] PROGRAM
 *
 * PROGRAM is a script that leaves `program.main`; it has the standard modules as the globals `std` and `os`. It is
 * compiled apart and loaded as byte code, as on a board: the heap holds the byte code, never the source.
 */
#include "quickjs-doors.h"
#include "quickjs-heap.h"
#include "quickjs-libc.h"
#include "records.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_EXCEPTION = 1, EXIT_USAGE = 2, EXIT_MEMORY = 11 };

typedef struct {
	size_t heapBytes, stackBytes;
	const char *program;
} Options;

typedef struct {
	uint8_t *at;
	size_t length;
} Code;

/* What is done at the moment. */
static const char *step = "compiling";

static int usage(void)
{
	fprintf(stderr, "usage: quickjs [--heap BYTES] [--stack BYTES] [--script FILE] PROGRAM\n");
	return EXIT_USAGE;
}

static int parse(int count, char **words, Options *options)
{
	for (int i = 1; i < count; i++) {
		const char *word = words[i];
		if (strncmp(word, "--", 2) != 0) options->program = word;
		else if (i + 1 == count) return 0;
		else if (strcmp(word, "--heap") == 0) options->heapBytes = strtoul(words[++i], NULL, 10);
		else if (strcmp(word, "--stack") == 0) options->stackBytes = strtoul(words[++i], NULL, 10);
		else if (strcmp(word, "--script") == 0) openRecords(words[++i]);
		else return 0;
	}
	return options->program != NULL;
}

static int report(JSContext *context)
{
	JSValue thrown = JS_GetException(context);
	JSValue stack = JS_GetPropertyStr(context, thrown, "stack");
	const char *what = JS_ToCString(context, thrown), *where = JS_ToCString(context, stack);
	int isFull = JS_IsNull(thrown) || what == NULL || strstr(what, "out of memory") != NULL;
	if (isFull) fprintf(stderr, "memory full while %s, with %zu bytes at most in use\n", step, peakHeapBytes());
	else fprintf(stderr, "uncaught %s\n%s", what, where == NULL ? "" : where);
	return isFull ? EXIT_MEMORY : EXIT_EXCEPTION;
}

static char *readSource(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		exit(EXIT_USAGE);
	}
	fseek(file, 0, SEEK_END);
	*length = (size_t)ftell(file);
	rewind(file);
	char *source = malloc(*length + 1);
	if (fread(source, 1, *length, file) != *length) exit(EXIT_USAGE);
	source[*length] = 0;
	fclose(file);
	return source;
}

static Code compile(const char *path)
{
	Code code = { NULL, 0 };
	size_t length;
	char *source = readSource(path, &length);
	pauseHeap();
	JSRuntime *runtime = JS_NewRuntime2(&HEAP_FUNCTIONS, NULL);
	JSContext *context = JS_NewContext(runtime);
	JSValue object = JS_Eval(context, source, length, path, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRIP | JS_EVAL_FLAG_COMPILE_ONLY);
	if (JS_IsException(object)) exit(report(context));
	uint8_t *written = JS_WriteObject(context, &code.length, object, JS_WRITE_OBJ_BYTECODE);
	code.at = malloc(code.length);
	memcpy(code.at, written, code.length);
	js_free(context, written);
	JS_FreeValue(context, object);
	JS_FreeContext(context);
	JS_FreeRuntime(runtime);
	resumeHeap();
	free(source);
	return code;
}

static const char IMPORTS[] = "import * as std from 'std'; import * as os from 'os';"
			      "globalThis.std = std; globalThis.os = os;";

static int evaluate(JSContext *context, JSValue value)
{
	if (JS_IsException(value)) return report(context);
	JS_FreeValue(context, value);
	return 0;
}

static int run(JSContext *context, const Code *code)
{
	int failed = evaluate(context, JS_Eval(context, IMPORTS, strlen(IMPORTS), "imports", JS_EVAL_TYPE_MODULE));
	if (failed) return failed;
	step = "loading the code of the program";
	JSValue program = JS_ReadObject(context, code->at, code->length, JS_READ_OBJ_BYTECODE);
	failed = evaluate(context, JS_IsException(program) ? program : JS_EvalFunction(context, program));
	free(code->at);
	if (failed) return failed;
	step = "running";
	static const char MAIN[] = "program.main()";
	failed = evaluate(context, JS_Eval(context, MAIN, strlen(MAIN), "main", JS_EVAL_TYPE_GLOBAL));
	if (!failed) js_std_loop(context);
	return failed;
}

int main(int count, char **words)
{
	Options options = { 0, 256 * 1024, NULL };
	if (!parse(count, words, &options)) return usage();
	if (sodium_init() < 0) return EXIT_USAGE;
	Code code = compile(options.program);
	if (options.heapBytes > 0) capHeap(options.heapBytes);
	JSRuntime *runtime = JS_NewRuntime2(&HEAP_FUNCTIONS, NULL);
	if (runtime == NULL) return EXIT_MEMORY;
	JS_SetMaxStackSize(runtime, options.stackBytes);
	js_std_init_handlers(runtime);
	JSContext *context = JS_NewContext(runtime);
	if (context == NULL) return EXIT_MEMORY;
	js_init_module_std(context, "std");
	js_init_module_os(context, "os");
	defineHost(context);
	int failed = run(context, &code);
	if (!failed) measure(context, "end");
	_Exit(failed);
}
