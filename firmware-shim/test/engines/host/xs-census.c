/* Who holds the heap: slots and chunk bytes by class, to find what is worth making smaller. */
#include "xs-host.h"

#define CLASSES_MAX 512
#define CLASSES_SHOWN 60
#define NAME_BYTES 48

typedef struct {
	char name[NAME_BYTES];
	long instances, slots, bytes;
} Class;

static Class classes[CLASSES_MAX];
static int classCount;

static long chunkBytesOf(const void *at)
{
	return at == NULL ? 0 : ((txChunk *)((char *)at - sizeof(txChunk)))->size;
}

static const char *nameOfFunction(txMachine *the, txSlot *function)
{
	txSlot *code = mxFunctionInstanceCode(function);
	return code->ID == XS_NO_ID ? NULL : fxGetKeyName(the, code->ID);
}

/* Objects without a class are told apart by their first properties. */
static const char *nameOfRecord(txMachine *the, txSlot *instance)
{
	static char name[NAME_BYTES];
	size_t length = 0;
	for (txSlot *slot = instance->next; slot != NULL && length < sizeof name - 1; slot = slot->next) {
		const char *key = slot->ID == XS_NO_ID ? NULL : fxGetKeyName(the, slot->ID);
		if (key != NULL) length += (size_t)snprintf(name + length, sizeof name - length, "%s ", key);
	}
	return length == 0 ? "{}" : name;
}

static const char *nameOfClass(txMachine *the, txSlot *instance)
{
	txSlot *prototype = instance->value.instance.prototype;
	if (prototype == NULL) return "(bare)";
	for (txSlot *slot = prototype->next; slot != NULL; slot = slot->next) {
		if (slot->ID != mxID(_constructor) || slot->kind != XS_REFERENCE_KIND) continue;
		txSlot *constructor = slot->value.reference;
		const char *name = mxIsFunction(constructor) ? nameOfFunction(the, constructor) : NULL;
		if (name == NULL) return "(no name)";
		return strcmp(name, "Object") == 0 ? nameOfRecord(the, instance) : name;
	}
	return "(no constructor)";
}

static Class *classOf(const char *name)
{
	for (int i = 0; i < classCount; i++)
		if (strncmp(classes[i].name, name, sizeof classes[i].name - 1) == 0) return &classes[i];
	if (classCount == CLASSES_MAX) return &classes[CLASSES_MAX - 1];
	Class *added = &classes[classCount++];
	snprintf(added->name, sizeof added->name, "%s", name);
	return added;
}

static long listLength(txSlot *slot)
{
	long length = 0;
	for (; slot != NULL; slot = slot->next) length++;
	return length;
}

static void countProperty(Class *class, txSlot *slot)
{
	class->slots++;
	switch (slot->kind) {
	case XS_PRIVATE_KIND: class->slots += listLength(slot->value.private.first); break;
	case XS_STRING_KIND: class->bytes += chunkBytesOf(slot->value.string); break;
	case XS_ARRAY_KIND: class->bytes += chunkBytesOf(slot->value.array.address); break;
	case XS_LIST_KIND: class->slots += listLength(slot->value.list.first); break;
	case XS_ARRAY_BUFFER_KIND: class->bytes += chunkBytesOf(slot->value.arrayBuffer.address); break;
	case XS_MAP_KIND:
	case XS_SET_KIND:
		class->bytes += chunkBytesOf(slot->value.table.address);
		for (txU4 i = 0; i < slot->value.table.length; i++)
			class->slots += listLength(slot->value.table.address[i]);
		break;
	default: break;
	}
}

static void countInstance(txMachine *the, txSlot *instance)
{
	Class *class = classOf(nameOfClass(the, instance));
	class->instances++;
	class->slots++;
	for (txSlot *slot = instance->next; slot != NULL; slot = slot->next) countProperty(class, slot);
}

static int bySlots(const void *a, const void *b)
{
	return (int)(((const Class *)b)->slots - ((const Class *)a)->slots);
}

void census(txMachine *the)
{
	classCount = 0;
	memset(classes, 0, sizeof classes);
	fxCollectGarbage(the);
	for (txSlot *heap = the->firstHeap; heap != NULL; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND) countInstance(the, slot);
	qsort(classes, (size_t)classCount, sizeof *classes, bySlots);
	fprintf(stderr, "%-48s %9s %7s %7s\n", "class", "instances", "slots", "bytes");
	for (int i = 0; i < classCount && i < CLASSES_SHOWN; i++)
		fprintf(stderr, "%-48s %9ld %7ld %7ld\n", classes[i].name, classes[i].instances, classes[i].slots,
		        classes[i].bytes);
}
