import { MemoryStore } from '@fogwisp/firmware-shim';
import type { Instant, Random } from '@fogwisp/protocol';
import { nobleSuite } from '@fogwisp/protocol/noble';
import { createNetwork, Device, type Link, type LinkSink, type Platform } from '../../src/index.js';

/** Bundled for an engine without any standard library: two devices on a link in memory, in virtual time. */

class Clock {
  now = 1;
  readonly #wakes = new Map<object, { readonly at: Instant; readonly wake: () => void }>();

  set(owner: object, at: Instant | undefined, wake: () => void): void {
    if (at === undefined) this.#wakes.delete(owner);
    else this.#wakes.set(owner, { at, wake });
  }

  /** Jumps to the next deadline. */
  step(): void {
    let next: { readonly owner: object; readonly at: Instant; readonly wake: () => void } | undefined;
    for (const [owner, { at, wake }] of this.#wakes)
      if (next === undefined || at < next.at) next = { owner, at, wake };
    if (next === undefined) throw new Error('nothing is going to happen any more');
    this.#wakes.delete(next.owner);
    this.now = Math.max(this.now, next.at);
    next.wake();
  }
}

/** xorshift32: good enough for keys that protect nothing. */
class Dice implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      this.#state ^= this.#state << 13;
      this.#state ^= this.#state >>> 17;
      this.#state ^= this.#state << 5;
      bytes[i] = this.#state & 0xff;
    }
  }
}

function makePlatform(clock: Clock, seed: number): Platform {
  const owner = {};
  return {
    now: () => clock.now,
    wakeAt: (at, wake) => clock.set(owner, at, wake),
    random: new Dice(seed),
    crypto: nobleSuite(),
    store: new MemoryStore(),
  };
}

class MemoryLink implements Link {
  far: MemoryLink | undefined;
  #sink: LinkSink | undefined;

  open(sink: LinkSink): void {
    this.#sink = sink;
    const info = { kind: 'memory', name: '', mtu: 480, flow: 'datagram', cast: 'point' } as const;
    void Promise.resolve().then(() => sink.up({ ...info, reliable: true, bitrate: 0 }));
  }

  send(_to: string, bytes: Uint8Array): boolean {
    void Promise.resolve().then(() => this.far?.receive(bytes));
    return true;
  }

  receive(bytes: Uint8Array): void {
    this.#sink?.packet('', bytes);
  }

  close(): void {
    this.#sink = undefined;
  }
}

const TURNS = 200;

export async function main(): Promise<unknown> {
  const clock = new Clock();
  const [one, other] = [new MemoryLink(), new MemoryLink()];
  one.far = other;
  other.far = one;
  const platforms = [makePlatform(clock, 1), makePlatform(clock, 2)] as const;
  const network = createNetwork(platforms[0]);
  const attic = await Device.start({ name: 'attic', network, links: [one], platform: platforms[0] });
  const cellar = await Device.start({ name: 'cellar', network, links: [other], platform: platforms[1] });
  attic.serve('double', (value, { signal }) => (signal.aborted ? 0 : 2 * Number(value)));
  let answer: unknown;
  cellar.request('attic', 'double', 21).then(
    (value) => {
      answer = value;
    },
    (error: Error) => {
      answer = error.message;
    },
  );
  while (answer === undefined) {
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
    if (answer === undefined) clock.step();
  }
  return answer;
}
