/**
 * Which nodes serve the others for a while, and who serves this one (SPEC §8.5 to §8.8): supernodes are
 * elected by their neighbours' need, as soft state that nobody keeps for anybody else.
 *
 *   adverts of neighbours -> horizon (supernodes in sight) -> reservations -> need -> role -> own advert
 *
 * Everything is looked at again after each input; a second look changes nothing.
 */
import type { CryptoSuite } from '../crypto/suite.js';
import { shortBytes, shortKeyOf } from '../identity/id.js';
import { unreachable } from '../kernel/assert.js';
import { copyBytes, readU32 } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import type { Advert, Reserve } from '../packet/message.js';
import { Advertiser, listSupers } from './advertiser.js';
import type { ElectionInput, ElectionMessage, ElectionOutput } from './doors.js';
import { ACCEPTING, NEEDY, RESTED, ROOMY, Standing, THROUGH } from './flags.js';
import { Grants } from './grants.js';
import { countPeers, Horizon, isServing, type Sighting } from './horizon.js';
import { Merit, quarterMsMin } from './merit.js';
import { Need } from './need.js';
import { costOf, electionWords } from './order.js';
import { Reporter } from './reporter.js';
import { LIFETIME_MS, Reservations, type Wish } from './reservations.js';
import { needFrom, rankOf, slotOf, slotOn } from './rivals.js';
import { LISTEN_MS, RoleMachine, type Situation } from './role.js';
import { ELECTION_RULES, type ElectionRules } from './rules.js';
import { NeighborViews, NONE, View } from './views.js';

/** Slower links have no room for talk about roles: who is behind them is found by routes and searches. */
const BITRATE_MIN = 10_000;
/** Heartbeats of a supernode, so that its loss is noticed soon. */
const SUPER_INTERVAL_MS = 8 * SECOND_MS;
const SECONDS_PER_MINUTE = 60;
/** BUSY: 1 to 4 s, doubled for each one before. */
const RETRY_S_MAX = 60;

export interface ElectionOptions {
  readonly now: Instant;
  /** The 16-byte id of this node. */
  readonly self: { readonly id: Uint8Array };
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly limits: Limits;
  /** 0 never to 7. */
  readonly willingness: number;
  /** What `persist` wrote last. */
  readonly stored: Uint8Array | undefined;
  readonly rules?: Partial<ElectionRules>;
}

export class Election implements Machine<ElectionInput, ElectionOutput> {
  readonly #outbox = new Outbox<ElectionOutput>();
  readonly #suite: CryptoSuite;
  readonly #random: Random;
  readonly #rules: ElectionRules;
  readonly #views: NeighborViews;
  readonly #horizon: Horizon;
  readonly #merit: Merit;
  readonly #need = new Need();
  readonly #reservations: Reservations;
  readonly #grants: Grants;
  readonly #role: RoleMachine;
  readonly #advertiser: Advertiser;
  readonly #reporter: Reporter;
  readonly #listenExtraMs: number;
  /** What is forwarded for one source. */
  readonly #bytesPerMinute: number;
  #isBeyond = false;
  #wordsEra: number;
  #dueAt: Instant = Infinity;

  constructor(options: ElectionOptions) {
    const { now, suite, random, limits } = options;
    const { id } = options.self;
    this.#suite = suite;
    this.#random = random;
    const self = shortKeyOf(id);
    this.#rules = { ...ELECTION_RULES, ...options.rules };
    this.#views = new NeighborViews(limits.neighborCountMax);
    this.#horizon = new Horizon(this.#views, shortBytes(self));
    this.#merit = new Merit({ ...options, id, rules: this.#rules });
    this.#reservations = new Reservations(random, this.#outbox);
    this.#grants = new Grants(limits.reservationCountMax, now);
    this.#role = new RoleMachine(this.#rules, now);
    this.#advertiser = new Advertiser(this.#views, this.#outbox);
    this.#reporter = new Reporter(this.#outbox);
    this.#bytesPerMinute = limits.relayBytesPerSecondMax * SECONDS_PER_MINUTE;
    this.#listenExtraMs = randomBelow(random, LISTEN_MS);
    this.#wordsEra = this.#merit.era;
  }

  handleInput(now: Instant, input: ElectionInput): void {
    this.#onInput(now, input);
    this.#look(now);
  }

  pollOutput(): ElectionOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return this.#dueAt === Infinity ? undefined : this.#dueAt;
  }

  /** What heartbeats add to their digest for the adverts told to that neighbour, and heard from it. */
  toldDigest(neighbor: number): number {
    const row = this.#views.find(neighbor);
    return row === NONE ? 0 : this.#views.cells.get(row, View.told);
  }

  heardDigest(neighbor: number): number {
    const row = this.#views.find(neighbor);
    return row === NONE ? 0 : this.#views.cells.get(row, View.heard);
  }

  /** Whether it serves others at all. */
  isWilling(now: Instant): boolean {
    return this.#merit.score(now) > 0;
  }

  /** Whether that node holds a reservation here. */
  serves(peer: ShortKey): boolean {
    return this.#grants.has(peer);
  }

  /** The neighbours that say that this supernode is next to them. */
  neighborsNear(supernode: ShortKey): readonly ShortKey[] {
    return this.#horizon.neighborsNear(supernode);
  }

  /** Where this node holds reservations. */
  supernodes(): readonly ShortKey[] {
    return this.#reservations.list().map(({ peer }) => peer);
  }

  /** How well a neighbour could serve, as it says; 0 when it never will. */
  scoreOf(neighbor: number): number {
    const row = this.#views.find(neighbor);
    return row === NONE ? 0 : this.#views.cells.get(row, View.score);
  }

  #onInput(now: Instant, input: ElectionInput): void {
    switch (input.kind) {
      case 'neighborUp':
        return this.#onUp(now, input);
      case 'neighborDown':
        return this.#onDown(input.neighbor);
      case 'tellAgain':
        return this.#onTellAgain(now, input.neighbor);
      case 'message':
        return this.#onMessage(now, input.from, input.message);
      case 'peerDown':
        return this.#onPeerDown(input.peer);
      case 'suspect':
        return this.#reservations.doubt(now, input.peer);
      case 'unknownPeer':
        return this.#reservations.onUnknown(now, input.peer);
      case 'beyond':
        this.#isBeyond = input.isBeyond;
        return;
      case 'capability':
        return this.#merit.setCapability(input.capability);
      case 'willingness':
        return this.#merit.setWillingness(input.value);
      case 'wallClock':
        return this.#merit.setClock(now, input.unixMs);
      case 'timeout':
        return;
      default:
        return unreachable(input);
    }
  }

  #onUp(now: Instant, { neighbor, id, bitrate }: Extract<ElectionInput, { kind: 'neighborUp' }>): void {
    if (bitrate > 0 && bitrate < BITRATE_MIN) return;
    const views = this.#views;
    const row = views.up(neighbor, id);
    if (row === NONE) {
      this.#outbox.push({ kind: 'dropped', reason: 'overLimit' });
      return;
    }
    views.cells.set(row, View.slotMs, slotOn(bitrate));
    this.#deal(row);
    this.#advertiser.welcome(now);
  }

  #onDown(neighbor: number): void {
    const row = this.#views.find(neighbor);
    if (row !== NONE) this.#views.down(row);
  }

  #onTellAgain(now: Instant, neighbor: number): void {
    const row = this.#views.find(neighbor);
    if (row === NONE) return;
    this.#views.cells.set(row, View.told, 0);
    this.#advertiser.welcome(now, 0);
  }

  #onPeerDown(peer: ShortKey): void {
    this.#reservations.lose(peer);
    if (this.#grants.remove(peer)) this.#reporter.touch();
    const row = this.#views.findShort(shortBytes(peer));
    if (row !== NONE) this.#views.forget(row);
  }

  #onMessage(now: Instant, from: ShortKey, message: ElectionMessage): void {
    switch (message.kind) {
      case 'advert':
        return this.#onAdvert(now, from, message);
      case 'reserve':
        return this.#onReserve(now, from, message);
      case 'reserved':
        return this.#reservations.onReserved(now, from, message);
      case 'busy':
        return this.#reservations.onBusy(now, from, Math.max(1, message.retryS) * SECOND_MS);
      case 'release':
        this.#reservations.onRelease(now, from);
        if (this.#grants.remove(from)) this.#reporter.touch();
        return;
      default:
        return unreachable(message);
    }
  }

  /** Only a proven neighbour has a say: whoever has the network key could claim anything otherwise. */
  #onAdvert(now: Instant, from: ShortKey, advert: Advert): void {
    const row = this.#views.findShort(shortBytes(from));
    if (row === NONE) {
      this.#outbox.push({ kind: 'dropped', reason: 'notNeighbor' });
      return;
    }
    this.#views.hear(now, row, advert, { era: this.#merit.era, quarterMs: quarterMsMin(this.#rules) });
  }

  /** One that serves grants what it has room for; one that leaves prolongs, and takes nobody new. */
  #onReserve(now: Instant, from: ShortKey, { lifetimeS, flags, attempt }: Reserve): void {
    const { standing } = this.#role;
    const isOpen = standing === Standing.serving || standing === Standing.retiring;
    const lifetimeMs = Math.min(lifetimeS * SECOND_MS, LIFETIME_MS);
    const isNew = !this.#grants.has(from);
    if (standing === Standing.leaf) return this.#send(from, { kind: 'release' });
    const mayGrant = isOpen || !isNew;
    if (!mayGrant || !this.#grants.grant(now, from, lifetimeMs, flags)) {
      const retryS = (1 + randomBelow(this.#random, 4)) * (1 << attempt);
      return this.#send(from, { kind: 'busy', retryS: Math.min(retryS, RETRY_S_MAX) });
    }
    if (isNew) this.#reporter.touch();
    const bytesPerMinute = this.#bytesPerMinute;
    return this.#send(from, { kind: 'reserved', lifetimeS: lifetimeMs / SECOND_MS, bytesPerMinute });
  }

  // The look

  #look(now: Instant): void {
    const { standing } = this.#role;
    if (this.#grants.expire(now)) this.#reporter.touch();
    if (this.#merit.update(now, standing !== Standing.leaf)) {
      this.#outbox.push({ kind: 'persist', value: this.#merit.encode(now) });
    }
    this.#agreeOnEra(now);
    const seen = this.#horizon.look(now);
    this.#seekService(now, seen);
    if (this.#role.update(now, this.#situation(now, seen))) this.#onRole(now);
    this.#advertise(now);
    this.#report(now);
    this.#schedule(now);
  }

  /** Whoever serves needs nobody; all others look after their reservations. */
  #seekService(now: Instant, seen: readonly Sighting[]): void {
    const need = this.#need;
    const isHolding = this.#reservations.list().length > 0;
    need.face(now, this.#isBeyond, this.#views.liveCount, isHolding);
    if (this.#role.standing !== Standing.leaf) return need.rest();
    const wish = need.wish(now);
    if (wish.count === 0) this.#reservations.releaseAll();
    this.#reservations.update(now, seen, wish);
    const firm = this.#reservations.firm(seen);
    const isLosing = this.#reservations.list().length > countPeers(firm);
    need.weigh(now, { firm, isAsking: this.#reservations.isAsking, isLosing });
  }

  #situation(now: Instant, seen: readonly Sighting[]): Situation {
    return {
      hasNeighbors: this.#views.liveCount > 0,
      listenExtraMs: this.#listenExtraMs,
      score: this.#merit.score(now),
      isNeedInSight: this.#isNeedy(now) || needFrom(this.#views, -Infinity) <= now,
      rank: this.#rank(now),
      slotMs: slotOf(this.#views),
      reliefAt: this.#horizon.reliefAt,
      termMs: this.#merit.termMs,
      words: this.#merit.words,
      dependantCount: this.#grants.count,
      isReliedOn: this.#grants.isReliedOn,
      couldBeLeaf: this.#reservations.canDoWithout(now, seen, undefined, this.#wishAsLeaf(now)),
      supersInView: 1 + new Set(seen.filter(isServing).map(({ peer }) => peer)).size,
    };
  }

  /** As a leaf it would want its two by two ways from the start, or retiring would only raise a need. */
  #wishAsLeaf(now: Instant): Wish {
    const { count } = this.#need.wish(now);
    return { count, isApart: true };
  }

  /** Whoever has just come first hears what there is. */
  #isNeedy(now: Instant): boolean {
    const { state, standing } = this.#role;
    return standing === Standing.leaf && state !== 'listen' && this.#need.isNeedy(now);
  }

  #rank(now: Instant): number {
    const own = costOf({
      debt: this.#merit.debt,
      isRested: this.#merit.isRested(now),
      isThrough: this.#views.liveCount > 1,
      word: readU32(this.#merit.words, 0),
    });
    return rankOf(this.#views, own);
  }

  #onRole(now: Instant): void {
    const { state, standing } = this.#role;
    this.#reporter.touch();
    const isServing = standing !== Standing.leaf;
    if (isServing) this.#reservations.releaseAll();
    else for (const peer of this.#grants.peers()) this.#dismiss(peer);
    if (state === 'leaf') this.#merit.beginWith(this.#views.medianDebt());
    this.#merit.update(now, isServing);
    this.#outbox.push({ kind: 'pace', intervalMsMax: isServing ? SUPER_INTERVAL_MS : undefined });
  }

  #dismiss(peer: ShortKey): void {
    this.#grants.remove(peer);
    this.#send(peer, { kind: 'release' });
  }

  /** The highest era that two neighbours have reached: one alone could say anything. */
  #agreeOnEra(now: Instant): void {
    const merit = this.#merit;
    merit.agreeOnEra(now, this.#views.secondHighestEra());
    if (this.#wordsEra === merit.era) return;
    this.#wordsEra = merit.era;
    for (let row = 0; row < this.#views.rowEnd; row++) if (this.#views.isLive(row)) this.#deal(row);
  }

  #advertise(now: Instant): void {
    const { era, debt } = this.#merit;
    const supers = listSupers(this.#views);
    const advert = {
      kind: 'advert',
      era,
      flags: this.#flags(now),
      score: this.#merit.score(now),
      debt,
      supers,
    } as const;
    this.#advertiser.consider(now, advert);
    if (!this.#rules.advertsOnChange) this.#advertiser.repeat(now);
  }

  #flags(now: Instant): number {
    const { standing } = this.#role;
    const isTaking = standing === Standing.serving && !this.#grants.isFull;
    return (
      standing |
      (isTaking ? ACCEPTING : 0) |
      (isTaking && this.#grants.isRoomy ? ROOMY : 0) |
      (this.#isNeedy(now) ? NEEDY : 0) |
      (this.#views.liveCount > 1 ? THROUGH : 0) |
      (this.#merit.isRested(now) ? RESTED : 0)
    );
  }

  #report(now: Instant): void {
    const isLeaf = this.#role.standing === Standing.leaf;
    if (this.#reservations.isChanged) this.#reporter.touch();
    this.#reservations.isChanged = false;
    const isNeedy = this.#isNeedy(now);
    const wanted = isLeaf ? this.#need.wish(now).count : 0;
    if (!this.#reporter.isDue(isNeedy, wanted)) return;
    const { state, since, termEndsAt } = this.#role;
    const { parts, debt, era } = this.#merit;
    this.#reporter.tell({
      ...{ state, since, termEndsAt, parts, debt, era, isNeedy, wanted },
      score: this.#merit.score(now),
      serves: this.#grants.peers(),
      supernodes: this.#reservations.list(),
    });
  }

  #schedule(now: Instant): void {
    let at = Math.min(this.#grants.nextTimeout(), this.#role.nextTimeout(), this.#advertiser.nextTimeout());
    at = Math.min(at, this.#need.nextTimeout(now), needFrom(this.#views, now), this.#merit.nextTimeout(now));
    if (this.#role.standing === Standing.leaf) at = Math.min(at, this.#reservations.nextTimeout(now));
    this.#dueAt = at;
  }

  #deal(row: number): void {
    const id = copyBytes(this.#views.id(row));
    this.#views.cells.set(row, View.word, readU32(electionWords(this.#suite, this.#wordsEra, id), 0));
  }

  /** Neighbours ask again when nothing comes; others asked reliably. */
  #send(to: ShortKey, message: ElectionMessage): void {
    const reliable = message.kind === 'release' || this.#views.findShort(shortBytes(to)) === NONE;
    this.#outbox.push({ kind: 'send', to, message, reliable });
  }
}
