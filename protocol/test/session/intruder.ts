import type { Prng } from '@fogwisp/protocol/sim';
import { equalBytes, toHex } from '../../src/kernel/bytes.js';
import { classify, type PacketKind } from '../../src/packet/first-byte.js';
import { mutate } from '../fuzz/mutate.js';
import type { Duo, End } from './duo.js';

/**
 * Answers that keep nothing: to an H1 that may be a new one, to a stale RESUME, to a RETRY, to a packet of a
 * session that is not known. Everything else
 * that an intruder sends is dropped without a word.
 */
const ANSWERS: Readonly<Partial<Record<PacketKind, readonly PacketKind[]>>> = {
  h1: ['h2', 'retry'],
  resume: ['resumeFloor'],
  retry: ['h1'],
  session: ['unknown'],
};

/** Somebody on the wire who hears all packets and sends spoiled ones to both ends. */
export class Intruder {
  readonly struck = new Map<PacketKind | 'unknown', number>();
  readonly #duo: Duo;
  readonly #chance: Prng;
  readonly #heard: Uint8Array[] = [];
  readonly #heardAt: number[] = [];
  #read = 0;

  constructor(duo: Duo, chance: Prng) {
    this.#duo = duo;
    this.#chance = chance;
  }

  /** What arrived, so that it can be replayed: the ends take each genuine packet once from the wire. */
  listen(): void {
    const { sent } = this.#duo;
    for (; this.#read < sent.length; this.#read++) {
      const packet = sent[this.#read]?.bytes;
      if (packet === undefined) continue;
      this.#heard.push(packet);
      this.#heardAt.push(this.#duo.now);
    }
  }

  /**
   * One packet to either end; throws when anything but a drop, or an answer that keeps nothing, comes of it.
   */
  strike(): void {
    const [duo, chance] = [this.#duo, this.#chance];
    if (this.#heard.length === 0) return;
    const to = chance.chance(0.5) ? duo.a : duo.b;
    const from = to === duo.a ? duo.b : duo.a;
    const genuine = chance.chance(0.5) ? chance.pick(this.#heard) : chance.pick(this.#heard.slice(-12));
    const bytes = mutate(chance, genuine, this.#heard.slice(-12));
    // What equals a genuine packet may be one that is still under way.
    if (this.#heard.some((one) => equalBytes(one, bytes))) return;
    this.inject(to, from, bytes);
  }

  /** Again, to its receiver or back to its sender, one of those that arrived at least `ms` ago. */
  replay(ms: number): void {
    const [duo, chance] = [this.#duo, this.#chance];
    let count = this.#heard.length;
    while (count > 0 && (this.#heardAt[count - 1] ?? 0) > duo.now - ms) count--;
    if (count === 0) return;
    const to = chance.chance(0.5) ? duo.a : duo.b;
    const at = chance.chance(0.5) ? chance.below(count) : Math.max(0, count - 1 - chance.below(30));
    this.inject(to, to === duo.a ? duo.b : duo.a, this.#heard[at] ?? new Uint8Array());
  }

  inject(to: End, from: End, bytes: Uint8Array): void {
    const [events, sent] = [to.events.length, this.#duo.sent.length];
    this.#duo.inject(to, from, new Uint8Array(bytes));
    const kind = bytes.length === 0 ? undefined : classify(bytes[0] as number);
    this.struck.set(kind ?? 'unknown', (this.struck.get(kind ?? 'unknown') ?? 0) + 1);
    const kinds = to.events.slice(events).map((event) => event.kind);
    // UNKNOWN makes its receiver doubt, whoever sent it.
    const isQuiet = kinds.every(
      (event) => event === 'dropped' || (kind === 'unknown' && event === 'suspect'),
    );
    const answers = this.#duo.sent.slice(sent).map((one) => classify(one.bytes[0] ?? 0));
    const allowed = kind === undefined ? [] : (ANSWERS[kind] ?? []);
    const isAllowed = answers.every((answer) => answer !== undefined && allowed.includes(answer));
    if (isQuiet && isAllowed) return;
    throw new Error(`${toHex(bytes)} led to ${[...kinds, ...answers].join(', ')}`);
  }
}
