/**
 * All sessions of a node (SPEC §7): finds the session a packet belongs to, opens new ones in either role,
 * keeps tickets and budgets. One association per peer; what a peer sends can only ever reach its own.
 *
 * Which via a session uses is not decided here: the owner sets it with `path` after `opened` and `heard`.
 */
import { CborWriter } from '../cbor/writer.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { nodeIdOf, nodeKeyOf } from '../identity/id.js';
import { type Identity, isAcceptableKey } from '../identity/identity.js';
import type { NetworkKey } from '../identity/network.js';
import { compareBytes, copyBytes, equalBytes, toHex } from '../kernel/bytes.js';
import { CloseCode, type DropReason } from '../kernel/fault.js';
import type { NodeKey, Via } from '../kernel/link.js';
import { sameVia } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow, randomBytes, randomU32 } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import { LONG_CONNECTION_ID_MIN } from '../packet/connection-id.js';
import { classify } from '../packet/first-byte.js';
import {
  decodeH1,
  decodeH2,
  decodeH3,
  decodeRetry,
  type H1Packet,
  MASKED_KEY_BYTES,
  maskKey,
} from '../packet/handshake.js';
import type { Message } from '../packet/message.js';
import { decodeSessionHeader } from '../packet/session-header.js';
import { Admission, type Provisional } from './admission.js';
import { Association } from './association.js';
import { type Finished, type HandshakeSelf, Reply } from './handshake.js';
import { Opening, type OpeningTarget, type Step } from './opening.js';
import type { SessionOutput } from './output.js';
import { Resumption } from './resumption.js';
import { Session } from './session.js';

/** Packets over links with at most this MTU have short headers and tags (SPEC §7.4). */
export const SHORT_MTU = 255;
/** Ids of one byte are given out while fewer than this are in use. */
const SHORT_IDS_MAX = 128;
const SPARE_COUNT = 2;
/** A silent peer that nothing waits for may make room for another after this long. */
const IDLE_MS = MINUTE_MS;
/** Pauses between openings of a peer that does not answer while messages wait for it. */
const WANTED_MIN_MS = SECOND_MS;
const WANTED_MAX_MS = 30 * SECOND_MS;
/** Openings under way at once; each about 1 kB. */
const OPENING_COUNT_MAX = 32;

export type SessionInput =
  /** `mtu`: of the link it came over. Bytes are borrowed. */
  | { readonly kind: 'packet'; readonly via: Via; readonly bytes: Uint8Array; readonly mtu: number }
  /** A key that KK handshakes may come from. */
  | { readonly kind: 'learn'; readonly publicKey: Uint8Array }
  | {
      readonly kind: 'open';
      readonly peer: NodeKey;
      readonly via: Via;
      readonly patienceMs: number;
      readonly mtu: number;
    }
  | { readonly kind: 'greet'; readonly via: Via; readonly patienceMs: number; readonly mtu: number }
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
      readonly message: Message;
      readonly mtu: number;
    }
  | { readonly kind: 'path'; readonly session: number; readonly via: Via | undefined; readonly mtu: number }
  | { readonly kind: 'close'; readonly peer: NodeKey; readonly code: CloseCode }
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
}

export class SessionTable implements Machine<SessionInput, SessionOutput> {
  readonly #self: HandshakeSelf;
  readonly #random: Random;
  readonly #limits: Limits;
  readonly #out = new Outbox<SessionOutput>();
  readonly #scratch = new CborWriter();
  readonly #incarnation: number;
  readonly #admission: Admission;
  readonly #resumption: Resumption;
  readonly #associations = new Map<NodeKey, Association>();
  readonly #byNumber = new Map<number, Association>();
  readonly #byConnection = new Map<
    number,
    { readonly association: Association; readonly session: Session }
  >();
  /** Ed25519 keys by id, oldest first: who may use KK. */
  readonly #keys = new Map<NodeKey, Uint8Array>();
  /** Peers that had a session with us since they or we started, so that they know our key. */
  readonly #acquainted = new Set<NodeKey>();
  readonly #wanted = new Map<NodeKey, { at: Instant; waitMs: number }>();
  #openings: Opening[] = [];
  readonly #dirty = new Set<Association>();
  #nextNumber = 1;
  #now: Instant;
  /** Not later than the earliest deadline of any association; may be too early, never too late. */
  #associationDeadline: Instant | undefined;

  constructor(options: SessionTableOptions) {
    this.#self = { suite: options.suite, identity: options.identity, network: options.network };
    this.#random = options.random;
    this.#limits = options.limits;
    this.#now = options.now;
    this.#incarnation = Math.max(1, randomU32(options.random));
    this.#admission = new Admission(this.#self, options.random, options.limits, options.now);
    this.#resumption = new Resumption(this.#self, options.random, options.limits.sessionCountMax, this.#out);
    for (const publicKey of this.#resumption.restore(options.restored)) {
      this.#learn(publicKey);
      this.#acquainted.add(this.#nodeKey(publicKey));
    }
  }

  handleInput(now: Instant, input: SessionInput): void {
    this.#now = now;
    switch (input.kind) {
      case 'packet':
        return this.#onPacket(now, input.via, input.bytes, input.mtu);
      case 'learn':
        return this.#learn(input.publicKey);
      case 'open':
        return this.#open(now, input.peer, input.via, input.patienceMs, input.mtu);
      case 'greet':
        return this.#greet(now, input.via, input.patienceMs, input.mtu);
      case 'send':
        return this.#send(now, input.peer, input.message, input.delivery, input.tag);
      case 'sendVia':
        return this.#byNumber
          .get(input.session)
          ?.sendVia(now, input.via, input.message, isShort(input.via, input.mtu));
      case 'path':
        return this.#onPath(now, input.session, input.via, input.mtu);
      case 'close':
        return this.#close(now, input.peer, input.code);
      case 'persisted':
        return this.#resumption.persisted(input.key);
      case 'wallClock':
        return this.#resumption.setClock(input.unixMs);
      case 'timeout':
        return this.#onTimeout(now);
    }
  }

  pollOutput(): SessionOutput | undefined {
    if (this.#out.isEmpty && this.#dirty.size > 0) {
      for (const association of this.#dirty) {
        association.flush(this.#now);
        this.#associationDeadline = earlier(this.#associationDeadline, association.pollTimeout());
      }
      this.#dirty.clear();
    }
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    let soonest = this.#associationDeadline;
    for (const opening of this.#openings) soonest = earlier(soonest, opening.nextAt);
    for (const wanted of this.#wanted.values()) soonest = earlier(soonest, wanted.at);
    return soonest;
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
        return this.#onH2(now, via, bytes);
      case 'h3':
        return this.#onH3(now, bytes);
      case 'retry':
        return this.#onRetry(now, bytes);
      case 'resume':
        return this.#onResume(now, via, bytes);
      case 'resumeAck':
        return this.#onResumeAck(now, via, bytes);
      case 'resumeFloor':
        return this.#resumption.onFloor(bytes);
      default:
        return 'unknownType';
    }
  }

  // §7.4 transport packets

  #onSessionPacket(now: Instant, via: Via, bytes: Uint8Array, mtu: number): DropReason | undefined {
    const packet = decodeSessionHeader(bytes);
    if (typeof packet === 'string') return packet;
    const maySkimp = isShort(via, mtu);
    let entry = this.#byConnection.get(packet.connection);
    if (entry === undefined) {
      const provisional = this.#admission.find(packet.connection);
      if (provisional?.session?.wouldOpen(packet, maySkimp) !== true) return 'unknownConnection';
      entry = this.#promote(now, provisional, provisional.session);
      if (entry === undefined) return 'overLimit';
    }
    const reason = entry.association.receive(now, via, entry.session, packet, bytes.length, maySkimp);
    this.#dirty.add(entry.association);
    if (entry.association.isClosedByPeer) this.#forget(entry.association);
    return reason;
  }

  // §7.2 handshake, responder

  #onH1(now: Instant, via: Via, bytes: Uint8Array, mtu: number): DropReason | undefined {
    const h1 = decodeH1(bytes);
    if (typeof h1 === 'string') return h1;
    const repeated = this.#admission.findRepeated(now, via, h1);
    if (repeated?.reply !== undefined) return this.#transmit(via, repeated.reply.packet);
    if (this.#rivalWins(h1, (opening) => sameVia(opening.via, via))) return 'unexpected';
    const remote = h1.maskedKey === undefined ? undefined : this.#findMasked(h1, h1.maskedKey);
    if (h1.pattern === 'KK' && remote === undefined) return 'unknownKey';
    const verdict = this.#admission.admit(now, via, h1);
    if (verdict instanceof Uint8Array) return this.#transmit(via, verdict);
    if (verdict !== 'admit') return verdict;
    const e = this.#self.suite.dhKeyPair(randomBytes(this.#random, 32));
    const reply = Reply.to(this.#self, h1, this.#newConnection(isShort(via, mtu)), e, remote);
    if (typeof reply === 'string') return reply;
    return this.#answer(now, via, h1, reply);
  }

  #answer(now: Instant, via: Via, h1: H1Packet, reply: Reply): DropReason | undefined {
    const theirs = reply.finished()?.publicKey;
    if (theirs !== undefined && this.#isOwnKey(theirs)) return 'unexpected';
    const isRival = (opening: Opening): boolean =>
      sameVia(opening.via, via) || (theirs !== undefined && opening.target?.peer === this.#nodeKey(theirs));
    if (this.#rivalWins(h1, isRival)) return 'unexpected';
    // Both opened at once and theirs is the lower e. Ours waits, but does not end: theirs may be a replay (§7.1).
    for (const opening of this.#openings) if (isRival(opening)) opening.yield(now);
    const provisional = this.#admission.add(now, via, reply.connection, reply);
    if (provisional.finished !== undefined)
      this.#prepare(now, provisional, reply.initiator, provisional.finished);
    return this.#transmit(via, reply.packet);
  }

  #onH3(now: Instant, bytes: Uint8Array): DropReason | undefined {
    const h3 = decodeH3(bytes);
    if (typeof h3 === 'string') return h3;
    const provisional = this.#admission.find(h3.responder);
    if (provisional?.reply === undefined || provisional.finished !== undefined) return 'unexpected';
    const finished = provisional.reply.confirm(h3);
    if (finished === undefined || this.#isOwnKey(finished.publicKey)) return 'authentication';
    this.#prepare(now, provisional, provisional.reply.initiator, finished);
    return undefined;
  }

  /** Keys are known; the first packet that opens under them makes the session real. */
  #prepare(now: Instant, provisional: Provisional, remoteConnection: number, finished: Finished): void {
    provisional.finished = finished;
    provisional.session = this.#newSession(now, finished, provisional.connection, remoteConnection);
  }

  #promote(now: Instant, provisional: Provisional, session: Session) {
    const finished = provisional.finished;
    this.#admission.remove(provisional);
    if (finished === undefined) return undefined;
    const association = this.#establish(now, finished, session, provisional.via, undefined);
    return association === undefined ? undefined : { association, session };
  }

  /** True if we opened to the same peer at the same time and stay initiator, because our e is lower. */
  #rivalWins(h1: H1Packet, isRival: (opening: Opening) => boolean): boolean {
    const theirs = h1.noise.subarray(0, 32);
    return this.#openings.some((opening) => {
      const ours = opening.attempt?.ephemeral;
      return ours !== undefined && isRival(opening) && compareBytes(ours, theirs) < 0;
    });
  }

  #findMasked(h1: H1Packet, maskedKey: Uint8Array): Uint8Array | undefined {
    const { suite, network } = this.#self;
    const keyId = toHex(maskKey(suite, network.key, h1.noise.subarray(0, 32), maskedKey));
    for (const [peer, publicKey] of this.#keys) {
      if (peer.substring(0, 2 * MASKED_KEY_BYTES) === keyId) return publicKey;
    }
    return undefined;
  }

  // §7.2 handshake, initiator

  #onH2(now: Instant, via: Via, bytes: Uint8Array): DropReason | undefined {
    const h2 = decodeH2(bytes);
    if (typeof h2 === 'string') return h2;
    const opening = this.#openings.find((one) => one.connection === h2.initiator);
    if (opening?.attempt === undefined) return 'unexpected';
    if (opening.attempt.isWeary) return 'overLimit';
    const finished = opening.attempt.finish(h2);
    if (finished === undefined) {
      if (opening.attempt.isSpent) opening.skipStep(now);
      return 'authentication';
    }
    this.#openings = this.#openings.filter((one) => one !== opening);
    if (this.#isOwnKey(finished.publicKey)) return 'unexpected';
    const session = this.#newSession(now, finished, opening.connection, h2.responder);
    this.#establish(now, finished, session, via, finished.confirmation);
    return undefined;
  }

  #onRetry(now: Instant, bytes: Uint8Array): DropReason | undefined {
    const retry = decodeRetry(bytes);
    if (typeof retry === 'string') return retry;
    const opening = this.#openings.find((one) => one.connection === retry.initiator);
    if (opening?.attempt === undefined) return 'unexpected';
    opening.prove(now, retry.secretEpoch, retry.cookie);
    return undefined;
  }

  // §7.7 resumption

  #onResume(now: Instant, via: Via, bytes: Uint8Array): DropReason | undefined {
    const connection = this.#newConnection(false);
    const accepted = this.#resumption.onResume(now, bytes, connection);
    if (accepted.kind === 'dropped') return accepted.reason;
    if (accepted.kind === 'refused') return this.#transmit(via, accepted.floor);
    const provisional = this.#admission.add(now, via, connection, undefined);
    this.#prepare(now, provisional, accepted.resumer, accepted);
    return this.#transmit(via, accepted.acknowledgement);
  }

  #onResumeAck(now: Instant, via: Via, bytes: Uint8Array): DropReason | undefined {
    const answer = this.#resumption.onAcknowledgement(bytes, this.#openings);
    if (typeof answer === 'string') return answer;
    this.#openings = this.#openings.filter((one) => one !== answer.opening);
    const session = this.#newSession(now, answer, answer.opening.connection, answer.answerer);
    this.#establish(now, answer, session, via, undefined);
    return undefined;
  }

  // Life of an association

  #establish(now: Instant, finished: Finished, session: Session, via: Via, preface: Uint8Array | undefined) {
    const peer = this.#nodeKey(finished.publicKey);
    const association = this.#associationOf(now, peer, finished.publicKey);
    if (association === undefined) return undefined;
    const retired = association.adopt(now, session, preface);
    for (const connection of retired?.localConnections ?? []) this.#byConnection.delete(connection);
    while (session.localConnections.length <= SPARE_COUNT) {
      session.localConnections.push(
        this.#newConnection((session.localConnections[0] as number) < LONG_CONNECTION_ID_MIN),
      );
    }
    for (const connection of session.localConnections)
      this.#byConnection.set(connection, { association, session });
    association.send(
      { kind: 'spareConnections', connections: session.localConnections.slice(1) },
      'datagram',
      undefined,
    );
    this.#learn(finished.publicKey);
    this.#acquainted.add(peer);
    this.#wanted.delete(peer);
    this.#openings = this.#openings.filter(({ target, via: at }) =>
      target === undefined ? !sameVia(at, via) : target.peer !== peer,
    );
    this.#resumption.issue(finished);
    const keys = finished.keys;
    this.#out.push({
      kind: 'opened',
      session: association.number,
      peer,
      publicKey: association.publicKey,
      via,
      keys,
    });
    this.#dirty.add(association);
    return association;
  }

  #associationOf(now: Instant, peer: NodeKey, publicKey: Uint8Array): Association | undefined {
    const existing = this.#associations.get(peer);
    if (existing !== undefined) return existing;
    if (this.#associations.size >= this.#limits.sessionCountMax && !this.#makeRoom(now)) return undefined;
    const association = new Association(
      {
        number: this.#nextNumber++,
        peer,
        publicKey: copyBytes(publicKey),
        incarnation: this.#incarnation,
        limits: this.#limits,
        out: this.#out,
        scratch: this.#scratch,
      },
      now,
    );
    this.#associations.set(peer, association);
    this.#byNumber.set(association.number, association);
    return association;
  }

  /** The peer that was silent for longest goes, if nothing waits for it. */
  #makeRoom(now: Instant): boolean {
    let quietest: Association | undefined;
    for (const association of this.#associations.values()) {
      if (association.isWaiting || now - association.heardAt < IDLE_MS) continue;
      if (quietest === undefined || association.heardAt < quietest.heardAt) quietest = association;
    }
    if (quietest === undefined) return false;
    this.#close(now, quietest.peer, CloseCode.idle);
    return true;
  }

  #forget(association: Association): void {
    association.failAll();
    for (const session of association.sessions) {
      for (const connection of session.localConnections) this.#byConnection.delete(connection);
    }
    this.#associations.delete(association.peer);
    this.#byNumber.delete(association.number);
    this.#dirty.delete(association);
    this.#wanted.delete(association.peer);
    this.#out.push({ kind: 'closed', session: association.number, peer: association.peer });
  }

  #open(now: Instant, peer: NodeKey, via: Via, patienceMs: number, mtu: number): void {
    const publicKey = this.#keys.get(peer);
    if (publicKey === undefined || peer === this.#self.identity.key) return;
    if (this.#openings.some((opening) => opening.target?.peer === peer)) return;
    const steps: Step[] = ['IK', 'XX'];
    if (this.#acquainted.has(peer)) steps.unshift('KK');
    if (this.#resumption.mayResume(peer)) steps.unshift('RESUME');
    this.#begin(now, { via, patienceMs, steps, target: { peer, publicKey } }, mtu);
  }

  #greet(now: Instant, via: Via, patienceMs: number, mtu: number): void {
    if (this.#openings.some((opening) => sameVia(opening.via, via))) return;
    this.#begin(now, { via, patienceMs, steps: ['XX'], target: undefined }, mtu);
  }

  #begin(
    now: Instant,
    options: { via: Via; patienceMs: number; steps: readonly Step[]; target: OpeningTarget | undefined },
    mtu: number,
  ): void {
    if (this.#openings.length >= OPENING_COUNT_MAX) return;
    const mayBeShort = isShort(options.via, mtu) && options.steps[0] !== 'RESUME';
    const opening = new Opening(this.#self, this.#random, this.#newConnection(mayBeShort), options, now);
    this.#openings.push(opening);
    this.#advance(now, opening);
  }

  #advance(now: Instant, opening: Opening): void {
    const move = opening.advance(now);
    switch (move.kind) {
      case 'send':
        this.#transmit(opening.via, move.packet);
        return;
      case 'resume': {
        const packet = this.#resumption.resume(opening);
        if (packet !== undefined) this.#transmit(opening.via, packet);
        return;
      }
      case 'giveUp':
        return this.#giveUp(now, opening);
    }
  }

  #giveUp(now: Instant, opening: Opening): void {
    this.#openings = this.#openings.filter((one) => one !== opening);
    this.#out.push({ kind: 'unanswered', peer: opening.target?.peer, via: opening.via });
    if (opening.target === undefined) return;
    const { peer } = opening.target;
    if (this.#associations.get(peer)?.isWaiting !== true) return;
    const waitMs = Math.min(WANTED_MAX_MS, (this.#wanted.get(peer)?.waitMs ?? WANTED_MIN_MS / 2) * 2);
    this.#wanted.set(peer, { at: now + waitMs, waitMs });
  }

  #send(
    now: Instant,
    peer: NodeKey,
    message: Message,
    delivery: 'datagram' | 'reliable',
    tag: number | undefined,
  ): void {
    const publicKey = this.#keys.get(peer);
    const association = publicKey && this.#associationOf(now, peer, publicKey);
    if (association?.send(message, delivery, tag) !== true) {
      if (tag !== undefined) this.#out.push({ kind: 'settled', tag, ok: false });
      return;
    }
    this.#dirty.add(association);
    this.#wantIfWaiting(now, association);
  }

  #onPath(now: Instant, number: number, via: Via | undefined, mtu: number): void {
    const association = this.#byNumber.get(number);
    if (association === undefined) return;
    association.setVia(now, via, mtu, via !== undefined && isShort(via, mtu));
    this.#dirty.add(association);
    this.#wantIfWaiting(now, association);
  }

  #close(now: Instant, peer: NodeKey, code: CloseCode): void {
    const association = this.#associations.get(peer);
    if (association === undefined) return;
    association.send({ kind: 'close', code }, 'datagram', undefined);
    association.flush(now);
    this.#forget(association);
  }

  #onTimeout(now: Instant): void {
    this.#admission.expire(now);
    for (const opening of this.#openings) if (opening.nextAt <= now) this.#advance(now, opening);
    for (const [peer, wanted] of this.#wanted) {
      if (wanted.at > now) continue;
      this.#wanted.delete(peer);
      const association = this.#associations.get(peer);
      if (association === undefined || association.isUsable || !association.isWaiting) continue;
      this.#wanted.set(peer, { at: now + wanted.waitMs, waitMs: wanted.waitMs });
      this.#out.push({ kind: 'wanted', peer });
    }
    if (this.#associationDeadline === undefined || this.#associationDeadline > now) return;
    this.#associationDeadline = undefined;
    for (const association of this.#associations.values()) this.#serviceDeadline(now, association);
  }

  #serviceDeadline(now: Instant, association: Association): void {
    const deadline = association.pollTimeout();
    if (deadline === undefined || deadline > now) {
      this.#associationDeadline = earlier(this.#associationDeadline, deadline);
      return;
    }
    if (association.handleTimeout(now)) this.#dirty.add(association);
    else this.#abandon(now, association);
  }

  /** The peer never confirmed these keys: what waits goes over new ones. */
  #abandon(now: Instant, association: Association): void {
    const { peer, number: session } = association;
    for (const { localConnections } of association.dropSessions()) {
      for (const connection of localConnections) this.#byConnection.delete(connection);
    }
    this.#out.push({ kind: 'closed', session, peer });
    this.#wantIfWaiting(now, association);
  }

  /** Asks the owner for a way to a peer that something waits for, unless that is under way. */
  #wantIfWaiting(now: Instant, association: Association): void {
    const { peer } = association;
    if (association.isUsable || !association.isWaiting || this.#wanted.has(peer)) return;
    if (this.#openings.some((opening) => opening.target?.peer === peer)) return;
    this.#wanted.set(peer, { at: now + WANTED_MIN_MS, waitMs: WANTED_MIN_MS });
    this.#out.push({ kind: 'wanted', peer });
  }

  #learn(publicKey: Uint8Array): void {
    const peer = this.#nodeKey(publicKey);
    if (this.#keys.has(peer) || !isAcceptableKey(publicKey)) return;
    if (this.#keys.size >= this.#limits.recordCountMax + this.#limits.sessionCountMax) {
      for (const oldest of this.#keys.keys()) {
        if (this.#associations.has(oldest)) continue;
        this.#keys.delete(oldest);
        this.#acquainted.delete(oldest);
        break;
      }
    }
    this.#keys.set(peer, copyBytes(publicKey));
  }

  #newSession(now: Instant, finished: Finished, localConnection: number, remoteConnection: number): Session {
    const replayWidth = this.#limits.receiveWindow > 64 ? 256 : 64;
    const { suite } = this.#self;
    return new Session({ suite, keys: finished.keys, localConnection, remoteConnection, now, replayWidth });
  }

  #newConnection(isShortLink: boolean): number {
    const isTaken = (id: number): boolean =>
      this.#byConnection.has(id) ||
      this.#admission.find(id) !== undefined ||
      this.#openings.some((opening) => opening.connection === id);
    if (isShortLink && this.#byConnection.size < SHORT_IDS_MAX) {
      for (let tries = 0; tries < 64; tries++) {
        const id = randomBelow(this.#random, LONG_CONNECTION_ID_MIN);
        if (!isTaken(id)) return id;
      }
    }
    for (;;) {
      const id = LONG_CONNECTION_ID_MIN + randomBelow(this.#random, 0x1_0000 - LONG_CONNECTION_ID_MIN);
      if (!isTaken(id)) return id;
    }
  }

  #isOwnKey(publicKey: Uint8Array): boolean {
    return equalBytes(publicKey, this.#self.identity.publicKey);
  }

  #nodeKey(publicKey: Uint8Array): NodeKey {
    return nodeKeyOf(nodeIdOf(this.#self.suite, publicKey));
  }

  #transmit(via: Via, bytes: Uint8Array): undefined {
    this.#out.push({ kind: 'transmit', via, bytes });
    return undefined;
  }
}

function isShort(via: Via, mtu: number): boolean {
  return via.kind === 'direct' && mtu <= SHORT_MTU;
}
