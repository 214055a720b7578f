import { shortBytes } from '../identity/id.js';
import { EMPTY, toHex } from '../kernel/bytes.js';
import type { DirectVia, LinkAddress, LinkId, NodeKey, ShortKey } from '../kernel/link.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { isPrivate } from '../packet/endpoint.js';
import type { Introduce } from '../packet/message.js';
import { decodePlaces, encodePlaces, type Place } from '../packet/place.js';
import type { AcquaintanceRows } from './acquaintance-rows.js';

/** A neighbor is asked so long after it came, and up to as long again: by then it has said how it sees us. */
const ASK_MS = SECOND_MS;
/** What comes later was not asked for. */
const ANSWER_MS = 10 * SECOND_MS;
/** A neighbor is told addresses at most so often. */
const TELL_EVERY_MS = MINUTE_MS;
const PLACES_MAX = 8;
/** Of those that others tell: a packet to each is not three times what told of them. */
const TAKEN_MAX = 4;

const WANTED = 1;
const REACHABLE = 2;

interface Presence {
  readonly peer: NodeKey;
  via: DirectVia;
  /** On a cable nobody knows addresses. */
  mayBeAsked: boolean;
  askAt: Instant | undefined;
  askedAt: Instant;
  toldAt: Instant;
}

/** What neighbors tell each other of where others can be reached (SPEC §8.1). */
export class Exchange {
  readonly #self: NodeKey;
  readonly #random: Random;
  readonly #rows: AcquaintanceRows;
  readonly #present = new Map<number, Presence>();
  readonly #reachable = new Set<LinkId>();

  constructor(self: NodeKey, random: Random, rows: AcquaintanceRows) {
    this.#self = self;
    this.#random = random;
    this.#rows = rows;
  }

  /** Where each neighbor is. */
  *vias(): Iterable<DirectVia> {
    for (const { via } of this.#present.values()) yield via;
  }

  get wakeAt(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const { askAt } of this.#present.values()) soonest = earlier(soonest, askAt);
    return soonest;
  }

  isPresent(short: ShortKey, address: LinkAddress): boolean {
    for (const { peer, via } of this.#present.values()) {
      if (peer.startsWith(short) || via.address === address) return true;
    }
    return this.#self.startsWith(short);
  }

  met(
    now: Instant,
    { session, peer, via }: { readonly session: number; readonly peer: NodeKey; readonly via: DirectVia },
    mayBeAsked: boolean,
    wantsMore: boolean,
  ): void {
    const known = this.#present.get(session);
    if (known !== undefined) {
      known.via = via;
      known.mayBeAsked = mayBeAsked;
      return;
    }
    const isAsked = mayBeAsked && (wantsMore || this.#reachable.has(via.link));
    const askAt = isAsked ? now + ASK_MS + randomBelow(this.#random, ASK_MS) : undefined;
    const never = { askedAt: -Infinity, toldAt: -Infinity };
    this.#present.set(session, { peer, via, mayBeAsked, askAt, ...never });
  }

  left(session: number): boolean {
    return this.#present.delete(session);
  }

  /** Neighbors are told, as far as they were not before. */
  setReachable(now: Instant, link: LinkId, isReachable: boolean): void {
    const wasReachable = this.#reachable.has(link);
    if (isReachable) this.#reachable.add(link);
    else this.#reachable.delete(link);
    if (!isReachable || wasReachable) return;
    for (const presence of this.#present.values()) {
      if (presence.via.link === link) presence.askAt ??= now + randomBelow(this.#random, ASK_MS);
    }
  }

  askSomebody(now: Instant): void {
    const all = [...this.#present.values()].filter(({ mayBeAsked }) => mayBeAsked);
    const one = all[randomBelow(this.#random, Math.max(1, all.length))];
    if (one !== undefined) one.askAt ??= now;
  }

  onTimeout(now: Instant, wantsMore: boolean): readonly { session: number; message: Introduce }[] {
    const asked: { session: number; message: Introduce }[] = [];
    for (const [session, presence] of this.#present) {
      if (presence.askAt === undefined || presence.askAt > now) continue;
      presence.askAt = undefined;
      if (wantsMore) presence.askedAt = now;
      const flags = (wantsMore ? WANTED : 0) + (this.#reachable.has(presence.via.link) ? REACHABLE : 0);
      asked.push({ session, message: { kind: 'introduce', flags, places: EMPTY } });
    }
    return asked;
  }

  /** What a neighbor that asks is told; undefined when it did just now, or there is nobody to tell of. */
  answer(now: Instant, session: number, { flags }: Introduce): Introduce | undefined {
    const asker = this.#present.get(session);
    if (asker === undefined || (flags & WANTED) === 0 || now - asker.toldAt < TELL_EVERY_MS) return undefined;
    const places = encodePlaces(this.#placesFor(asker));
    if (places.length === 0) return undefined;
    asker.toldAt = now;
    return { kind: 'introduce', flags: 0, places };
  }

  /** The neighbor says that strangers reach it where it is. True when that is news. */
  opened(session: number, { flags }: Introduce): boolean {
    const presence = this.#present.get(session);
    if (presence === undefined || (flags & REACHABLE) === 0) return false;
    return this.#rows.open(presence.peer, presence.via.address);
  }

  /** What a neighbor that was asked has told: addresses of others, private ones only from next door. */
  told(
    now: Instant,
    session: number,
    { places }: Introduce,
  ): readonly { short: ShortKey; address: string }[] {
    const teller = this.#present.get(session);
    if (teller === undefined || places.length === 0 || now - teller.askedAt > ANSWER_MS) return [];
    teller.askedAt = -Infinity;
    return (decodePlaces(places) ?? [])
      .slice(0, TAKEN_MAX)
      .map(({ short, address }) => ({ short: toHex(short), address }))
      .filter(({ short, address }) => !this.isPresent(short, address) && isFor(address, teller.via.address));
  }

  /** Where others get in, from a row by chance on; those who are here now come first. */
  #placesFor(asker: Presence): readonly Place[] {
    const { count } = this.#rows;
    const first = randomBelow(this.#random, Math.max(1, count));
    const here: Place[] = [];
    const elsewhere: Place[] = [];
    for (let i = 0; i < count; i++) {
      const { short, peer, address, isOpen } = this.#rows.row((first + i) % count);
      if (peer === undefined || peer === asker.peer || !isOpen || !isFor(address, asker.via.address))
        continue;
      const isHere = this.isPresent(short, address);
      (isHere ? here : elsewhere).push({ short: shortBytes(short), address });
    }
    return [...here, ...elsewhere].slice(0, PLACES_MAX);
  }
}

/** What means nothing outside of one network is told within it only. */
function isFor(address: LinkAddress, neighbor: LinkAddress): boolean {
  return !isPrivate(address) || isPrivate(neighbor);
}
