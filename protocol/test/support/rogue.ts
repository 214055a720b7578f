import type { NodeInput, NodeOutput } from '../../src/api.js';
import { CborWriter } from '../../src/cbor/writer.js';
import type { CryptoSuite } from '../../src/crypto/suite.js';
import { nodeIdOf, nodeKeyOf } from '../../src/identity/id.js';
import type { Identity } from '../../src/identity/identity.js';
import type { NetworkKey } from '../../src/identity/network.js';
import { copyBytes } from '../../src/kernel/bytes.js';
import { BROADCAST, type LinkAddress, type LinkId, type NodeKey } from '../../src/kernel/link.js';
import { Outbox } from '../../src/kernel/machine.js';
import { type Random, randomBelow, randomBytes, randomU32 } from '../../src/kernel/random.js';
import { encodeBeacon } from '../../src/packet/beacon.js';
import { decodeMessages, encodeMessage } from '../../src/packet/codec.js';
import { classify } from '../../src/packet/first-byte.js';
import { encodeForward, type ForwardFrame } from '../../src/packet/forward.js';
import { decodeH1, decodeH2, decodeH3, decodeRetry } from '../../src/packet/handshake.js';
import type { Message } from '../../src/packet/message.js';
import { decodeSessionHeader, encodeSessionHeader, expandCounter } from '../../src/packet/session-header.js';
import { Attempt, type Finished, type HandshakeSelf, Reply } from '../../src/session/handshake.js';

export interface Place {
  readonly link: LinkId;
  readonly address: LinkAddress;
}

/** A session that the rogue holds with somebody: its keys in the open. */
export interface Hold extends Finished {
  readonly peer: NodeKey;
  at: Place;
  readonly local: number;
  readonly remote: number;
  /** Counters of the next packet, of the next frame, and of the next unit to the victim. */
  counter: number;
  hopCounter: number;
  unit: number;
  heard: number;
  /** Units that came in order. */
  received: number;
  isShort: boolean;
  /** H3, repeated until the victim is heard. */
  preface: Uint8Array | undefined;
  readonly said: Message[];
}

export interface RogueOptions {
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly network: NetworkKey;
  readonly random: Random;
}

/**
 * A member of the network that keeps the rules only as far as it must to stay one: it shakes hands, attaches,
 * answers challenges and PINGs and acknowledges, and beyond that says what it is told to, byte by byte.
 */
export class Rogue {
  readonly identity: Identity;
  readonly holds = new Map<NodeKey, Hold>();
  /** What it was sent in answer to anything, sessions aside. */
  readonly heard: { readonly at: Place; readonly bytes: Uint8Array }[] = [];
  /** Off: it hears everything and answers nothing. */
  isSilent = false;
  readonly #options: RogueOptions;
  readonly #self: HandshakeSelf;
  readonly #outbox = new Outbox<NodeOutput>();
  readonly #attempts = new Map<number, { readonly attempt: Attempt; readonly at: Place }>();
  readonly #replies = new Map<number, { readonly reply: Reply; readonly at: Place }>();
  readonly #byConnection = new Map<number, Hold>();
  readonly #mtus = new Map<LinkId, number>();
  readonly #incarnation: number;
  #nextConnection: number;

  constructor(options: RogueOptions) {
    this.#options = options;
    this.#self = { ...options, certificate: undefined };
    this.identity = options.identity;
    this.#incarnation = Math.max(1, randomU32(options.random));
    this.#nextConnection = 0x1000 + randomBelow(options.random, 0x8000);
  }

  handleInput(_now: number, input: NodeInput): void {
    if (input.kind === 'linkUp') {
      this.#mtus.set(input.link, input.info.mtu);
      const to = input.info.cast === 'broadcast' ? BROADCAST : '';
      if (input.info.cast !== 'address' && !this.isSilent) this.beacon({ link: input.link, address: to });
    }
    if (input.kind === 'packet') this.#onPacket({ link: input.link, address: input.from }, input.bytes);
  }

  pollOutput(): NodeOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): undefined {
    return undefined;
  }

  // What it may be told to do

  transmit({ link, address }: Place, bytes: Uint8Array): void {
    this.#outbox.push({ kind: 'transmit', link, to: address, bytes });
  }

  beacon(to: Place, publicKey: Uint8Array = this.identity.publicKey, boot = 1): void {
    const { suite, network } = this.#options;
    this.transmit(to, encodeBeacon(suite, network.key, { publicKey, boot }));
  }

  greet(at: Place): void {
    const { suite, random } = this.#options;
    const e = suite.dhKeyPair(randomBytes(random, 32));
    const attempt = new Attempt(this.#self, 'XX', this.#nextConnection++, e);
    this.#attempts.set(attempt.connection, { attempt, at });
    this.transmit(at, attempt.packet);
  }

  say(hold: Hold, ...messages: readonly Message[]): void {
    this.sayBody(hold, bodyOf(messages));
  }

  /** As `say`, each message with the next unit number. */
  sayReliably(hold: Hold, ...messages: readonly Message[]): void {
    for (const message of messages) {
      this.say(hold, { kind: 'reliable', number: hold.unit++ & 0xffff }, message);
    }
  }

  /** Whatever these bytes are, sealed. */
  sayBody(hold: Hold, body: Uint8Array, at: Place = hold.at): void {
    if (hold.preface !== undefined) this.transmit(at, hold.preface);
    this.transmit(at, this.seal(hold, body));
  }

  seal(hold: Hold, body: Uint8Array): Uint8Array {
    const { suite } = this.#options;
    const tagLength = hold.isShort ? 8 : 16;
    const counter = hold.counter++;
    const head = { phase: 0, connection: hold.remote, counter, counterLength: 4, tagLength } as const;
    const header = encodeSessionHeader(head);
    const sealed = suite.seal(hold.keys.send, counter, header, body, tagLength);
    const packet = new Uint8Array(header.length + sealed.length);
    packet.set(header);
    packet.set(sealed, header.length);
    return packet;
  }

  sayFrame(hold: Hold, frame: ForwardFrame): void {
    const { suite } = this.#options;
    this.transmit(hold.at, encodeForward(suite, hold.keys.hopSend, hold.hopCounter++, frame));
  }

  // What keeps it in

  #onPacket(at: Place, bytes: Uint8Array): void {
    this.heard.push({ at, bytes: copyBytes(bytes) });
    if (this.isSilent) return;
    switch (bytes.length === 0 ? undefined : classify(bytes[0] as number)) {
      case 'beacon':
        if (![...this.holds.values()].some((hold) => isSame(hold.at, at))) this.greet(at);
        return;
      case 'h1':
        return this.#onH1(at, copyBytes(bytes));
      case 'h2':
        return this.#onH2(bytes);
      case 'h3':
        return this.#onH3(bytes);
      case 'retry':
        return this.#onRetry(bytes);
      case 'session':
        return this.#onSession(at, bytes);
      default:
    }
  }

  #onH1(at: Place, bytes: Uint8Array): void {
    const { suite, random } = this.#options;
    const h1 = decodeH1(bytes);
    if (typeof h1 === 'string' || h1.pattern === 'KK') return;
    const e = suite.dhKeyPair(randomBytes(random, 32));
    const reply = Reply.to(this.#self, h1, this.#nextConnection++, e, undefined);
    if (typeof reply === 'string') return;
    this.transmit(at, reply.packet);
    const finished = reply.finished();
    if (finished === undefined) this.#replies.set(reply.connection, { reply, at });
    else this.#hold(finished, at, reply.connection, reply.initiator);
  }

  #onH2(bytes: Uint8Array): void {
    const h2 = decodeH2(bytes);
    if (typeof h2 === 'string') return;
    const open = this.#attempts.get(h2.initiator);
    const finished = open?.attempt.finish(h2);
    if (open === undefined || finished === undefined) return;
    this.#attempts.delete(h2.initiator);
    const hold = this.#hold(finished, open.at, open.attempt.connection, h2.responder);
    hold.preface = finished.confirmation;
    this.#attach(hold, 0);
  }

  #onH3(bytes: Uint8Array): void {
    const h3 = decodeH3(bytes);
    if (typeof h3 === 'string') return;
    const open = this.#replies.get(h3.responder);
    const finished = open?.reply.confirm(h3);
    if (open === undefined || finished === undefined) return;
    this.#hold(finished, open.at, open.reply.connection, open.reply.initiator);
  }

  #onRetry(bytes: Uint8Array): void {
    const retry = decodeRetry(bytes);
    if (typeof retry === 'string') return;
    const open = this.#attempts.get(retry.initiator);
    if (open === undefined) return;
    open.attempt.prove(retry.secretEpoch, retry.cookie);
    this.transmit(open.at, open.attempt.packet);
  }

  #hold(finished: Finished, at: Place, local: number, remote: number): Hold {
    const { suite } = this.#options;
    const peer = nodeKeyOf(nodeIdOf(suite, finished.publicKey));
    const counters = { counter: 0, hopCounter: 0, unit: 0, heard: -1, received: 0 };
    const isShort = (this.#mtus.get(at.link) ?? 1200) <= 255;
    const rest = { isShort, preface: undefined, said: [] };
    const hold: Hold = { ...finished, peer, at, local, remote, ...counters, ...rest };
    this.holds.set(peer, hold);
    this.#byConnection.set(local, hold);
    return hold;
  }

  #attach(hold: Hold, heard: 0 | 1): void {
    const mine = this.#incarnation;
    this.say(hold, { kind: 'attach', mine, yours: 0, base: hold.unit & 0xffff, window: 64, heard });
  }

  #onSession(at: Place, bytes: Uint8Array): void {
    const packet = decodeSessionHeader(bytes);
    const hold = typeof packet === 'string' ? undefined : this.#byConnection.get(packet.connection);
    if (typeof packet === 'string' || hold === undefined) return;
    const counter = expandCounter(packet.counter, packet.counterLength, hold.heard + 1);
    const { keys } = hold;
    const { suite } = this.#options;
    const body = suite.open(keys.receive, counter, packet.header, packet.sealed, packet.tagLength);
    const messages = body && decodeMessages(body);
    if (messages === undefined) return;
    hold.heard = Math.max(hold.heard, counter);
    hold.preface = undefined;
    hold.at = at;
    for (const message of messages) this.#onMessage(hold, message);
    if (messages.some(({ kind }) => kind === 'reliable')) {
      this.say(hold, { kind: 'ack', cumulative: (hold.received - 1) & 0xffff });
    }
  }

  #onMessage(hold: Hold, message: Message): void {
    hold.said.push(message);
    switch (message.kind) {
      case 'attach':
        if (message.heard === 0) this.#attach(hold, 1);
        return;
      case 'pathChallenge':
        return this.say(hold, { kind: 'pathResponse', token: message.token });
      case 'ping':
        return this.say(hold, { kind: 'pong', token: message.token, receivedAt: 0, observed: '' });
      case 'reliable':
        if (message.number === (hold.received & 0xffff)) hold.received++;
        return;
      default:
    }
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.link === b.link && a.address === b.address;
}

export function bodyOf(messages: readonly Message[]): Uint8Array {
  const into = new CborWriter();
  for (const message of messages) encodeMessage(message, into);
  return into.finish();
}
