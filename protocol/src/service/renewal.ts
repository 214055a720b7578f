import { shortBytes } from '../identity/id.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { PortOutput, Sink } from './port.js';
import type { RecordTable } from './record-table.js';

/**
 * Records that may be old (SPEC §9.3): their nodes were out of reach for a while and are back, and what they
 * told meanwhile was told elsewhere. The neighbor that the way begins with is asked once for a newer one,
 * slowly, since who learns of a new name passes it on to everybody.
 */
const PER_SECOND_MAX = 4;
const PAUSE_MS = SECOND_MS / PER_SECOND_MAX;

export class Renewal {
  readonly #outbox: Sink<PortOutput>;
  /** Nodes to be asked about, and whom to ask, first come first; only of those that have a record here. */
  #due: Map<ShortKey, NodeKey> | undefined;
  #nextAt: Instant = -Infinity;

  constructor(outbox: Sink<PortOutput>) {
    this.#outbox = outbox;
  }

  /** `isBack`: there was no way before. */
  onRoute(short: ShortKey, firstHop: NodeKey | undefined, isBack: boolean): void {
    if (firstHop === undefined) this.#due?.delete(short);
    else if (isBack || this.#due?.has(short) === true) {
      this.#due ??= new Map();
      this.#due.set(short, firstHop);
    }
  }

  get wakeAt(): Instant | undefined {
    return (this.#due?.size ?? 0) === 0 ? undefined : this.#nextAt;
  }

  /** Asks one, if it is time for it. */
  ask(now: Instant, table: RecordTable): void {
    if (now < this.#nextAt) return;
    for (const [short, to] of this.#due ?? []) {
      this.#due?.delete(short);
      const entry = table.get(short);
      // In a session with that node itself it tells its own.
      if (entry === undefined || entry.isUp || entry.key === to) continue;
      const { boot, sequence } = entry;
      const message = { kind: 'findNewer', destination: shortBytes(short), boot, sequence } as const;
      this.#outbox.push({ kind: 'send', to, message, delivery: 'reliable' });
      this.#nextAt = now + PAUSE_MS;
      return;
    }
  }
}
