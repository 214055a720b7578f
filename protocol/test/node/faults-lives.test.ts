import { decodeValue, encodeValue, type NodeEvent } from '@fogwisp/protocol';
import { type Host, type Medium, PROFILES, Prng, type StoreFault } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const SEEDS = 24;
const PUBLICATIONS = 150;
const FAULTS: readonly StoreFault[] = ['torn', 'old', 'new', 'lost'];
/** Longer than a way is sought, and than anything is repeated (SPEC §7.9). */
const PEACE_MS = 240_000;

/** Seeds of a value that came twice, because it still waited for the session when the subscriber returned. */
const DOUBLED = [190, 433, 439] as const;

type Shape = 'direct' | 'relayed' | 'both';
const SHAPES: readonly Shape[] = ['direct', 'relayed', 'both'];

/** A publisher, its subscriber, which restarts all the time, and a node between them. */
class Play {
  readonly net: Network;
  readonly chance: Prng;
  readonly publisher: Host;
  readonly relay: Host;
  readonly subscriber: Host;
  /** What the subscriber's application saw, for each of its lives. */
  readonly lives: number[][] = [];
  readonly #short: Medium | undefined;
  readonly #isLong: boolean;
  readonly #seed: number;
  readonly #numbers = new Map<number, number>();
  #next = 0;

  constructor(seed: number) {
    const shape = SHAPES[seed % SHAPES.length] ?? 'both';
    this.#seed = seed;
    this.chance = new Prng(seed, 0x11fe);
    this.net = new Network(seed);
    const { net } = this;
    this.publisher = net.add('publisher');
    this.relay = net.add('relay', { isBoard: true });
    this.subscriber = net.add('subscriber', {
      onBoot: (host) => {
        this.lives.push([]);
        host.command({ kind: 'subscribe', pattern: 'publisher/count', qos: 1 });
      },
      onEvent: (event) => this.#onEvent(event),
    });
    const loss = this.chance.pick([0.02, 0.1, 0.25]);
    const lossy = { ...PROFILES.lan, loss, duplication: 0.05, jitterMs: 40 };
    this.#isLong = shape !== 'direct';
    if (this.#isLong) {
      net.world.join([this.publisher, this.relay], lossy);
      net.world.join([this.relay, this.subscriber], { ...lossy, mtu: 250 });
    }
    if (shape !== 'relayed') this.#short = net.world.join([this.publisher, this.subscriber], lossy);
  }

  /** Counts while they restart; and the short way is cut and healed, if there is a long one. */
  rage(victims: readonly Host[]): void {
    const { chance, net } = this;
    this.#begin();
    while (this.#next < PUBLICATIONS) {
      this.publish();
      net.world.runFor(chance.below(300));
      const dice = chance.below(100);
      if (dice < 10) this.#strike(chance.pick(victims));
      else if (dice < 14) this.#toggleShort();
      else if (dice < 20) net.world.runFor(chance.below(6000));
    }
  }

  peace(): void {
    for (const host of [this.subscriber, this.relay]) if (!host.isPowered) host.start();
    if (this.#short !== undefined) this.net.world.heal(this.#short);
    this.net.world.runFor(PEACE_MS);
  }

  publish(): number {
    const body = encodeValue(this.#next);
    const command = this.publisher.command({ kind: 'publish', topic: 'count', body, qos: 1 });
    this.#numbers.set(command, this.#next);
    return this.#next++;
  }

  /** What the publisher was told of each number, in words. */
  told(): Map<number, string> {
    const told = new Map<number, string>();
    for (const event of this.publisher.events) {
      const isEnd = event.kind === 'published' || event.kind === 'failed';
      const number = isEnd ? this.#numbers.get(event.command) : undefined;
      if (!isEnd || number === undefined) continue;
      expect(told.has(number), `seed ${this.#seed}: ${number} ended before`).toBe(false);
      told.set(number, wordOf(event));
    }
    return told;
  }

  #onEvent(event: NodeEvent): void {
    if (event.kind !== 'message') return;
    const value = decodeValue(event.body);
    this.lives.at(-1)?.push(value.ok ? Number(value.value) : Number.NaN);
  }

  /** Until the subscriber has been found, is listening, and has the first value. */
  #begin(): void {
    this.publish();
    this.net.world.runUntil(() => this.lives.flat().length > 0, { withinMs: 180_000 });
    expect(this.lives, `seed ${this.#seed}`).toEqual([[0]]);
  }

  #strike(host: Host): void {
    if (host.isPowered) host.crash(this.chance.pick(FAULTS));
    // Some are back before anybody has noticed.
    this.net.world.runFor(this.chance.pick([0, 1, 50, 500, 3000]));
    host.start();
  }

  #toggleShort(): void {
    if (this.#short === undefined || !this.#isLong) return;
    if (this.chance.chance(0.5)) this.net.world.cut(this.#short);
    else this.net.world.heal(this.#short);
  }
}

function wordOf(event: Extract<NodeEvent, { kind: 'published' | 'failed' }>): string {
  if (event.kind === 'failed') return event.code;
  if (event.subscribers === 0) return 'nobody';
  return event.lost === 0 ? 'delivered' : 'lost';
}

describe('publications with qos 1 to one that restarts (§7.9, §9.2)', () => {
  it('are told to be delivered only if they were seen, and are seen once in a life', () => {
    const counts = new Map<string, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const play = new Play(seed);
      play.rage([play.subscriber, play.subscriber, play.subscriber, play.relay]);
      play.peace();
      const last = play.publish();
      play.net.world.runFor(30_000);
      const told = play.told();
      // Each has an end, and the one in peace a good one.
      expect(told.size, `seed ${seed}`).toBe(last + 1);
      expect(told.get(last), `seed ${seed}`).toBe('delivered');
      const seen = new Set(play.lives.flat());
      const unseen = [...told].filter(([number, word]) => word === 'delivered' && !seen.has(number));
      expect(unseen, `seed ${seed}: told to be delivered`).toEqual([]);
      for (const life of play.lives) {
        const inOrder = [...new Set(life)].sort((a, b) => a - b);
        expect(life, `seed ${seed}: a life`).toEqual(inOrder);
      }
      for (const word of told.values()) counts.set(word, (counts.get(word) ?? 0) + 1);
      counts.set('lives', (counts.get('lives') ?? 0) + play.lives.length);
    }
    expect(counts.get('delivered') ?? 0).toBeGreaterThan(SEEDS * 20);
    expect(counts.get('lost') ?? 0).toBeGreaterThan(SEEDS);
    expect(counts.get('lives') ?? 0).toBeGreaterThan(SEEDS * 5);
  });

  it.each([...Array(SEEDS / 2).keys(), ...DOUBLED])(
    'are seen once and in order while only the relay restarts and links lose (seed %i)',
    (seed) => {
      const play = new Play(seed);
      play.rage([play.relay]);
      play.peace();
      const told = play.told();
      expect(play.lives.length).toBe(1);
      const seen = play.lives.flat();
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      // What was not acknowledged when the publisher gave the subscriber up comes when it is back.
      const meant = [...told].filter(([, word]) => word === 'delivered' || word === 'lost');
      expect(meant.filter(([number]) => !seen.includes(number))).toEqual([]);
      expect(meant.length).toBeGreaterThan(PUBLICATIONS / 3);
    },
  );
});
