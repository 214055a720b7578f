/* What the linker of a firmware does to evaluated modules: everything they hold is read where it is, for ever. */
#include "xs-host.h"

/*
 * Kinds ending in X have their bytes in flash, where the collector neither marks nor moves them. Big integers keep
 * their kind, as `===` takes the two kinds for different: theirs are moved to where they are.
 */
static void leaveInFlash(txSlot *slot)
{
	if (slot->kind == XS_STRING_KIND) slot->kind = XS_STRING_X_KIND;
	else if (slot->kind == XS_CODE_KIND) slot->kind = XS_CODE_X_KIND;
	else if (slot->kind == XS_KEY_KIND) slot->kind = XS_KEY_X_KIND;
	else if (slot->kind == XS_BIGINT_KIND) {
		txChunk *chunk = (txChunk *)((txByte *)slot->value.bigint.data - sizeof(txChunk));
		chunk->temporary = (txByte *)chunk;
	}
}

static void leaveItemsInFlash(txSlot *array)
{
	txSlot *item = array->value.array.address;
	if (item == NULL) return;
	for (txIndex left = fxGetIndexSize(NULL, array); left > 0; left--) leaveInFlash(item++);
}

/* A slot of the board's heap stands for each object that is changed later: an alias. */
void burnFlash(txMachine *the)
{
	fxShareMachine(the);
	for (txSlot *heap = the->firstHeap; heap != NULL; heap = heap->next) {
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++) {
			if (slot->kind == XS_ARRAY_KIND) leaveItemsInFlash(slot);
			else leaveInFlash(slot);
		}
	}
}
