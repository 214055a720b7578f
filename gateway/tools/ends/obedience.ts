import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Order, OrderEnvelope, Outcome } from './orders.js';

/** What all kinds of ends have in common: they do what the parent says, count, and end with it. */

/** Nothing has come for this long: the rest is lost. */
const SILENCE_MS = 1000;
const LOOK_MS = 2;

export function obeyParent(obey: (order: Order) => Promise<Outcome>): void {
  process.on('SIGINT', () => undefined); // reaches the whole group of processes; the parent decides
  process.once('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    const { id, order } = message as OrderEnvelope; // the parent is of the same version
    obey(order).then(
      (outcome) => process.send?.({ id, outcome }),
      (thrown: unknown) => process.send?.({ id, trouble: textOf(thrown) }),
    );
  });
}

/** What came by itself, since it was last asked for. */
export class Arrivals {
  #count = 0;
  #firstAt = 0;
  #lastAt = 0;
  #busyAtFirst = 0;
  #busyAtLast = 0;

  add(): void {
    this.#lastAt = performance.now();
    if (this.#count++ > 0) return;
    this.#firstAt = this.#lastAt;
    this.#busyAtFirst = busyMs();
  }

  async collect(count: number): Promise<Outcome> {
    const startedAt = performance.now();
    while (this.#count < count) {
      if (performance.now() - Math.max(startedAt, this.#lastAt) > SILENCE_MS) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.#busyAtLast = busyMs();
    const received = this.#count;
    this.#count = 0;
    return { received, tookMs: this.#lastAt - this.#firstAt, busyMs: this.#busyAtLast - this.#busyAtFirst };
  }
}

/** Sends as fast as what is unsettled allows. */
export async function pump(
  { count, forMs, openMax }: Extract<Order, { kind: 'publish' }>,
  send: () => Promise<unknown>,
): Promise<Outcome> {
  const startedAt = performance.now();
  const busyBefore = busyMs();
  const endAt = startedAt + (forMs ?? Number.POSITIVE_INFINITY);
  let sent = 0;
  const keepOneOpen = async () => {
    while (sent < count && performance.now() < endAt) {
      sent++;
      await send();
    }
  };
  await Promise.all(Array.from({ length: Math.min(openMax, count) }, keepOneOpen));
  return { sent, tookMs: performance.now() - startedAt, busyMs: busyMs() - busyBefore };
}

/** One after the other. */
export async function ask(count: number, request: () => Promise<unknown>): Promise<Outcome> {
  const roundTripsMs: number[] = [];
  const busyBefore = busyMs();
  for (let i = 0; i < count; i++) {
    const askedAt = performance.now();
    await request();
    roundTripsMs.push(performance.now() - askedAt);
  }
  return { roundTripsMs, busyMs: busyMs() - busyBefore };
}

/** The pages first: what the collection does to them is not what a node at rest has. */
export function memoryNow(): Outcome {
  const rssBytes = process.memoryUsage.rss();
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const code = getHeapCodeStatistics();
  const codeBytes = code.code_and_metadata_size + code.bytecode_and_metadata_size;
  return { rssBytes, heldBytes: heapUsed + arrayBuffers - codeBytes };
}

function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
