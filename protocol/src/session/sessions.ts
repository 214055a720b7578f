/**
 * All sessions of a node (SPEC §7): finds the session a packet belongs to, opens new ones in either role,
 * keeps tickets and budgets. One association per peer; what a peer sends can only ever reach its own.
 *
 * Which via a session uses is not decided here: the owner sets it with `path` after `opened` and `heard`.
 */
import type { CryptoSuite } from '../crypto/suite.js';
import type { Identity } from '../identity/identity.js';
import type { NetworkKey } from '../identity/network.js';
import { compareBytes, equalBytes } from '../kernel/bytes.js';
import type { CloseCode, DropReason } from '../kernel/fault.js';
import type { NodeKey, Via } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { DAY_MS, HOUR_MS, type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import { LONG_CONNECTION_ID_MIN } from '../packet/connection-id.js';
import { classify } from '../packet/first-byte.js';
import { decodeH1, decodeH3, type H1Packet } from '../packet/handshake.js';
import type { Message } from '../packet/message.js';
import { decodeSessionHeader } from '../packet/session-header.js';
import { decodeUnknown, encodeUnknown } from '../packet/unknown.js';
import { Admission, Budget, type Provisional } from './admission.js';
import type { Association } from './association.js';
import { ConnectionIds } from './connection-ids.js';
import { type Finished, type HandshakeSelf, Reply } from './handshake.js';
import { Keyring } from './keyring.js';
import type { Step } from './opening.js';
import { type OpeningResult, Openings } from './openings.js';
import type { SessionOutput } from './output.js';
import { type Owner, Registry } from './registry.js';
import { Resumption } from './resumption.js';
import { Session } from './session.js';
import { Wanted } from './wanted.js';

/** Packets over links with at most this MTU have short headers and tags (SPEC §7.4). */
export const SHORT_MTU = 255;
const SPARE_COUNT = 2;
/** A session gets keys from a new Diffie-Hellman after this long. */
const FULL_AGE_MS = 7 * DAY_MS;
const RENEW_CHECK_MS = HOUR_MS;
/** Nothing waits for it, so a slow path gets time. */
const RENEW_PATIENCE_MS = 2 * SECOND_MS;
/** Packets of unknown sessions that are answered. */
const UNKNOWN_PER_SECOND_MAX = 10;

export type SessionInput =
  /** `mtu`: of the link it came over. Bytes are borrowed. */
  | { readonly kind: 'packet'; readonly via: Via; readonly bytes: Uint8Array; readonly mtu: number }
  /** A key that KK handshakes may come from. */
  | {
      readonly kind: 'learn';
      readonly publicKey: Uint8Array;
      /** Anybody in the network may have said so: it makes room for what is proved. */
      readonly isHint?: boolean;
    }
  | {
      readonly kind: 'open';
      readonly peer: NodeKey;
      readonly via: Via;
      readonly patienceMs: number;
      readonly mtu: number;
    }
  | {
      readonly kind: 'greet';
      readonly via: Via;
      readonly patienceMs: number;
      readonly mtu: number;
      /** One packet, until somebody answers: the address may be that of anybody. */
      readonly isHearsay?: boolean;
    }
  | {
      readonly kind: 'send';
      readonly peer: NodeKey;
      readonly message: Message;
      readonly delivery: 'datagram' | 'reliable';
      readonly tag?: number | undefined;
    }
  | {
      readonly kind: 'sendVia';
      readonly session: number;
      readonly via: Via;
      /** Undefined: a packet with nothing in it. */
      readonly message: Message | undefined;
      readonly mtu: number;
    }
  | { readonly kind: 'path'; readonly session: number; readonly via: Via | undefined; readonly mtu: number }
  | { readonly kind: 'close'; readonly peer: NodeKey; readonly code: CloseCode }
  /** The peer is no neighbor any more: routes that it was not told yet are not told. */
  | { readonly kind: 'retractRoutes'; readonly peer: NodeKey }
  | { readonly kind: 'persisted'; readonly key: string }
  | { readonly kind: 'wallClock'; readonly unixMs: number }
  | { readonly kind: 'timeout' };

export interface SessionTableOptions {
  readonly now: Instant;
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly network: NetworkKey;
  readonly random: Random;
  readonly limits: Limits;
  readonly restored: ReadonlyMap<string, Uint8Array>;
  /** Ours, encoded (SPEC §5.5); undefined when nobody has issued one. */
  readonly certificate?: Uint8Array | undefined;
}

/** How a session came to be. */
interface Arrival {
  readonly via: Via;
  /** H3, to be sent before the first packet. */
  readonly preface: Uint8Array | undefined;
  readonly isResumed: boolean;
}

export class SessionTable implements Machine<SessionInput, SessionOutput> {
  readonly #self: HandshakeSelf;
  readonly #random: Random;
  readonly #replayWidth: 64 | 256;
  readonly #out = new Outbox<SessionOutput>();
  readonly #admission: Admission;
  readonly #resumption: Resumption;
  readonly #registry: Registry;
  readonly #keyring: Keyring;
  readonly #openings: Openings;
  readonly #wanted: Wanted;
  readonly #ids: ConnectionIds;
  readonly #unknownBudget: Budget;
  #now: Instant;
  /** When sessions are next looked through for old keys. */
  #renewAt: Instant;

  constructor(options: SessionTableOptions) {
    const { now, suite, identity, network, random, limits, restored, certificate } = options;
    this.#self = { suite, identity, network, certificate };
    this.#random = random;
    this.#replayWidth = limits.receiveWindow > 64 ? 256 : 64;
    this.#now = now;
    this.#renewAt = now + RENEW_CHECK_MS;
    this.#registry = new Registry(random, limits, this.#out);
    this.#admission = new Admission(this.#self, random, limits, now);
    this.#unknownBudget = new Budget(UNKNOWN_PER_SECOND_MAX, now);
    this.#resumption = new Resumption(this.#self, random, limits.sessionCountMax, this.#out);
    this.#keyring = new Keyring(this.#self, limits.recordCountMax + limits.sessionCountMax);
    const shared = { self: this.#self, random, out: this.#out, limits };
    this.#openings = new Openings({ ...shared, resumption: this.#resumption });
    this.#wanted = new Wanted(this.#out);
    this.#ids = new ConnectionIds(random, [this.#registry, this.#admission, this.#openings]);
    for (const publicKey of this.#resumption.restore(restored)) {
      this.#learn(publicKey);
      this.#keyring.acquaint(this.#keyring.nodeKey(publicKey));
    }
  }

  handleInput(now: Instant, input: SessionInput): void {
    this.#now = now;
    switch (input.kind) {
      case 'packet':
        return this.#onPacket(now, input.via, input.bytes, input.mtu);
      case 'learn':
        return this.#learn(input.publicKey, input.isHint === true);
      case 'open':
        return this.#open(now, input);
      case 'greet':
        return this.#greet(now, input);
      case 'send':
        return this.#send(now, input);
      case 'sendVia': {
        const { session, via, message, mtu } = input;
        return this.#registry.byNumber(session)?.sendVia(now, via, message, isShort(via, mtu));
      }
      case 'path':
        return this.#onPath(now, input.session, input.via, input.mtu);
      case 'close':
        this.#wanted.done(input.peer);
        return this.#registry.close(now, input.peer, input.code);
      case 'retractRoutes':
        return this.#registry.peers.get(input.peer)?.retractRoutes();
      case 'persisted':
        return this.#resumption.persisted(input.key);
      case 'wallClock':
        return this.#resumption.setClock(input.unixMs);
      case 'timeout':
        return this.#onTimeout(now);
    }
  }

  /** Whether a session can be opened with that peer and not only with whoever is somewhere. */
  knows(peer: NodeKey): boolean {
    return this.#keyring.has(peer);
  }

  publicKeyOf(peer: NodeKey): Uint8Array | undefined {
    return this.#keyring.get(peer);
  }

  pollOutput(): SessionOutput | undefined {
    if (this.#out.isEmpty) this.#registry.flush(this.#now);
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    const opening = earlier(this.#openings.pollTimeout(), this.#wanted.pollTimeout());
    const renewAt = this.#registry.peers.size > 0 ? this.#renewAt : undefined;
    return earlier(earlier(this.#registry.deadline, renewAt), opening);
  }

  #onPacket(now: Instant, via: Via, bytes: Uint8Array, mtu: number): void {
    const reason = this.#dispatch(now, via, bytes, mtu);
    if (reason !== undefined) this.#out.push({ kind: 'dropped', via, reason });
  }

  #dispatch(now: Instant, via: Via, bytes: Uint8Array, mtu: number): DropReason | undefined {
    const kind = bytes.length === 0 ? undefined : classify(bytes[0] as number);
    switch (kind) {
      case 'session':
        return this.#onSessionPacket(now, via, bytes, mtu);
      case 'h1':
        return this.#onH1(now, via, bytes, mtu);
      case 'h2':
        return this.#onAnswer(now, this.#openings.onH2(now, bytes));
      case 'h3':
        return this.#onH3(now, bytes);
      case 'retry':
        return this.#openings.onRetry(now, bytes);
      case 'resume':
        return this.#onResume(now, via, bytes);
      case 'resumeAck':
        return this.#onAnswer(now, this.#openings.onResumeAck(bytes));
      case 'resumeFloor':
        return this.#resumption.onFloor(bytes);
      case 'unknown':
        return this.#onUnknown(now, via, bytes);
      default:
        return 'unknownType';
    }
  }

  // §7.4 transport packets

  #onSessionPacket(now: Instant, via: Via, bytes: Uint8Array, mtu: number): DropReason | undefined {
    const packet = decodeSessionHeader(bytes);
    if (typeof packet === 'string') return packet;
    const maySkimp = isShort(via, mtu);
    let owner = this.#registry.byConnection(packet.connection);
    if (owner === undefined) {
      const provisional = this.#admission.find(now, packet.connection);
      if (provisional?.session?.wouldOpen(packet, maySkimp) !== true) {
        return this.#answerUnknown(now, via, packet.connection);
      }
      owner = this.#promote(now, provisional, provisional.session);
      if (owner === undefined) return 'overLimit';
    }
    const { association, session } = owner;
    const reason = association.receive(now, via, session, packet, bytes.length, maySkimp);
    this.#registry.touch(association);
    if (association.isClosedByPeer) {
      this.#wanted.done(association.peer);
      this.#registry.forget(association);
    }
    return reason;
  }

  /** Whoever sends here has not noticed that this node forgot the session; it finds out by itself. */
  #answerUnknown(now: Instant, via: Via, connection: number): DropReason {
    if (this.#unknownBudget.take(now, 1)) this.#transmit(via, encodeUnknown(connection));
    return 'unknownConnection';
  }

  /** A hint that anybody can forge: the path is doubted, and two PINGs show whether rightly. */
  #onUnknown(now: Instant, via: Via, bytes: Uint8Array): DropReason | undefined {
    const packet = decodeUnknown(bytes);
    if (typeof packet === 'string') return packet;
    for (const association of this.#registry.peers.values()) {
      if (!association.isSendingTo(via, packet.connection)) continue;
      if (!association.mayDoubt(now)) return 'overLimit';
      this.#out.push({ kind: 'suspect', session: association.number });
      return undefined;
    }
    return 'unexpected';
  }

  // §7.2 handshake, responder

  #onH1(now: Instant, via: Via, bytes: Uint8Array, mtu: number): DropReason | undefined {
    const h1 = decodeH1(bytes);
    if (typeof h1 === 'string') return h1;
    const repeated = this.#admission.findRepeated(now, via, h1);
    const again = repeated && this.#admission.answerAgain(now, via, h1, repeated);
    if (again !== undefined) return this.#transmit(via, again);
    if (this.#openings.outrank(h1, via, undefined)) return 'unexpected';
    const remote = h1.maskedKey === undefined ? undefined : this.#keyring.unmask(h1, h1.maskedKey);
    if (h1.pattern === 'KK' && remote === undefined) return 'unknownKey';
    const verdict = this.#admission.admit(now, via, h1);
    if (verdict instanceof Uint8Array) return this.#transmit(via, verdict);
    if (verdict !== 'admit') return verdict;
    const e = this.#self.suite.dhKeyPair(randomBytes(this.#random, 32));
    const reply = Reply.to(this.#self, h1, this.#ids.choose(isShort(via, mtu)), e, remote);
    return typeof reply === 'string' ? reply : this.#answer(now, via, h1, reply);
  }

  #answer(now: Instant, via: Via, h1: H1Packet, reply: Reply): DropReason | undefined {
    const theirs = reply.finished()?.publicKey;
    if (theirs !== undefined && this.#isOwn(theirs)) return 'unexpected';
    const peer = theirs === undefined ? undefined : this.#keyring.nodeKey(theirs);
    if (this.#openings.outrank(h1, via, peer)) return 'unexpected';
    this.#openings.yieldTo(now, via, peer);
    const provisional = this.#admission.add(now, via, reply.connection, reply);
    const { finished } = provisional;
    if (finished !== undefined) this.#prepare(now, provisional, reply.initiator, finished);
    return this.#transmit(via, reply.packet);
  }

  #onH3(now: Instant, bytes: Uint8Array): DropReason | undefined {
    const h3 = decodeH3(bytes);
    if (typeof h3 === 'string') return h3;
    const provisional = this.#admission.find(now, h3.responder);
    if (provisional?.reply === undefined || provisional.finished !== undefined) return 'unexpected';
    const finished = provisional.reply.confirm(h3);
    if (finished === undefined || this.#isOwn(finished.publicKey)) return 'authentication';
    this.#admission.confirm(provisional, finished);
    this.#prepare(now, provisional, provisional.reply.initiator, finished);
    return undefined;
  }

  #onResume(now: Instant, via: Via, bytes: Uint8Array): DropReason | undefined {
    const connection = this.#ids.choose(false);
    const accepted = this.#resumption.onResume(now, bytes, connection);
    if (accepted.kind === 'dropped') return accepted.reason;
    if (accepted.kind === 'refused') return this.#transmit(via, accepted.floor);
    const provisional = this.#admission.add(now, via, connection, undefined);
    this.#prepare(now, provisional, accepted.resumer, accepted);
    return this.#transmit(via, accepted.acknowledgement);
  }

  /** Keys are known; the first packet that opens under them makes the session real. */
  #prepare(now: Instant, provisional: Provisional, remoteConnection: number, finished: Finished): void {
    provisional.finished = finished;
    provisional.session = this.#newSession(now, finished, provisional.connection, remoteConnection);
  }

  #promote(now: Instant, provisional: Provisional, session: Session): Owner | undefined {
    const { finished, via } = provisional;
    this.#admission.remove(provisional);
    if (finished === undefined) return undefined;
    const isResumed = provisional.reply === undefined;
    const arrival = { via, preface: undefined, isResumed };
    const association = this.#establish(now, finished, session, arrival);
    return association === undefined ? undefined : { association, session };
  }

  // §7.2 handshake, initiator

  #open(now: Instant, { peer, via, patienceMs, mtu }: Extract<SessionInput, { kind: 'open' }>): void {
    const publicKey = this.#keyring.get(peer);
    if (publicKey === undefined || peer === this.#self.identity.key) return;
    const isAwaited = this.#keyring.isAcquainted(peer) || this.#registry.peers.get(peer)?.isWaiting === true;
    if (!this.#openings.makeWay(peer, via) || !this.#openings.makeRoom(now, !isAwaited)) return;
    const steps: Step[] = ['IK', 'XX'];
    if (this.#keyring.isAcquainted(peer)) steps.unshift('KK');
    const mayResume = this.#resumption.mayResume(peer);
    if (mayResume) steps.unshift('RESUME');
    const connection = this.#ids.choose(isShort(via, mtu) && !mayResume);
    const target = { peer, publicKey };
    this.#openings.begin(now, connection, { via, patienceMs, steps, target, isStranger: !isAwaited });
  }

  #greet(now: Instant, greet: Extract<SessionInput, { kind: 'greet' }>): void {
    const { via, patienceMs, mtu, isHearsay = false } = greet;
    if (this.#openings.isVia(via) || !this.#openings.makeRoom(now, false)) return;
    const connection = this.#ids.choose(isShort(via, mtu));
    const steps = ['XX'] as const;
    const options = { via, patienceMs, steps, target: undefined, isStranger: false, isHearsay };
    this.#openings.begin(now, connection, options);
  }

  #onAnswer(now: Instant, answer: OpeningResult | DropReason): DropReason | undefined {
    if (typeof answer === 'string') return answer;
    if (this.#isOwn(answer.publicKey)) return 'unexpected';
    const session = this.#newSession(now, answer, answer.localConnection, answer.remoteConnection);
    const { via, confirmation: preface, isResumed } = answer;
    this.#establish(now, answer, session, { via, preface, isResumed });
    return undefined;
  }

  // Life of an association

  #establish(
    now: Instant,
    finished: Finished,
    session: Session,
    { via, preface, isResumed }: Arrival,
  ): Association | undefined {
    const { keys, publicKey, certificate } = finished;
    const peer = this.#keyring.nodeKey(publicKey);
    this.#learn(publicKey);
    const association = this.#registry.obtain(now, peer);
    if (association === undefined) return undefined;
    const isShortId = (session.localConnections[0] as number) < LONG_CONNECTION_ID_MIN;
    while (session.localConnections.length <= SPARE_COUNT) {
      const spare = this.#ids.choose(isShortId);
      if (!session.localConnections.includes(spare)) session.localConnections.push(spare);
    }
    this.#registry.enter(association, session, association.adopt(now, session, preface));
    if (certificate !== undefined) association.certificate = certificate;
    if (!isResumed || association.fullSince === undefined) association.fullSince = now;
    this.#keyring.acquaint(peer);
    this.#wanted.done(peer);
    this.#resumption.issue(finished);
    const opened = { kind: 'opened', session: association.number, peer, via, keys } as const;
    this.#out.push({ ...opened, publicKey });
    this.#openings.endTo(peer, via);
    this.#registry.touch(association);
    return association;
  }

  #send(now: Instant, { peer, message, delivery, tag }: Extract<SessionInput, { kind: 'send' }>): void {
    const association = this.#keyring.has(peer) ? this.#registry.obtain(now, peer) : undefined;
    if (association !== undefined) this.#wanted.note(association, message.kind);
    if (association?.send(now, message, delivery, tag) !== true) {
      if (tag !== undefined) this.#out.push({ kind: 'settled', tag, ok: false });
      return;
    }
    this.#registry.touch(association);
    this.#wantIfWaiting(now, association);
  }

  #onPath(now: Instant, number: number, via: Via | undefined, mtu: number): void {
    const association = this.#registry.byNumber(number);
    if (association === undefined) return;
    association.setVia(now, via, mtu, via !== undefined && isShort(via, mtu));
    this.#registry.touch(association);
    this.#wantIfWaiting(now, association);
  }

  #onTimeout(now: Instant): void {
    this.#admission.expire(now);
    for (const peer of this.#openings.onTimeout(now)) {
      const association = this.#registry.peers.get(peer);
      if (association !== undefined && this.#wanted.isMissing(association)) this.#wanted.failed(now, peer);
    }
    this.#wanted.onTimeout(now, this.#registry.peers);
    for (const association of this.#registry.onTimeout(now)) {
      // The peer never confirmed these keys: what waits goes over new ones.
      this.#registry.strip(association);
      this.#wantIfWaiting(now, association);
    }
    if (this.#renewAt <= now) this.#renew(now);
  }

  /**
   * Keys that live for a week come from a new Diffie-Hellman then (§7.6): the lower key opens, the other
   * later.
   */
  #renew(now: Instant): void {
    this.#renewAt = now + RENEW_CHECK_MS;
    for (const { peer, fullSince, via } of this.#registry.peers.values()) {
      const publicKey = this.#keyring.get(peer);
      if (publicKey === undefined) continue;
      const isFirst = compareBytes(this.#self.identity.publicKey, publicKey) < 0;
      const ageMs = isFirst ? FULL_AGE_MS : FULL_AGE_MS + 2 * RENEW_CHECK_MS;
      if (fullSince === undefined || now - fullSince < ageMs || via === undefined) continue;
      if (this.#openings.isTo(peer) || !this.#openings.makeRoom(now, false)) continue;
      const target = { peer, publicKey };
      const options = { via, patienceMs: RENEW_PATIENCE_MS, target, isStranger: false };
      this.#openings.begin(now, this.#ids.choose(false), { ...options, steps: ['KK', 'IK'] });
    }
  }

  /** Asks the owner for a way to a peer that something waits for, unless that is under way. */
  #wantIfWaiting(now: Instant, association: Association): void {
    if (!this.#wanted.isMissing(association)) return;
    if (!this.#openings.isTo(association.peer)) this.#wanted.want(now, association.peer);
  }

  #learn(publicKey: Uint8Array, isHint = false): void {
    this.#keyring.learn(publicKey, isHint, this.#registry.peers);
  }

  #isOwn(publicKey: Uint8Array): boolean {
    return equalBytes(publicKey, this.#self.identity.publicKey);
  }

  #newSession(now: Instant, { keys }: Finished, localConnection: number, remoteConnection: number): Session {
    const replayWidth = this.#replayWidth;
    return new Session({ keys, localConnection, remoteConnection, now, replayWidth });
  }

  #transmit(via: Via, bytes: Uint8Array): undefined {
    this.#out.push({ kind: 'transmit', via, bytes });
    return undefined;
  }
}

function isShort(via: Via, mtu: number): boolean {
  return via.kind === 'direct' && mtu <= SHORT_MTU;
}
