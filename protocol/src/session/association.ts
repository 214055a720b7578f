/**
 * All that lasts between this node and one peer (SPEC §7.9): the session in use, what waits for it, and the
 * state of reliable delivery, which outlives sessions. Each end names its state by an incarnation (a random
 * number per association): while both are unchanged, delivery goes on across new keys where it was. What was
 * sent to a former incarnation of the peer never reaches the new one, which would not know what it means.
 *
 * Messages gather until `flush`, so that what is sent in one turn shares packets.
 */
import type { CborWriter } from '../cbor/writer.js';
import type { Certificate } from '../identity/certificate.js';
import { EMPTY } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { type NodeKey, sameVia, type Via } from '../kernel/link.js';
import { Queue } from '../kernel/queue.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { decodeMessages, encodeMessage, MESSAGES_PER_PACKET_MAX } from '../packet/codec.js';
import type { Attach, Message } from '../packet/message.js';
import type { SessionPacket } from '../packet/session-header.js';
import { type Arrival, isProbe } from './arrival.js';
import { Attachment } from './attachment.js';
import { Receiver } from './receiver.js';
import { Sender } from './sender.js';
import type { Session } from './session.js';
import type { AssociationSurroundings } from './surroundings.js';
import { UNIT_PREFIX_BYTES } from './unit.js';

/** `heard` is told at most this often while the via stays the same. */
const HEARD_EVERY_MS = 250;
/** Timeouts in a row that make a path suspect, and again after as many more. */
const SUSPECT_TIMEOUTS = 2;
/** Hints that the peer has forgotten the session are looked into at most this often. */
const DOUBT_EVERY_MS = 5000;
/** Least room for messages; below it a path carries nothing. */
const ROOM_MIN = 24;

/** ATTACH, an acknowledgement and spare connection ids. */
const OWN_MESSAGES_MAX = 3;
/**
 * A datagram that found no path for this long is not sent any more. A request that waits for a session is
 * given again sooner, and one with a deadline of 10 s is gone before its answer is forgotten (SPEC §9.1).
 */
const DATAGRAM_KEPT_MS = 20 * SECOND_MS;
/** Type, head of the array, and two ids. */
const SPARES_BYTES_MAX = 9;
/** PINGs and challenges of one packet that are answered, each in a packet of its own. */
const ANSWERS_MAX = 4;
/** A prefix, and what it numbers. */
const MESSAGES_PER_UNIT = 2;

interface Datagram {
  readonly encoded: Uint8Array;
  readonly until: Instant;
}

export interface AssociationOptions {
  readonly number: number;
  readonly peer: NodeKey;
  /** Names what this end remembers; random, not 0. */
  readonly incarnation: number;
  readonly surroundings: AssociationSurroundings;
}

export class Association {
  readonly number: number;
  readonly peer: NodeKey;
  /** What the peer showed at first contact, not verified. */
  certificate: Certificate | undefined;
  /** When its keys last came from a Diffie-Hellman. */
  fullSince: Instant | undefined;
  readonly #attachment: Attachment;
  readonly #surroundings: AssociationSurroundings;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #session: Session | undefined;
  #previous: Session | undefined;
  /** H3 of an XX handshake, repeated with ATTACH until the peer is heard. */
  #preface: Uint8Array | undefined;
  #via: Via | undefined;
  #mtu = 0;
  #isShort = false;
  /** Undefined while none waits. */
  #datagrams: Queue<Datagram> | undefined;
  #areSparesDue = false;
  /** Something that waits is worth a session (`Wanted`). */
  isWanted = false;
  #heardAt: Instant;
  #toldHeardAt: Instant | undefined;
  #mayDoubtAt: Instant = 0;
  #isClosedByPeer = false;
  #toldRoundTripMs = 0;
  /** To the packet at hand. */
  #answersLeft = 0;

  constructor(options: AssociationOptions, now: Instant) {
    this.number = options.number;
    this.peer = options.peer;
    this.#attachment = new Attachment(options.incarnation);
    this.#surroundings = options.surroundings;
    const { limits } = options.surroundings;
    this.#sender = new Sender(limits.sendQueueMax);
    this.#receiver = new Receiver(limits.receiveWindow, limits.messageBytesMax);
    this.#heardAt = now;
  }

  get isClosedByPeer(): boolean {
    return this.#isClosedByPeer;
  }

  /** Whether packets that go there now carry this connection id. */
  isSendingTo(via: Via, connection: number): boolean {
    const isThere = this.#via !== undefined && sameVia(this.#via, via);
    return isThere && this.#session?.remoteConnection === connection;
  }

  /** At most one doubt per hint and while, since anybody may send hints. */
  mayDoubt(now: Instant): boolean {
    if (now < this.#mayDoubtAt) return false;
    this.#mayDoubtAt = now + DOUBT_EVERY_MS;
    return true;
  }

  /** Where packets go now. */
  get via(): Via | undefined {
    return this.#via;
  }

  get isWaiting(): boolean {
    return this.#datagrams !== undefined || !this.#sender.isIdle;
  }

  get heardAt(): Instant {
    return this.#heardAt;
  }

  /** The sessions whose packets are taken: the one in use, and the one before it. */
  get sessions(): readonly Session[] {
    return [this.#session, this.#previous].filter((session) => session !== undefined);
  }

  /** The one of `sessions` that packets with this id are of. */
  sessionOf(connection: number): Session | undefined {
    if (this.#session?.localConnections.includes(connection)) return this.#session;
    return this.#previous?.localConnections.includes(connection) ? this.#previous : undefined;
  }

  /** There are keys and a path, so what is sent goes out. */
  get isUsable(): boolean {
    return this.#session !== undefined && this.#via !== undefined;
  }

  /** Takes new keys into use; those before still open packets. `preface`: H3 goes first. What ends now. */
  adopt(now: Instant, session: Session, preface: Uint8Array | undefined): Session | undefined {
    const retired = this.#previous;
    this.#previous = this.#session;
    this.#session = session;
    this.#preface = preface;
    this.#attachment.renew();
    this.#areSparesDue = true;
    this.#isClosedByPeer = false;
    this.#heardAt = now;
    this.#sender.pathChanged(now);
    return retired;
  }

  /** Ends all sessions; delivery waits for the next one. */
  dropSessions(): readonly Session[] {
    const { sessions } = this;
    this.#session = undefined;
    this.#previous = undefined;
    this.#via = undefined;
    this.#attachment.drop();
    return sessions;
  }

  /** Where packets go from now on; `mtu` is what that carries, `isShort` for short headers and tags. */
  setVia(now: Instant, via: Via | undefined, mtu: number, isShort: boolean): void {
    const isOther = via === undefined || this.#via === undefined || !sameVia(via, this.#via);
    if (isOther && this.#via !== undefined && via !== undefined) {
      this.#session?.useSpareConnection();
      this.#sender.pathChanged(now);
    } else if (via !== undefined) this.#sender.rerouted(now);
    if (isOther) this.#toldHeardAt = undefined;
    this.#via = via;
    this.#mtu = mtu;
    this.#isShort = isShort;
  }

  /** False when the queue is full, then nothing was taken. */
  send(now: Instant, message: Message, delivery: 'datagram' | 'reliable', tag: number | undefined): boolean {
    const encoded = this.#encode(message).take();
    if (delivery === 'reliable') return this.#sender.enqueue(encoded, tag);
    this.#dropStale(now);
    this.#datagrams ??= new Queue();
    if (this.#datagrams.length >= this.#surroundings.limits.sendQueueMax) return false;
    this.#datagrams.push({ encoded, until: now + DATAGRAM_KEPT_MS });
    return true;
  }

  /** Seals one message, or nothing, and sends it there at once, whatever path is in use. */
  sendVia(now: Instant, via: Via, message: Message | undefined, isShort: boolean): void {
    if (this.#session === undefined) return;
    const body = message === undefined ? EMPTY : this.#encode(message).written;
    const bytes = this.#session.seal(now, body, isShort);
    this.#surroundings.out.push({ kind: 'transmit', via, bytes, session: this.number, isAsked: true });
  }

  retractRoutes(): void {
    this.#sender.retractRoutes();
    this.#receiver.retractRoutes();
    this.#drainSettled();
  }

  failAll(): void {
    this.#datagrams = undefined;
    this.#sender.failAll();
    this.#drainSettled();
  }

  /** Opens a packet of one of `sessions` and does what it says. */
  receive(
    now: Instant,
    via: Via,
    session: Session,
    packet: SessionPacket,
    bytes: number,
    maySkimp: boolean,
  ): DropReason | undefined {
    const opened = session.open(now, packet, maySkimp);
    if (typeof opened === 'string') return opened;
    const messages = decodeMessages(opened.body);
    this.#heard(now, via, opened.isNewest, messages?.every(isProbe) ?? false, bytes);
    if (messages === undefined) return 'malformed';
    this.#answersLeft = ANSWERS_MAX;
    const isCurrent = session === this.#session;
    const single: Arrival = { via, isCurrent, maySkimp, delivery: 'datagram' };
    const numbered: Arrival = { via, isCurrent, maySkimp, delivery: 'reliable' };
    let reason: DropReason | undefined;
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i] as Message;
      const isHarmless = isCurrent || message.kind === 'attach' || isProbe(message);
      if (!isHarmless && !this.#attachment.isNative(isCurrent)) reason = 'unexpected';
      else if (message.kind !== 'reliable') this.#onMessage(now, message, single);
      else this.#onUnit(now, message.number, messages[++i], numbered);
    }
    this.#drainSettled();
    return reason;
  }

  /** Packs what waits into packets, as far as path and windows allow. */
  flush(now: Instant): void {
    const session = this.#session;
    const via = this.#via;
    if (session === undefined || via === undefined) return;
    this.#dropStale(now);
    if (this.#attachment.isDue && this.#preface !== undefined) {
      this.#surroundings.out.push({ kind: 'transmit', via, bytes: this.#preface });
    }
    if (this.#sender.hasSkipped && !this.#sender.isIdle) this.#attachment.ask();
    for (;;) {
      const room = this.#mtu - session.overhead(this.#isShort);
      if (room < ROOM_MIN) return;
      const body = this.#nextBody(now, room, session.nextPacket);
      if (body === undefined) return;
      const bytes = session.seal(now, body, this.#isShort);
      this.#surroundings.out.push({ kind: 'transmit', via, bytes, session: this.number });
    }
  }

  pollTimeout(): Instant | undefined {
    if (this.#session === undefined || this.#via === undefined) return undefined;
    const attachAt = this.#attachment.pollTimeout();
    return earlier(earlier(attachAt, this.#receiver.pollTimeout()), this.#sender.pollTimeout());
  }

  /** False when the peer never confirmed the session. */
  handleTimeout(now: Instant): boolean {
    if (this.#session === undefined) return true;
    if (!this.#attachment.handleTimeout(now)) return false;
    this.#receiver.handleTimeout(now);
    const before = this.#sender.timeouts;
    this.#sender.handleTimeout(now);
    this.#drainSettled();
    const { timeouts } = this.#sender;
    if (timeouts > before && timeouts % SUSPECT_TIMEOUTS === 0) {
      this.#surroundings.out.push({ kind: 'suspect', session: this.number });
    }
    return true;
  }

  #encode(message: Message): CborWriter {
    const { scratch } = this.#surroundings;
    scratch.clear();
    encodeMessage(message, scratch);
    return scratch;
  }

  /** What the next packet carries, to be sealed at once; undefined if there is nothing or nothing may go. */
  #nextBody(now: Instant, room: number, packet: number): Uint8Array | undefined {
    const isWelcome = this.#attachment.isWelcome(now);
    // What waits may fit only without ATTACH.
    const body = this.#writeBody(now, room, packet, isWelcome);
    return body ?? (isWelcome ? this.#writeBody(now, room, packet, false) : undefined);
  }

  /** Undefined also if there is only an ATTACH that is not worth a packet. */
  #writeBody(now: Instant, room: number, packet: number, isAttaching: boolean): Uint8Array | undefined {
    const into = this.#surroundings.scratch;
    const { isAttached, isDue } = this.#attachment;
    into.clear();
    const { base } = this.#sender;
    if (isAttaching) encodeMessage(this.#attachment.message(base, this.#receiver.window), into);
    const head = isDue ? 0 : into.length;
    if (this.#receiver.isAckDue && isAttached) encodeMessage(this.#receiver.takeAck(), into);
    if (this.#areSparesDue && into.length + SPARES_BYTES_MAX <= room) this.#writeSpares(into);
    let count = OWN_MESSAGES_MAX;
    for (let next = this.#datagrams?.first; next !== undefined; next = this.#datagrams?.first) {
      if (into.length + next.encoded.length > room || ++count > MESSAGES_PER_PACKET_MAX) break;
      into.raw(next.encoded);
      this.#shiftDatagram();
    }
    this.#rescueLargeDatagram(room, into.length);
    while (this.#datagrams === undefined && room - into.length > UNIT_PREFIX_BYTES) {
      count += MESSAGES_PER_UNIT;
      if (count > MESSAGES_PER_PACKET_MAX || !this.#sender.writeNext(now, into, room, packet)) break;
    }
    if (into.length === head) return undefined;
    if (isAttached) this.#receiver.addAck(into, room);
    if (isAttaching) this.#attachment.sent(now);
    return into.written;
  }

  /** The path has become narrower than a datagram that waits: it goes as a transfer instead. */
  #rescueLargeDatagram(room: number, used: number): void {
    const next = this.#datagrams?.first?.encoded;
    if (next === undefined || used > 0 || next.length <= room) return;
    this.#shiftDatagram();
    this.#sender.enqueue(next, undefined, true);
  }

  #dropStale(now: Instant): void {
    for (let next = this.#datagrams?.first; next !== undefined && next.until <= now; ) {
      this.#shiftDatagram();
      next = this.#datagrams?.first;
    }
  }

  #shiftDatagram(): void {
    this.#datagrams?.shift();
    if (this.#datagrams?.length === 0) this.#datagrams = undefined;
  }

  #writeSpares(into: CborWriter): void {
    const [, ...connections] = this.#session?.localConnections ?? [];
    encodeMessage({ kind: 'spareConnections', connections }, into);
    this.#areSparesDue = false;
  }

  #heard(now: Instant, via: Via, isNewest: boolean, isProbing: boolean, bytes: number): void {
    this.#heardAt = now;
    this.#preface = undefined;
    const isSame = this.#via !== undefined && sameVia(this.#via, via);
    if (isSame && this.#toldHeardAt !== undefined && now - this.#toldHeardAt < HEARD_EVERY_MS) return;
    if (isSame) this.#toldHeardAt = now;
    this.#surroundings.out.push({ kind: 'heard', session: this.number, via, isNewest, isProbing, bytes });
  }

  #onUnit(now: Instant, number: number, message: Message | undefined, arrival: Arrival): void {
    // Before ATTACH the numbers mean nothing; the peer sends the unit again.
    if (!this.#attachment.isNative(arrival.isCurrent)) return this.#attachment.askWho(arrival.isCurrent);
    if (message === undefined) return;
    this.#receiver.take(now, number, message);
    for (let next = this.#receiver.next(); next !== undefined; next = this.#receiver.next()) {
      this.#onMessage(now, next, arrival);
    }
  }

  #onMessage(now: Instant, message: Message, arrival: Arrival): void {
    switch (message.kind) {
      case 'attach':
        return this.#onAttach(now, message, arrival);
      case 'ack':
        return this.#onAck(now, message.cumulative, EMPTY, undefined);
      case 'selectiveAck':
        return this.#onAck(now, message.cumulative, message.bitmap, message.window);
      case 'part':
        return this.#onPart(now, message, arrival);
      case 'transferRefused':
        return this.#sender.refuse(message.transfer);
      case 'spareConnections':
        if (arrival.isCurrent) this.#session?.addSpareConnections(message.connections);
        return;
      case 'close':
        if (arrival.isCurrent) this.#isClosedByPeer = true;
        return;
      case 'ping':
        return this.#onPing(now, message, arrival);
      case 'pathChallenge':
        return this.#answer(now, { kind: 'pathResponse', token: message.token }, arrival);
      default:
        this.#tell(message, arrival);
    }
  }

  /** Before ATTACH nobody knows which life of the peer speaks, except of what answers this one. */
  #tell(message: Message, arrival: Arrival): void {
    const { via, isCurrent, delivery } = arrival;
    if (!this.#attachment.isNative(isCurrent) && !isProbe(message)) return this.#attachment.askWho(isCurrent);
    this.#surroundings.out.push({
      kind: 'message',
      session: this.number,
      peer: this.peer,
      via,
      message,
      delivery,
    });
  }

  #onPing(now: Instant, ping: Extract<Message, { kind: 'ping' }>, arrival: Arrival): void {
    const observed = arrival.via.kind === 'direct' ? arrival.via.address : '';
    const receivedAt = Math.floor(now) % 0x1_0000_0000;
    this.#answer(now, { kind: 'pong', token: ping.token, receivedAt, observed }, arrival);
  }

  /** At once, and on the via that it came by. */
  #answer(now: Instant, message: Message, { via, maySkimp }: Arrival): void {
    if (this.#session === undefined || this.#answersLeft === 0) return;
    this.#answersLeft--;
    const bytes = this.#session.seal(now, this.#encode(message).written, maySkimp);
    this.#surroundings.out.push({ kind: 'transmit', via, bytes, session: this.number });
  }

  #onAttach(now: Instant, attach: Attach, arrival: Arrival): void {
    const attached = this.#attachment.take(now, attach, arrival.isCurrent);
    if (attached === 'refused') return;
    const isFresh = attached === 'fresh' || attached === 'other';
    if (attached === 'other') this.#forgetQueued();
    if (isFresh) this.#receiver.restart(attach.base);
    this.#sender.setPeerWindow(attach.window);
    if (attached !== 'again')
      this.#surroundings.out.push({ kind: 'attached', session: this.number, peer: this.peer, isFresh });
    for (const released of this.#receiver.skipTo(now, attach.base)) this.#onMessage(now, released, arrival);
  }

  /** Nothing that was meant for the incarnation before goes to this one. */
  #forgetQueued(): void {
    this.#datagrams = undefined;
    this.#sender.failAll();
    this.#drainSettled();
  }

  #onAck(now: Instant, cumulative: number, bitmap: Uint8Array, window: number | undefined): void {
    const wasSuspect = this.#sender.timeouts >= SUSPECT_TIMEOUTS;
    const packet = this.#sender.acknowledge(now, cumulative, bitmap, window);
    if (packet < 0) return;
    this.#session?.confirm(packet);
    const ms = this.#sender.roundTripMs;
    const isNews = ms !== undefined && Math.abs(ms - this.#toldRoundTripMs) * 5 >= this.#toldRoundTripMs;
    // After a doubt it is told in any case: what was acknowledged proves the path.
    if (ms === undefined || !(isNews || wasSuspect)) return;
    this.#toldRoundTripMs = ms;
    this.#surroundings.out.push({ kind: 'roundTrip', session: this.number, ms });
  }

  #onPart(now: Instant, part: Extract<Message, { kind: 'part' }>, arrival: Arrival): void {
    const result = this.#receiver.reassemble(part);
    if (result.kind === 'refused') {
      this.send(now, { kind: 'transferRefused', transfer: result.transfer }, 'datagram', undefined);
    }
    if (result.kind !== 'complete') return;
    const messages = decodeMessages(result.encoded);
    const message = messages?.[0];
    if (message === undefined || messages?.length !== 1 || message.kind === 'part') return;
    this.#onMessage(now, message, arrival);
  }

  #drainSettled(): void {
    for (const { tag, ok } of this.#sender.takeSettled() ?? [])
      this.#surroundings.out.push({ kind: 'settled', tag, ok });
  }
}
