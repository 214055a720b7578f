/**
 * How a node finds its network again (SPEC §8.1): peers that it met before, those that others tell of, the
 * addresses of a join ticket, and, when nobody has been there for long, a bootstrap that somebody named. What
 * beacons find needs none of this; who is among others seldom asks.
 */
import type { Rung } from '../api.js';
import type { CryptoSuite } from '../crypto/suite.js';
import type { DirectVia, LinkAddress, LinkId, LinkInfo, NodeKey, ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Random } from '../kernel/random.js';
import { HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { isEndpoint } from '../packet/endpoint.js';
import type { Introduce } from '../packet/message.js';
import { AcquaintanceRows } from './acquaintance-rows.js';
import { Exchange } from './exchange.js';
import { Ladder } from './ladder.js';

/** Tried at a time. */
const GROUP_COUNT = 4;
/** Beacons find who is on the same local network; its addresses are for when they do not. */
const LAN_MS = 3 * SECOND_MS;
/** With so many neighbors nobody looks for more. */
const NEIGHBORS_WANTED = 2;
/** Hearsay that was tried so often is forgotten. */
const HEARSAY_TRIES_MAX = 1;
/** A station that is met so soon after it was tried has answered that. */
const ANSWER_MS = 15 * SECOND_MS;
const RECENT_COUNT_MAX = 16;
/** What is new is stored after this long, but a store is spared: at most every ten minutes. */
const STORE_MS = 2 * SECOND_MS;
const STORE_EVERY_MS = 10 * MINUTE_MS;
/** Who was met last, and when, is news after so long. */
const STALE_MS = 6 * HOUR_MS;

export type AcquaintanceInput =
  | { readonly kind: 'linkUp'; readonly link: LinkId; readonly info: LinkInfo }
  | { readonly kind: 'linkDown'; readonly link: LinkId }
  /** A neighbor is there, again whenever it is by another way. */
  | {
      readonly kind: 'met';
      readonly session: number;
      readonly peer: NodeKey;
      readonly via: DirectVia;
      /** Greeted because the host said so. */
      readonly isStation: boolean;
      /** The path was made by probes: nobody gets there unasked. */
      readonly isProbed: boolean;
    }
  | { readonly kind: 'left'; readonly session: number }
  | { readonly kind: 'introduced'; readonly session: number; readonly message: Introduce }
  | {
      readonly kind: 'wayIn';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly rung: Rung | undefined;
    }
  /** Whether strangers reach this node where others see it on that link. */
  | { readonly kind: 'reachable'; readonly link: LinkId; readonly isReachable: boolean }
  | { readonly kind: 'wallClock'; readonly unixMs: number }
  /** The node is about to stop. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'timeout' };

export type AcquaintanceOutput =
  /** Open a session there; with `peer` if its key is known. */
  | {
      readonly kind: 'try';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly peer: NodeKey | undefined;
      /** By one packet, while nobody there has answered: somebody else said so. */
      readonly isHearsay: boolean;
    }
  | { readonly kind: 'introduce'; readonly session: number; readonly message: Introduce }
  | { readonly kind: 'persist'; readonly value: Uint8Array };

/** What this asks of routing. */
export interface RouteBook {
  /** Undefined when no way is known. */
  nextHop(destination: ShortKey): ShortKey | undefined;
}

export interface AcquaintancesOptions {
  readonly now: Instant;
  readonly self: NodeKey;
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly routes: RouteBook;
  readonly stored: Uint8Array | undefined;
}

interface WayIn {
  readonly link: LinkId;
  readonly address: LinkAddress;
  readonly rung: Rung;
  tries: number;
}

type InputOf<K extends AcquaintanceInput['kind']> = Extract<AcquaintanceInput, { readonly kind: K }>;

export class Acquaintances implements Machine<AcquaintanceInput, AcquaintanceOutput> {
  readonly #routes: RouteBook;
  readonly #out = new Outbox<AcquaintanceOutput>();
  readonly #rows: AcquaintanceRows;
  readonly #ladder: Ladder;
  readonly #exchange: Exchange;
  /** Those with IP addresses, as far as is known. */
  readonly #links = new Map<LinkId, LinkInfo>();
  #waysIn: WayIn[] = [];
  #recent: { readonly address: LinkAddress; readonly at: Instant }[] = [];
  #storeAt: Instant | undefined;
  #storedAt = -Infinity;
  /** Unix ms less the monotonic clock; undefined without a clock. */
  #clockMs: number | undefined;

  constructor({ now, self, suite, random, routes, stored }: AcquaintancesOptions) {
    this.#routes = routes;
    this.#rows = new AcquaintanceRows(suite, stored);
    this.#ladder = new Ladder(now, random);
    this.#exchange = new Exchange(self, random, this.#rows);
  }

  handleInput(now: Instant, input: AcquaintanceInput): void {
    switch (input.kind) {
      case 'linkUp':
        return this.#onLinkUp(now, input.link, input.info);
      case 'linkDown':
        this.#links.delete(input.link);
        return;
      case 'met':
        return this.#onMet(now, input);
      case 'left':
        return this.#onLeft(now, input.session);
      case 'introduced':
        return this.#onIntroduced(now, input);
      case 'wayIn':
        return this.#onWayIn(now, input);
      case 'reachable':
        return this.#exchange.setReachable(now, input.link, input.isReachable);
      case 'wallClock':
        this.#clockMs = input.unixMs - now;
        return;
      case 'stop':
        if (this.#storeAt !== undefined) this.#store(now);
        return;
      case 'timeout':
        return this.#onTimeout(now);
    }
  }

  pollOutput(): AcquaintanceOutput | undefined {
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    const trying = this.#links.size === 0 ? undefined : this.#ladder.wakeAt;
    return earlier(earlier(trying, this.#exchange.wakeAt), this.#storeAt);
  }

  /** On a cable there is nobody to be remembered but who is there. */
  #onLinkUp(now: Instant, link: LinkId, info: LinkInfo): void {
    if (info.cast === 'point') return;
    if (this.#links.size === 0) this.#ladder.begin(now);
    else this.#ladder.again(now);
    this.#links.set(link, info);
    this.#ladder.setNeighbors(now, this.#companyCount);
  }

  #onMet(now: Instant, { session, peer, via, isStation, isProbed }: InputOf<'met'>): void {
    this.#exchange.met(now, { session, peer, via }, this.#mayAsk(via), this.#wantsMore());
    this.#ladder.setNeighbors(now, this.#companyCount);
    const info = this.#links.get(via.link);
    // A bootstrap is for when nobody else is there, and is not asked sooner because it was.
    if (info === undefined || isProbed || !isEndpoint(via.address) || this.#isBootstrap(via.address)) return;
    const isAnswer = this.#recent.some(({ address, at }) => address === via.address && now - at < ANSWER_MS);
    const seenAt = this.#clockMs === undefined ? 0 : Math.floor((now + this.#clockMs) / SECOND_MS);
    const isLan = info.cast === 'broadcast';
    const row = { peer, address: via.address, isOpen: isStation || isAnswer, isLan, seenAt };
    if (this.#rows.met(row) || now - this.#storedAt > STALE_MS) this.#storeSoon(now);
  }

  #onLeft(now: Instant, session: number): void {
    if (!this.#exchange.left(session)) return;
    if (this.#companyCount === 0) this.#rows.forgetTries();
    this.#ladder.setNeighbors(now, this.#companyCount);
  }

  #onIntroduced(now: Instant, { session, message }: InputOf<'introduced'>): void {
    const answer = this.#exchange.answer(now, session, message);
    if (answer !== undefined) this.#out.push({ kind: 'introduce', session, message: answer });
    if (this.#exchange.opened(session, message)) this.#storeSoon(now);
    let isNews = false;
    for (const { short, address } of this.#exchange.told(now, session, message)) {
      if (!this.#isBootstrap(address) && this.#rows.heard(short, address)) isNews = true;
    }
    if (isNews) this.#storeSoon(now);
  }

  #onWayIn(now: Instant, { link, address, rung }: InputOf<'wayIn'>): void {
    this.#waysIn = this.#waysIn.filter((way) => way.link !== link || way.address !== address);
    if (rung === undefined) return;
    this.#waysIn.push({ link, address, rung, tries: 0 });
    if (rung === 'introduction' && this.#ladder.isAlone) this.#ladder.again(now);
  }

  #onTimeout(now: Instant): void {
    for (const asked of this.#exchange.onTimeout(now, this.#wantsMore())) {
      this.#out.push({ kind: 'introduce', ...asked });
    }
    if (this.#links.size > 0 && this.#ladder.isBootstrapDue(now)) {
      for (const way of this.#waysIn) if (way.rung === 'bootstrap') this.#try(now, way.link, way.address);
    }
    if (this.#links.size > 0 && this.#ladder.isDue(now)) this.#climb(now);
    if (this.#storeAt !== undefined && this.#storeAt <= now) this.#store(now);
  }

  /** The next few; when all had their turn, another round. */
  #climb(now: Instant): void {
    const { isAlone, round } = this.#ladder;
    const isFew = this.#companyCount < NEIGHBORS_WANTED;
    const count = isAlone || isFew ? GROUP_COUNT : 1;
    const isLanMissed = isAlone && this.#countOn('broadcast') === 0;
    const isLanDue = isLanMissed && now - this.#ladder.since >= LAN_MS;
    const chosen = this.#choose(count, round, isAlone, isLanDue);
    for (const index of chosen) this.#tryRow(now, index);
    let left = count - chosen.length;
    for (const way of isAlone ? this.#waysIn : []) {
      if (way.rung !== 'introduction' || !this.#links.has(way.link)) continue;
      if (way.tries >= round || left === 0) continue;
      left--;
      way.tries++;
      this.#try(now, way.link, way.address);
    }
    this.#forgetHearsay();
    const isLanLeft = isLanMissed && !isLanDue && this.#choose(1, round, true, true).length > 0;
    if (left < count || isLanLeft) this.#ladder.next(now, isFew);
    else if (this.#ladder.endRound(now)) this.#forgetTries();
    if (isFew) this.#exchange.askSomebody(now);
  }

  /** Rows that have not had their turn, of as many networks as there are. */
  #choose(count: number, round: number, isAlone: boolean, isLanDue: boolean): readonly number[] {
    const chosen: number[] = [];
    const prefixes = new Set<string>();
    for (const isSecondLook of [false, true]) {
      for (let i = 0; i < this.#rows.count && chosen.length < count; i++) {
        const isTaken = chosen.includes(i) || this.#rows.tries(i) >= round;
        if (isTaken || prefixes.has(this.#rows.prefix(i)) !== isSecondLook) continue;
        if (!this.#isWorthTrying(i, isAlone, isLanDue)) continue;
        prefixes.add(this.#rows.prefix(i));
        chosen.push(i);
      }
    }
    return chosen;
  }

  /**
   * Whoever is among others only looks for those who can be reached unasked and, when it has neighbors
   * enough, for those to whom no way is known: the network may be in pieces.
   */
  #isWorthTrying(index: number, isAlone: boolean, isLanDue: boolean): boolean {
    const { short, address, isOpen, isLan } = this.#rows.row(index);
    if (this.#linkFor(isLan) === undefined || this.#exchange.isPresent(short, address)) return false;
    if (isAlone) return !isLan || isLanDue;
    if (isLan || !isOpen) return false;
    return this.#companyCount < NEIGHBORS_WANTED || this.#routes.nextHop(short) === undefined;
  }

  #tryRow(now: Instant, index: number): void {
    const { address, peer, isLan, hasWorked } = this.#rows.row(index);
    const link = this.#linkFor(isLan);
    if (link === undefined) return;
    // At first as whom it was, which costs less; later as whoever is there now.
    this.#try(now, link, address, this.#rows.tries(index) === 0 ? peer : undefined, !hasWorked);
    this.#rows.noteTry(index);
  }

  #try(now: Instant, link: LinkId, address: LinkAddress, peer?: NodeKey, isHearsay = false): void {
    this.#recent = this.#recent.filter(({ at }) => now - at < ANSWER_MS).slice(1 - RECENT_COUNT_MAX);
    this.#recent.push({ address, at: now });
    this.#out.push({ kind: 'try', link, address, peer, isHearsay });
  }

  #forgetTries(): void {
    this.#rows.forgetTries();
    for (const way of this.#waysIn) way.tries = 0;
  }

  #forgetHearsay(): void {
    for (let i = this.#rows.count - 1; i >= 0; i--) {
      if (!this.#rows.row(i).hasWorked && this.#rows.tries(i) >= HEARSAY_TRIES_MAX) this.#rows.remove(i);
    }
  }

  #linkFor(isLan: boolean): LinkId | undefined {
    for (const [link, { cast }] of this.#links) if ((cast === 'broadcast') === isLan) return link;
    return undefined;
  }

  #isBootstrap(address: LinkAddress): boolean {
    return this.#waysIn.some((way) => way.rung === 'bootstrap' && way.address === address);
  }

  /**
   * Neighbors that lead out: who has nobody but boards on cables, or in the same house, may be on an island
   * with them, where nobody ever asks for the way out.
   */
  get #companyCount(): number {
    const isOut = this.#linkFor(false) !== undefined;
    return this.#countOn(isOut ? 'address' : 'broadcast');
  }

  #countOn(cast: LinkInfo['cast']): number {
    let count = 0;
    for (const { link } of this.#exchange.vias()) if (this.#links.get(link)?.cast === cast) count++;
    return count;
  }

  #mayAsk(via: DirectVia): boolean {
    return this.#linkFor(false) !== undefined && this.#links.has(via.link);
  }

  #wantsMore(): boolean {
    return this.#companyCount < NEIGHBORS_WANTED || this.#rows.count < 2 * GROUP_COUNT;
  }

  #storeSoon(now: Instant): void {
    this.#storeAt ??= Math.max(now + STORE_MS, this.#storedAt + STORE_EVERY_MS);
  }

  #store(now: Instant): void {
    this.#storeAt = undefined;
    this.#storedAt = now;
    this.#out.push({ kind: 'persist', value: this.#rows.encode() });
  }
}
