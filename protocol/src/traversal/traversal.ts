/**
 * Direct paths through boxes that translate addresses (SPEC §8.5): what others see of this node, attempts
 * with peers that are reached by way of others, and what keeps the paths that came of it. Everything that
 * goes to an address nobody proved is counted here.
 */
import type { CryptoSuite } from '../crypto/suite.js';
import { unreachable } from '../kernel/assert.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DirectVia, LinkId, LinkInfo, NodeKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow, randomBytes } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { encodeEndpoints } from '../packet/endpoint.js';
import type { Punch, Sync } from '../packet/message.js';
import { ATTEMPT_BYTES, decodeProbe, encodeProbe, isProbeAuthentic } from '../packet/probe.js';
import { Attempt, type Place } from './attempt.js';
import type { TraversalInput, TraversalOutput } from './doors.js';
import { Keeper } from './keeper.js';
import { Outlook } from './outlook.js';
import { isRelayed, newTraversalPeer, type TraversalPeer, wakeOf } from './peer.js';
import { decodeSide, encodeNat, placesToTry, type Side } from './side.js';

/** The end with the greater id leaves the lead to the other one for so long. */
const YIELD_MS = 500;
/** So long an attempt waits for the round trip to be known. */
const MEASURE_MS = 500;
const ROUND_TRIP_GUESS_MS = 200;
const PATIENCE_MIN_MS = 300;
/** After a failure there is one more attempt, then none until something changes. */
const RETRY_MS = MINUTE_MS;
const FAILURES_MAX = 2;
/** After a direct path was lost: 1, 4, 16 ... s; those that lasted longer than ten minutes do not count. */
const UPGRADE_MS = SECOND_MS;
const UPGRADE_MS_MAX = 5 * MINUTE_MS;
const LASTING_MS = 10 * MINUTE_MS;
/** Attempts of one peer that are followed. */
const FOLLOW_EVERY_MS = 2 * SECOND_MS;
const WAIT_MS_MAX = 5 * SECOND_MS;

type InputOf<Kind extends TraversalInput['kind']> = Extract<TraversalInput, { readonly kind: Kind }>;

export interface TraversalOptions {
  readonly self: NodeKey;
  readonly suite: CryptoSuite;
  readonly random: Random;
}

export class Traversal implements Machine<TraversalInput, TraversalOutput> {
  readonly #self: NodeKey;
  readonly #suite: CryptoSuite;
  readonly #random: Random;
  readonly #out = new Outbox<TraversalOutput>();
  readonly #peers = new Map<number, TraversalPeer>();
  readonly #outlook: Outlook;
  readonly #keeper: Keeper;
  #wakeAt: Instant | undefined;

  constructor({ self, suite, random }: TraversalOptions) {
    this.#self = self;
    this.#suite = suite;
    this.#random = random;
    this.#outlook = new Outlook(this.#peers, this.#out);
    this.#keeper = new Keeper(this.#outlook, this.#out);
  }

  handleInput(now: Instant, input: TraversalInput): void {
    switch (input.kind) {
      case 'linkUp':
        this.#onLinkUp(input.link, input.info);
        break;
      case 'linkDown':
        this.#outlook.remove(input.link);
        break;
      case 'probe':
        this.#onProbe(now, input.via, input.bytes);
        break;
      case 'opened':
        this.#onOpened(input);
        break;
      case 'timeout':
        this.#onTimeout(now);
        break;
      default: {
        const peer = this.#peers.get(input.session);
        if (peer !== undefined) this.#onPeer(now, peer, input);
      }
    }
    this.#setClock();
  }

  pollOutput(): TraversalOutput | undefined {
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    return this.#wakeAt;
  }

  /** A packet of the session went out by its direct path. */
  sent(now: Instant, session: number): void {
    const peer = this.#peers.get(session);
    if (peer?.keepalive === undefined || !this.#keeper.sent(now, peer.keepalive)) return;
    this.#wakeAt = earlier(this.#wakeAt, now);
  }

  #onLinkUp(link: LinkId, info: LinkInfo): void {
    if (info.cast !== 'address' || info.flow !== 'datagram') return;
    this.#outlook.add(link, info.addresses ?? []);
  }

  #onOpened({ session, peer: key, keys }: InputOf<'opened'>): void {
    const known = this.#peers.get(session);
    if (known?.key === key) known.keys = keys;
    else this.#peers.set(session, newTraversalPeer(session, key, keys));
  }

  #onPeer(
    now: Instant,
    peer: TraversalPeer,
    input: Exclude<Extract<TraversalInput, { readonly session: number }>, InputOf<'opened'>>,
  ): void {
    switch (input.kind) {
      case 'attached':
        peer.isAttached = true;
        if (isRelayed(peer)) this.#leadSoon(now, peer, 0);
        return;
      case 'closed':
        this.#peers.delete(input.session);
        return;
      case 'path':
        return this.#onPath(now, peer, input);
      case 'roundTrip':
        return onRoundTrip(now, peer, input.ms);
      case 'message':
        return this.#onMessage(now, peer, input.message);
      case 'pong':
        return this.#onPong(now, peer, input);
      default:
        unreachable(input);
    }
  }

  // Paths

  #onPath(now: Instant, peer: TraversalPeer, { via, isValid }: InputOf<'path'>): void {
    const before = peer.via;
    peer.via = via;
    const isDirect = via?.kind === 'direct';
    if (isDirect) peer.nextAt = undefined;
    if (isDirect && isValid) {
      peer.directSince ??= now;
      this.#keeper.begin(now, peer, via);
      return;
    }
    peer.keepalive = undefined;
    if (via?.kind !== 'relayed' || before?.kind === 'relayed') return;
    const wasDirect = peer.directSince !== undefined;
    if (peer.directSince !== undefined && now - peer.directSince > LASTING_MS) peer.losses = 0;
    peer.directSince = undefined;
    peer.failures = 0;
    const delayMs = wasDirect ? Math.min(UPGRADE_MS_MAX, UPGRADE_MS << (2 * Math.min(peer.losses++, 5))) : 0;
    if (peer.isAttached) this.#leadSoon(now, peer, delayMs);
  }

  #onPong(now: Instant, peer: TraversalPeer, pong: InputOf<'pong'>): void {
    const isElsewhere = this.#outlook.note(now, peer, pong.via, pong.observed);
    this.#keeper.answered(peer, pong.token, isElsewhere);
    if (!isElsewhere) return;
    for (const other of this.#peers.values()) if (other !== peer) this.#onMoved(now, other, pong.via.link);
  }

  /**
   * This node has another address: what boxes remembered is gone, and what failed is worth another attempt.
   */
  #onMoved(now: Instant, peer: TraversalPeer, link: LinkId): void {
    const { keepalive, session } = peer;
    if (keepalive !== undefined && keepalive.via.link === link) {
      if (keepalive.isTester) keepalive.isPingDue = true;
      else this.#out.push({ kind: 'suspect', session });
    }
    if (!isRelayed(peer)) return;
    peer.failures = 0;
    this.#leadSoon(now, peer, SECOND_MS + randomBelow(this.#random, SECOND_MS));
  }

  #leadSoon(now: Instant, peer: TraversalPeer, delayMs: number): void {
    const yieldMs = this.#self < peer.key ? 0 : YIELD_MS;
    const measureMs = peer.roundTripMs === undefined ? MEASURE_MS : 0;
    peer.nextAt = now + delayMs + yieldMs + measureMs;
  }

  // Attempts

  #onTimeout(now: Instant): void {
    for (const peer of this.#peers.values()) {
      if (isRelayed(peer) && peer.nextAt !== undefined && peer.nextAt <= now) this.#lead(now, peer);
      const { attempt } = peer;
      if (attempt?.wakeAt !== undefined && attempt.wakeAt <= now) this.#onAttempt(now, peer, attempt);
      this.#keeper.onTimeout(now, peer);
    }
  }

  #lead(now: Instant, peer: TraversalPeer): void {
    peer.nextAt = undefined;
    const isUnderWay = peer.attempt !== undefined && peer.attempt.state.kind !== 'ended';
    if (isUnderWay || this.#outlook.side().endpoints.length === 0) return;
    const id = randomBytes(this.#random, ATTEMPT_BYTES);
    const nextAt = now + patienceMs(peer);
    peer.attempt = new Attempt(id, peer.keys, { kind: 'asking', tries: 1, sentAt: now, nextAt });
    this.#sendPunch(peer, id);
  }

  #sendPunch(peer: TraversalPeer, attempt: Uint8Array): void {
    const roundTripMs = Math.min(0xffff, Math.round(peer.roundTripMs ?? 0));
    const message: Punch = { kind: 'punch', attempt, ...this.#ownFields(), roundTripMs };
    this.#out.push({ kind: 'send', session: peer.session, message });
  }

  #onAttempt(now: Instant, peer: TraversalPeer, attempt: Attempt): void {
    if (attempt.state.kind === 'asking') {
      if (attempt.askAgain(now, patienceMs(peer))) this.#sendPunch(peer, attempt.id);
    } else for (const place of attempt.timeout(now)) this.#probe(attempt, place);
    if (attempt.state.kind === 'ended') this.#onEnded(now, peer);
  }

  #onEnded(now: Instant, peer: TraversalPeer): void {
    peer.attempt = undefined;
    if (!isRelayed(peer)) return;
    peer.failures++;
    if (peer.failures < FAILURES_MAX) this.#leadSoon(now, peer, RETRY_MS);
  }

  #onMessage(now: Instant, peer: TraversalPeer, message: InputOf<'message'>['message']): void {
    switch (message.kind) {
      case 'punch':
        return this.#onPunch(now, peer, message);
      case 'sync':
        return this.#onSync(now, peer, message);
      default:
        return;
    }
  }

  /** Of two that ask each other the one with the lower id leads. */
  #onPunch(now: Instant, peer: TraversalPeer, punch: Punch): void {
    const theirs = decodeSide(punch);
    const current = peer.attempt;
    if (theirs === undefined || (current?.state.kind === 'asking' && this.#self < peer.key)) return;
    const isRepeated = current !== undefined && equalBytes(current.id, punch.attempt);
    if (isRepeated && (current.isLeader || current.state.kind === 'proven')) return;
    if (!isRepeated && now - peer.followedAt < FOLLOW_EVERY_MS) return;
    peer.followedAt = now;
    peer.nextAt = undefined;
    const roundTripMs = punch.roundTripMs || (peer.roundTripMs ?? ROUND_TRIP_GUESS_MS);
    const delayMs = Math.min(WAIT_MS_MAX, Math.ceil(roundTripMs / 2));
    const waiting = { kind: 'waiting', nextAt: now + delayMs } as const;
    const attempt = isRepeated ? current : new Attempt(copyBytes(punch.attempt), peer.keys, waiting);
    peer.attempt = attempt;
    attempt.schedule(now + delayMs, this.#places(theirs));
    const message: Sync = { kind: 'sync', attempt: punch.attempt, ...this.#ownFields(), delayMs };
    this.#out.push({ kind: 'send', session: peer.session, message });
  }

  /** The other end begins `delayMs` after it sent this: half a round trip has passed since. */
  #onSync(now: Instant, peer: TraversalPeer, sync: Sync): void {
    const { attempt } = peer;
    const theirs = decodeSide(sync);
    if (theirs === undefined || attempt?.state.kind !== 'asking') return;
    if (!equalBytes(attempt.id, sync.attempt)) return;
    const { tries, sentAt } = attempt.state;
    const roundTripMs = tries === 1 ? now - sentAt : (peer.roundTripMs ?? 2 * sync.delayMs);
    const delayMs = Math.min(WAIT_MS_MAX, Math.max(0, sync.delayMs - Math.floor(roundTripMs / 2)));
    attempt.schedule(now + delayMs, this.#places(theirs));
  }

  #places(theirs: Side): readonly DirectVia[] {
    const places = placesToTry(this.#outlook.side(), theirs);
    return this.#outlook.links.flatMap((link) =>
      places.map((address) => ({ kind: 'direct', link, address }) as const),
    );
  }

  #ownFields(): Pick<Punch, 'nat' | 'step' | 'endpoints'> {
    const { mapping, filtering, step, endpoints } = this.#outlook.side();
    return { nat: encodeNat(mapping, filtering), step, endpoints: encodeEndpoints(endpoints) };
  }

  #probe(attempt: Attempt, { link, address, index: place }: Place): void {
    const probe = { attempt: attempt.id, place, isAnswer: false };
    const bytes = encodeProbe(this.#suite, attempt.keys.hopSend, probe);
    this.#out.push({ kind: 'transmit', via: { kind: 'direct', link, address }, bytes });
  }

  #onProbe(now: Instant, via: DirectVia, bytes: Uint8Array): void {
    const probe = decodeProbe(bytes);
    if (typeof probe === 'string') return this.#drop(via, probe);
    for (const peer of this.#peers.values()) {
      const { attempt } = peer;
      if (attempt === undefined || !equalBytes(attempt.id, probe.attempt)) continue;
      if (!isProbeAuthentic(this.#suite, attempt.keys.hopReceive, bytes)) continue;
      if (probe.isAnswer) return this.#onAnswer(now, peer, attempt, via, probe.place);
      return this.#answer(now, attempt, via, probe.place);
    }
    this.#drop(via, 'unexpected');
  }

  #answer(now: Instant, attempt: Attempt, via: DirectVia, place: number): void {
    const answer = { attempt: attempt.id, place, isAnswer: true };
    this.#out.push({ kind: 'transmit', via, bytes: encodeProbe(this.#suite, attempt.keys.hopSend, answer) });
    const again = attempt.heard(now, via);
    if (again !== undefined) this.#probe(attempt, again);
  }

  #onAnswer(now: Instant, peer: TraversalPeer, attempt: Attempt, via: DirectVia, index: number): void {
    const place = attempt.answered(now, via, index);
    if (place === undefined) return;
    peer.provenAt = via;
    const roundTripMs = place.count === 1 ? now - place.sentAt : undefined;
    this.#out.push({ kind: 'proven', session: peer.session, via, roundTripMs });
  }

  #drop(via: DirectVia, reason: Extract<TraversalOutput, { kind: 'dropped' }>['reason']): void {
    this.#out.push({ kind: 'dropped', via, reason });
  }

  #setClock(): void {
    let soonest: Instant | undefined;
    for (const peer of this.#peers.values()) {
      soonest = earlier(soonest, wakeOf(peer));
      soonest = earlier(soonest, this.#keeper.wakeOf(peer));
    }
    this.#wakeAt = soonest;
  }
}

function onRoundTrip(now: Instant, peer: TraversalPeer, ms: number): void {
  if (peer.via?.kind !== 'relayed') return;
  if (peer.roundTripMs === undefined && peer.nextAt !== undefined) {
    peer.nextAt = Math.max(now, peer.nextAt - MEASURE_MS);
  }
  peer.roundTripMs = ms;
}

function patienceMs({ roundTripMs }: TraversalPeer): number {
  return Math.max(PATIENCE_MIN_MS, 2 * (roundTripMs ?? ROUND_TRIP_GUESS_MS));
}
