/*
 * Runs one program in XS under the memory of a board.
 *
 *   xs [option...] PROGRAM...
 *     --preload                   what evaluating PROGRAM makes is in flash, as the linker of a firmware leaves it
 *     --pools CHUNK_BYTES SLOTS   with --preload: two pools of that size as in a board's manifest; neither grows
 *     --heap BYTES                chunks and slots together, each grows as it is needed
 *     --stack SLOTS               default 512
 *     --computrons N              end a program that computes more
 *     --census MARK               at that mark, who holds the heap
 *     --script FILE               what `host.next()` reads
 *
 * PROGRAM is a script that leaves `program.main`; several are evaluated one after the other, and what one is parsed
 * to is freed before the next. The bare realm never counts: it is in flash on a board.
 */
#include "native-crypto.h"
#include "records.h"
#include "xs-host.h"

#include <sodium.h>

typedef struct {
	size_t chunkBytes, slotCount, heapBytes;
	int stackSlots, isPreloaded, programCount;
	double computronsMax;
	char **programs;
} Options;

#define CHUNK_BYTES_FIRST (16 * 1024)
#define SLOTS_FIRST 1024
#define CHUNK_BYTES_MORE 1024
#define SLOTS_MORE 64
#define PARSER_BYTES (8 * 1024 * 1024)
/* A bundle is one function with a local for each name of each of its modules; a firmware links modules. */
#define LINKER_STACK_SLOTS 8192

static int usage(void)
{
	fprintf(stderr, "usage: xs [--pools CHUNK_BYTES SLOTS | --heap BYTES] [--stack SLOTS] [--computrons N] "
	                "[--preload] [--census MARK] [--script FILE] PROGRAM...\n");
	return EXIT_USAGE;
}

static int parse(int count, char **words, Options *options)
{
	for (int i = 1; i < count; i++) {
		const char *word = words[i];
		int left = count - i - 1;
		if (strncmp(word, "--", 2) != 0) {
			options->programs = words + i;
			options->programCount = left + 1;
			break;
		} else if (strcmp(word, "--preload") == 0) options->isPreloaded = 1;
		else if (strcmp(word, "--pools") == 0 && left >= 2) {
			options->chunkBytes = strtoul(words[++i], NULL, 10);
			options->slotCount = strtoul(words[++i], NULL, 10);
		} else if (strcmp(word, "--heap") == 0 && left >= 1) options->heapBytes = strtoul(words[++i], NULL, 10);
		else if (strcmp(word, "--stack") == 0 && left >= 1) options->stackSlots = atoi(words[++i]);
		else if (strcmp(word, "--computrons") == 0 && left >= 1) options->computronsMax = atof(words[++i]);
		else if (strcmp(word, "--census") == 0 && left >= 1) takeCensusAt(words[++i]);
		else if (strcmp(word, "--script") == 0 && left >= 1) openRecords(words[++i]);
		else return 0;
	}
	if (options->chunkBytes > 0 && !options->isPreloaded) return 0;
	return options->programCount > 0;
}

static int guarded(xsMachine *machine, const Options *options, void (*run)(xsMachine *, const Options *))
{
	int failed = 0;
	xsBeginHost(machine);
	xsTry { run(machine, options); }
	xsCatch {
		fprintf(stderr, "uncaught %s\n", xsToString(xsException));
		failed = 1;
	}
	xsEndHost(machine);
	return failed;
}

static void evaluate(xsMachine *machine, const Options *options)
{
	for (int i = 0; i < options->programCount; i++)
		runScript((txMachine *)machine, options->programs[i], options->isPreloaded);
}

static void play(xsMachine *machine, const Options *options)
{
	if (!options->isPreloaded) evaluate(machine, options);
	runProgram(machine);
}

static xsMachine *makeMachine(int stackSlots)
{
	xsCreation creation = { CHUNK_BYTES_FIRST, CHUNK_BYTES_MORE, SLOTS_FIRST, SLOTS_MORE, stackSlots,
		                2048, 256, 127, 17, PARSER_BYTES, 1993 };
	xsMachine *machine = xsCreateMachine(&creation, "fogwisp", NULL);
	defineHost(machine);
	return machine;
}

/* As the linker of a firmware: evaluates the program, then makes all of it read-only and born with the machine. */
static xsMachine *cloneOfFlash(const Options *options)
{
	xsMachine *flash = makeMachine(LINKER_STACK_SLOTS);
	if (guarded(flash, options, evaluate)) exit(EXIT_EXCEPTION);
	burnFlash((txMachine *)flash);
	xsCreation creation = { options->chunkBytes, 0, options->slotCount, 0, options->stackSlots,
		                256, 64, 127, 17, PARSER_BYTES, 1993 };
	if (options->chunkBytes == 0) {
		creation.initialChunkSize = creation.incrementalChunkSize = CHUNK_BYTES_MORE;
		creation.initialHeapCount = creation.incrementalHeapCount = SLOTS_MORE;
	}
	return xsCloneMachine(&creation, flash, "board", NULL);
}

static xsMachine *boardMachine(const Options *options)
{
	if (options->isPreloaded) {
		xsMachine *clone = cloneOfFlash(options);
		capAt((txMachine *)clone, options->stackSlots * sizeof(txSlot) + options->heapBytes);
		return clone;
	}
	xsMachine *machine = makeMachine(options->stackSlots);
	setBaseline((txMachine *)machine);
	Usage realm = usageOf((txMachine *)machine);
	capAt((txMachine *)machine, realm.chunkBytes + (realm.slotCount + options->stackSlots) * sizeof(txSlot) +
	                                    options->heapBytes);
	return machine;
}

int main(int count, char **words)
{
	Options options = { .stackSlots = 512 };
	if (!parse(count, words, &options)) return usage();
	if (sodium_init() < 0) return EXIT_USAGE;
	fxInitializeSharedCluster();
	xsMachine *machine = boardMachine(&options);
	beginMetering((txMachine *)machine, options.computronsMax);
	int failed = guarded(machine, &options, play);
	if (!failed) measure((txMachine *)machine, "end");
	return failed ? EXIT_EXCEPTION : 0;
}
