/**
 * One attempt of two nodes to reach each other directly (SPEC §7.11). Leader: asking -> probing; follower:
 * waiting -> probing; either ends. Both probe at the same time, so that each box in between has seen a packet
 * go out before the other one's comes in.
 */
import { assert, unreachable } from '../kernel/assert.js';
import type { DirectVia, LinkAddress, LinkId } from '../kernel/link.js';
import type { Random } from '../kernel/random.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { ipOf } from '../packet/endpoint.js';
import { PLACE_COUNT, PROBE_BYTES } from '../packet/probe.js';
import { Birthday, type BirthdayPlan } from './birthday.js';
import type { Side } from './side.js';

export type AttemptState =
  /** PUNCH is sent. */
  | { readonly kind: 'asking'; readonly tries: number; readonly sentAt: Instant; readonly nextAt: Instant }
  /** SYNC is sent. */
  | { readonly kind: 'waiting'; readonly nextAt: Instant }
  | {
      readonly kind: 'probing';
      readonly round: number;
      readonly startedAt: Instant;
      readonly nextAt: Instant;
    }
  /** Probes of the peer are answered still. */
  | { readonly kind: 'proven'; readonly nextAt: Instant }
  | { readonly kind: 'ended' };

/** The diagram in SPEC §7.11 is generated from this. */
export const ATTEMPT_NEXT = {
  asking: ['asking', 'waiting', 'probing', 'proven', 'ended'],
  waiting: ['waiting', 'asking', 'probing', 'proven', 'ended'],
  probing: ['probing', 'asking', 'waiting', 'proven', 'ended'],
  proven: ['ended'],
  ended: [],
} as const satisfies Record<AttemptState['kind'], readonly AttemptState['kind'][]>;

/** When probes go out, from the start on, and when the attempt has failed. */
const ROUNDS_MS = [0, 50, 150, 650, 1150, 1650, 2150, 2650] as const;
const END_MS = 3150;
/** When doors are opened and tried, and when that has failed. */
const BIRTHDAY_MS = 700;
const BIRTHDAY_END_MS = 4500;
const PUNCHES_MAX = 3;
/** Probes to one IP address: as many as each PUNCH or SYNC pays for, or those that a witness vouches for. */
const PROBES_PER_WORD_MAX = 3;
const PROBES_PER_IP_MAX = 12;
/** All of them together: three bytes for one that came, headers of IP and UDP included. */
const AMPLIFICATION_MAX = 3;
/** What is around the endpoints of a PUNCH or SYNC, and the shortest `witness`, at least. */
const WORD_BYTES = 58;
const WITNESS_BYTES = 70;
const PROBE_PACKET_BYTES_V4 = PROBE_BYTES + 28;
const PROBE_PACKET_BYTES_V6 = PROBE_BYTES + 48;
/** Thousands of probes go where two vouch for. */
const BIRTHDAY_WITNESSES = 2;
const PLACES_MAX = 24;
/** Whoever is heard from an address that was probed so lately gets its answer only. */
const AGAIN_MS = 100;

/** An address on a link that is tried. Its index is what probes call it. */
export interface Place {
  readonly index: number;
  readonly link: LinkId;
  readonly address: LinkAddress;
  count: number;
  sentAt: Instant;
}

export class Attempt {
  readonly id: Uint8Array;
  readonly isLeader: boolean;
  /** Sessions of the neighbours that were asked where the peer is. */
  readonly asked = new Set<number>();
  readonly #places: Place[] = [];
  readonly #countOf = new Map<string, number>();
  /** Neighbours that said where, and how many vouch for an IP address. */
  readonly #answered = new Set<number>();
  readonly #vouchers = new Map<string, number>();
  #state: AttemptState;
  /** What the peer last told of itself. */
  #theirs: Side | undefined;
  /** PUNCH and SYNC that came. */
  #wordCount = 0;
  /** Bytes that may go where nobody was heard from. */
  #budgetBytes = 0;
  #birthday: Birthday | undefined;

  constructor(id: Uint8Array, state: Extract<AttemptState, { kind: 'asking' | 'waiting' }>) {
    this.id = id;
    this.isLeader = state.kind === 'asking';
    this.#state = state;
  }

  get state(): AttemptState {
    return this.#state;
  }

  get wakeAt(): Instant | undefined {
    if (this.#state.kind === 'ended') return undefined;
    const isProbing = this.#state.kind === 'probing';
    return Math.min(this.#state.nextAt, (isProbing ? this.#birthday?.wakeAt : undefined) ?? Infinity);
  }

  /** What the peer last told of itself, while more from this end could still be of use to it. */
  get theirs(): Side | undefined {
    const { kind } = this.#state;
    return kind === 'waiting' || kind === 'probing' ? this.#theirs : undefined;
  }

  /** There is more to tell the peer than before. */
  askAnew(now: Instant, patienceMs: number): void {
    this.#to({ kind: 'asking', tries: 1, sentAt: now, nextAt: now + patienceMs });
  }

  /** A PUNCH or SYNC came: it pays for probes. */
  hear(theirs: Side, endpointsBytes: number): void {
    this.#theirs = theirs;
    this.#wordCount++;
    this.#budgetBytes += AMPLIFICATION_MAX * (WORD_BYTES + endpointsBytes);
  }

  /** Another PUNCH is due: false when there were enough. */
  askAgain(now: Instant, patienceMs: number): boolean {
    const state = this.#state;
    assert(state.kind === 'asking', 'who asks again has asked');
    if (state.tries === PUNCHES_MAX) {
      this.end();
      return false;
    }
    this.#to({ kind: 'asking', tries: state.tries + 1, sentAt: now, nextAt: now + patienceMs });
    return true;
  }

  /** Probes go out from `startAt` on. */
  schedule(startAt: Instant, places: readonly DirectVia[], plan?: BirthdayPlan): void {
    for (const via of places) this.#place(via);
    if (plan !== undefined && this.#birthday?.hasBegun !== true)
      this.#birthday = new Birthday(plan, startAt + BIRTHDAY_MS);
    this.#to({ kind: 'waiting', nextAt: startAt });
  }

  /** A neighbour has packets of the peer from there. Each that was asked has one say. */
  witness(session: number, ip: string): void {
    if (!this.asked.has(session) || this.#answered.has(session)) return;
    this.#answered.add(session);
    this.#vouchers.set(ip, this.#vouchersOf(ip) + 1);
    this.#budgetBytes += AMPLIFICATION_MAX * WITNESS_BYTES;
  }

  /** There are more probes to send than may go where nobody vouches for the address. */
  get wantsWitness(): boolean {
    const { kind } = this.#state;
    if (kind !== 'waiting' && kind !== 'probing') return false;
    if (this.#birthday !== undefined && !this.#mayOpenDoors(this.#birthday)) return true;
    const left = new Map<string, number>();
    for (const { address } of this.#places) left.set(ipOf(address), (left.get(ipOf(address)) ?? 0) + 1);
    for (const [ip, count] of left) {
      const wanted = count + (this.#countOf.get(ip) ?? 0);
      if (wanted > this.#probesMax(ip) && this.#vouchersOf(ip) === 0) return true;
    }
    return false;
  }

  /** What to probe now that a timer is due. */
  timeout(now: Instant): readonly Place[] {
    const state = this.#state;
    if (state.kind !== 'ended' && state.nextAt > now) return [];
    switch (state.kind) {
      case 'asking':
      case 'ended':
        return [];
      case 'waiting':
        this.#to({ kind: 'probing', round: 0, startedAt: now, nextAt: now });
        return this.timeout(now);
      case 'probing':
        return this.#nextRound(now, state);
      case 'proven':
        this.end();
        return [];
      default:
        return unreachable(state);
    }
  }

  /** Where else to send one now: by many doors, or to many ports; only where two neighbours vouch. */
  takeDoors(now: Instant, random: Random): readonly DirectVia[] {
    const birthday = this.#birthday;
    if (this.#state.kind !== 'probing' || birthday === undefined || birthday.wakeAt > now) return [];
    if (this.#mayOpenDoors(birthday)) return birthday.take(now, random);
    birthday.postpone(now);
    return [];
  }

  /** An authentic probe came from there: the place to probe in turn, if that helps. */
  heard(now: Instant, via: DirectVia): Place | undefined {
    if (this.#state.kind === 'proven' || this.#state.kind === 'ended') return undefined;
    const place = this.#place(via);
    if (place === undefined || now - place.sentAt < AGAIN_MS) return undefined;
    // What came from there pays for it.
    place.count++;
    place.sentAt = now;
    return place;
  }

  /** The answer to the probe of a place; it proves the place only when it came from there. */
  answered(now: Instant, via: DirectVia, index: number): Place | undefined {
    const place = this.#places[index];
    if (place === undefined || place.link !== via.link || place.address !== via.address) return undefined;
    if (this.#state.kind === 'proven' || this.#state.kind === 'ended') return undefined;
    this.#to({ kind: 'proven', nextAt: now + 3 * SECOND_MS });
    return place;
  }

  end(): void {
    if (this.#state.kind !== 'ended') this.#to({ kind: 'ended' });
  }

  #nextRound(now: Instant, state: Extract<AttemptState, { kind: 'probing' }>): readonly Place[] {
    const { round, startedAt } = state;
    if (round === ROUNDS_MS.length) {
      this.end();
      return [];
    }
    const endMs = this.#birthday === undefined ? END_MS : BIRTHDAY_END_MS;
    const next = ROUNDS_MS[round + 1] ?? endMs;
    this.#to({ kind: 'probing', round: round + 1, startedAt, nextAt: startedAt + next });
    return this.#places.filter((place) => this.#take(now, place));
  }

  #place(via: DirectVia): Place | undefined {
    const { link, address } = via;
    const known = this.#places.find((place) => place.link === link && place.address === address);
    if (known !== undefined || this.#places.length >= Math.min(PLACES_MAX, PLACE_COUNT)) return known;
    const place = { index: this.#places.length, link, address, count: 0, sentAt: -Infinity };
    this.#places.push(place);
    return place;
  }

  #take(now: Instant, place: Place): boolean {
    const ip = ipOf(place.address);
    const count = this.#countOf.get(ip) ?? 0;
    const bytes = ip.startsWith('[') ? PROBE_PACKET_BYTES_V6 : PROBE_PACKET_BYTES_V4;
    if (count >= this.#probesMax(ip) || bytes > this.#budgetBytes) return false;
    this.#budgetBytes -= bytes;
    this.#countOf.set(ip, count + 1);
    place.count++;
    place.sentAt = now;
    return true;
  }

  #probesMax(ip: string): number {
    if (this.#vouchersOf(ip) > 0) return PROBES_PER_IP_MAX;
    return Math.min(PROBES_PER_IP_MAX, PROBES_PER_WORD_MAX * Math.max(1, this.#wordCount));
  }

  #mayOpenDoors({ ip }: Birthday): boolean {
    return this.#vouchersOf(ip) >= BIRTHDAY_WITNESSES;
  }

  #vouchersOf(ip: string): number {
    return this.#vouchers.get(ip) ?? 0;
  }

  #to(next: AttemptState): void {
    const allowed: readonly AttemptState['kind'][] = ATTEMPT_NEXT[this.#state.kind];
    assert(allowed.includes(next.kind), `an attempt goes from ${this.#state.kind} to ${next.kind}`);
    this.#state = next;
  }
}
