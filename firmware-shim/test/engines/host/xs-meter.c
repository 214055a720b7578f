/* Counts computrons, the unit of work of XS: they repeat, times do not. */
#include "xs-host.h"

#define INTERVAL 10000

static double counted, limit;
static txU4 seen;
static txMachine *metered;

static txBoolean count(txMachine *the, txU4 index)
{
	(void)the;
	if (index < seen) seen = 0; /* XS starts over before the counter wraps */
	counted += index - seen;
	seen = index;
	return limit == 0 || counted <= limit;
}

void beginMetering(txMachine *machine, double computronsMax)
{
	limit = computronsMax;
	metered = machine;
	counted = 0;
	seen = 0;
	fxBeginMetering(machine, count, INTERVAL);
}

double computrons(void)
{
	return metered == NULL ? 0 : counted + (metered->meterIndex - seen);
}
