import type { CryptoSuite } from '../crypto/suite.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DirectVia, NodeKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { encodeEndpoints } from '../packet/endpoint.js';
import type { Punch, Sync } from '../packet/message.js';
import { FIELD_TYPES } from '../packet/message-table.js';
import { ATTEMPT_BYTES, decodeProbe, encodeProbe, isProbeAuthentic, PLACE_COUNT } from '../packet/probe.js';
import { Attempt, type Place } from './attempt.js';
import { planBirthday } from './birthday.js';
import type { TraversalOutput } from './doors.js';
import type { Outlook } from './outlook.js';
import { isRelayed, type TraversalPeer } from './peer.js';
import { decodeSide, encodeNat, placesToTry, type Side } from './side.js';
import type { Witnesses } from './witness.js';

/** The end with the greater id leaves the lead to the other one for so long. */
const YIELD_MS = 500;
/** So long an attempt waits for the round trip to be known. */
const MEASURE_MS = 500;
const ROUND_TRIP_GUESS_MS = 200;
const PATIENCE_MIN_MS = 300;
/** After failures there are more attempts, so much later, then none until something changes. */
const RETRIES_MS = [2 * SECOND_MS, MINUTE_MS] as const;
/** Attempts of one peer that are followed. */
const FOLLOW_EVERY_MS = 2 * SECOND_MS;
const WAIT_MS_MAX = 5 * SECOND_MS;
/** Doors are opened or tried so often, as that takes up to 2,000 packets. */
const BIRTHDAY_EVERY_MS = MINUTE_MS;
/** A place of nobody: those who hear such a probe know where it came from. */
const ANYWHERE = PLACE_COUNT - 1;

export interface PuncherOptions {
  readonly self: NodeKey;
  readonly suite: CryptoSuite;
  readonly random: Random;
  readonly peers: ReadonlyMap<number, TraversalPeer>;
  readonly outlook: Outlook;
  readonly witnesses: Witnesses;
  readonly out: Outbox<TraversalOutput>;
}

/** Leads and follows attempts (SPEC §7.11): PUNCH, SYNC, and probes from both sides at the same time. */
export class Puncher {
  readonly #self: NodeKey;
  readonly #suite: CryptoSuite;
  readonly #random: Random;
  readonly #peers: ReadonlyMap<number, TraversalPeer>;
  readonly #outlook: Outlook;
  readonly #witnesses: Witnesses;
  readonly #out: Outbox<TraversalOutput>;
  #birthdayAt: Instant = -Infinity;

  constructor({ self, suite, random, peers, outlook, witnesses, out }: PuncherOptions) {
    this.#self = self;
    this.#suite = suite;
    this.#random = random;
    this.#peers = peers;
    this.#outlook = outlook;
    this.#witnesses = witnesses;
    this.#out = out;
  }

  /** An attempt is due. Of two that both think so the one with the lower id leads. */
  leadSoon(now: Instant, peer: TraversalPeer, delayMs: number): void {
    const yieldMs = this.#self < peer.key ? 0 : YIELD_MS;
    const measureMs = peer.roundTripMs === undefined ? MEASURE_MS : 0;
    peer.nextAt = now + delayMs + yieldMs + measureMs;
  }

  /** The round trip of the relayed path was measured. */
  onRoundTrip(now: Instant, peer: TraversalPeer, ms: number): void {
    if (peer.roundTripMs === undefined && peer.nextAt !== undefined) {
      peer.nextAt = Math.max(now, peer.nextAt - MEASURE_MS);
    }
    peer.roundTripMs = ms;
  }

  /** There is more to tell of this node than before: what is under way begins anew, what failed again. */
  onNews(now: Instant, peer: TraversalPeer): void {
    const { attempt } = peer;
    const kind = attempt?.state.kind ?? 'ended';
    if (attempt === undefined || kind === 'ended') {
      if (!isRelayed(peer)) return;
      peer.failures = 0;
      if (peer.nextAt === undefined || peer.nextAt > now + MEASURE_MS) this.leadSoon(now, peer, 0);
    } else if (attempt.isLeader) {
      if (kind === 'proven') return;
      attempt.askAnew(now, patienceMs(peer));
      this.#sendPunch(now, peer, attempt.id);
    } else if (attempt.theirs !== undefined) {
      this.#follow(now, peer, attempt, attempt.theirs, peer.roundTripMs ?? ROUND_TRIP_GUESS_MS);
    }
  }

  onTimeout(now: Instant, peer: TraversalPeer): void {
    if (isRelayed(peer) && peer.nextAt !== undefined && peer.nextAt <= now) this.#lead(now, peer);
    const { attempt } = peer;
    if (attempt?.wakeAt !== undefined && attempt.wakeAt <= now) this.#onAttempt(now, peer, attempt);
  }

  /** Of two that ask each other the one with the lower id leads. */
  onPunch(now: Instant, peer: TraversalPeer, punch: Punch): void {
    const theirs = decodeSide(punch);
    const current = peer.attempt;
    const isLed = current?.isLeader === true && current.state.kind !== 'ended';
    if (theirs === undefined || (isLed && this.#self < peer.key)) return;
    const isRepeated = current !== undefined && equalBytes(current.id, punch.attempt);
    if (isRepeated && (current.isLeader || current.state.kind === 'proven')) return;
    if (!isRepeated && now - peer.followedAt < FOLLOW_EVERY_MS) return;
    peer.followedAt = now;
    peer.nextAt = undefined;
    const roundTripMs = punch.roundTripMs || (peer.roundTripMs ?? ROUND_TRIP_GUESS_MS);
    const waiting = { kind: 'waiting', nextAt: now } as const;
    const attempt = isRepeated ? current : new Attempt(copyBytes(punch.attempt), waiting);
    peer.attempt = attempt;
    attempt.hear(theirs, punch.endpoints.length);
    this.#follow(now, peer, attempt, theirs, roundTripMs);
  }

  /** Tells the leader of this end, and begins when it does. */
  #follow(now: Instant, peer: TraversalPeer, attempt: Attempt, theirs: Side, roundTripMs: number): void {
    const delayMs = Math.min(WAIT_MS_MAX, Math.ceil(roundTripMs / 2));
    this.#schedule(now, peer, attempt, delayMs, theirs);
    const message: Sync = { kind: 'sync', attempt: attempt.id, ...this.#ownFields(now, peer), delayMs };
    this.#out.push({ kind: 'send', session: peer.session, message });
  }

  /** The other end begins `delayMs` after it sent this: half a round trip has passed since. */
  onSync(now: Instant, peer: TraversalPeer, sync: Sync): void {
    const { attempt } = peer;
    const theirs = decodeSide(sync);
    if (theirs === undefined || attempt?.isLeader !== true) return;
    if (!equalBytes(attempt.id, sync.attempt)) return;
    const { state } = attempt;
    if (state.kind === 'proven' || state.kind === 'ended') return;
    attempt.hear(theirs, sync.endpoints.length);
    const isPrompt = state.kind === 'asking' && state.tries === 1;
    const roundTripMs = isPrompt ? now - state.sentAt : (peer.roundTripMs ?? 2 * sync.delayMs);
    const delayMs = Math.min(WAIT_MS_MAX, Math.max(0, sync.delayMs - Math.floor(roundTripMs / 2)));
    this.#schedule(now, peer, attempt, delayMs, theirs);
  }

  onProbe(now: Instant, via: DirectVia, bytes: Uint8Array): void {
    const probe = decodeProbe(bytes);
    if (typeof probe === 'string') return this.#drop(via, probe);
    for (const peer of this.#peers.values()) {
      const { attempt } = peer;
      if (attempt === undefined || !equalBytes(attempt.id, probe.attempt)) continue;
      if (!this.#isOf(peer, bytes)) continue;
      if (probe.isAnswer) return this.#onAnswer(now, peer, attempt, via, probe.place);
      return this.#answer(now, peer, attempt, via, probe.place);
    }
    if (!this.#witnesses.onProbe(now, via, bytes)) this.#drop(via, 'unexpected');
  }

  #lead(now: Instant, peer: TraversalPeer): void {
    peer.nextAt = undefined;
    const isUnderWay = peer.attempt !== undefined && peer.attempt.state.kind !== 'ended';
    if (isUnderWay || this.#outlook.side().endpoints.length === 0) return;
    const id = randomBytes(this.#random, ATTEMPT_BYTES);
    const nextAt = now + patienceMs(peer);
    peer.attempt = new Attempt(id, { kind: 'asking', tries: 1, sentAt: now, nextAt });
    this.#sendPunch(now, peer, id);
  }

  #sendPunch(now: Instant, peer: TraversalPeer, attempt: Uint8Array): void {
    const roundTripMs = Math.min(0xffff, Math.round(peer.roundTripMs ?? 0));
    const message: Punch = { kind: 'punch', attempt, ...this.#ownFields(now, peer), roundTripMs };
    this.#out.push({ kind: 'send', session: peer.session, message });
  }

  #onAttempt(now: Instant, peer: TraversalPeer, attempt: Attempt): void {
    if (attempt.state.kind === 'asking') {
      if (attempt.askAgain(now, patienceMs(peer))) this.#sendPunch(now, peer, attempt.id);
    } else {
      for (const place of attempt.timeout(now)) this.#probe(now, peer, attempt, place);
      this.#probeDoors(now, peer, attempt);
    }
    if (attempt.wantsWitness) this.#witnesses.ask(peer);
    if (attempt.state.kind === 'ended') this.#onEnded(now, peer);
  }

  #onEnded(now: Instant, peer: TraversalPeer): void {
    peer.attempt = undefined;
    if (!isRelayed(peer)) return;
    const delayMs = RETRIES_MS[peer.failures++];
    if (delayMs !== undefined) this.leadSoon(now, peer, delayMs);
  }

  #schedule(now: Instant, peer: TraversalPeer, attempt: Attempt, delayMs: number, theirs: Side): void {
    const own = this.#side(now, peer);
    const addresses = placesToTry(own, theirs);
    const places = this.#outlook.links.flatMap((link) =>
      addresses.map((address) => ({ kind: 'direct', link, address }) as const),
    );
    attempt.schedule(now + delayMs, places, planBirthday(own, theirs, this.#outlook.linkWithDoors));
    if (attempt.wantsWitness) this.#witnesses.ask(peer);
  }

  #ownFields(now: Instant, peer: TraversalPeer): Pick<Punch, 'nat' | 'step' | 'endpoints'> {
    const side = this.#side(now, peer);
    const endpoints = encodeEndpoints(side.endpoints, FIELD_TYPES.endpoints.max);
    return { nat: encodeNat(side), step: side.step, endpoints };
  }

  /** Random ports are close to each other now and then, by chance: what looked like an order may be none. */
  #side(now: Instant, { failures }: TraversalPeer): Side {
    const side = this.#outlook.side();
    const isDoubtful = side.mapping === 'predictable' && failures % 2 === 1;
    const own: Side = isDoubtful ? { ...side, mapping: 'random', step: 0 } : side;
    return now - this.#birthdayAt < BIRTHDAY_EVERY_MS ? { ...own, doors: 0 } : own;
  }

  /** Each end may take another one of two sessions for the newer (SPEC §7.2). */
  #isOf({ keys, formerKeys }: TraversalPeer, bytes: Uint8Array): boolean {
    if (isProbeAuthentic(this.#suite, keys.hopReceive, bytes)) return true;
    return formerKeys !== undefined && isProbeAuthentic(this.#suite, formerKeys.hopReceive, bytes);
  }

  #probe(now: Instant, peer: TraversalPeer, { id }: Attempt, { link, address, index: place }: Place): void {
    const probe = { attempt: id, place, isAnswer: false };
    const bytes = encodeProbe(this.#suite, peer.keys.hopSend, probe);
    this.#transmit(now, { kind: 'direct', link, address }, bytes);
  }

  #probeDoors(now: Instant, peer: TraversalPeer, attempt: Attempt): void {
    const vias = attempt.takeDoors(now, this.#random);
    if (vias.length === 0) return;
    this.#birthdayAt = now;
    const probe = { attempt: attempt.id, place: ANYWHERE, isAnswer: false };
    const bytes = encodeProbe(this.#suite, peer.keys.hopSend, probe);
    for (const via of vias) this.#transmit(now, via, bytes);
  }

  #answer(now: Instant, peer: TraversalPeer, attempt: Attempt, via: DirectVia, place: number): void {
    const answer = { attempt: attempt.id, place, isAnswer: true };
    this.#transmit(now, via, encodeProbe(this.#suite, peer.keys.hopSend, answer));
    const again = attempt.heard(now, via);
    if (again !== undefined) this.#probe(now, peer, attempt, again);
  }

  #onAnswer(now: Instant, peer: TraversalPeer, attempt: Attempt, via: DirectVia, index: number): void {
    const place = attempt.answered(now, via, index);
    if (place === undefined) return;
    peer.provenAt = via;
    const roundTripMs = place.count === 1 ? now - place.sentAt : undefined;
    this.#out.push({ kind: 'proven', session: peer.session, via, roundTripMs });
  }

  #transmit(now: Instant, via: DirectVia, bytes: Uint8Array): void {
    this.#witnesses.visit(now, via);
    this.#out.push({ kind: 'transmit', via, bytes });
  }

  #drop(via: DirectVia, reason: Extract<TraversalOutput, { kind: 'dropped' }>['reason']): void {
    this.#out.push({ kind: 'dropped', via, reason });
  }
}

function patienceMs({ roundTripMs }: TraversalPeer): number {
  return Math.max(PATIENCE_MIN_MS, 2 * (roundTripMs ?? ROUND_TRIP_GUESS_MS));
}
