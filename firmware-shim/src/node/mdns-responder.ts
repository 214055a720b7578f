import type { RemoteInfo } from 'node:dgram';
import { type Random, randomBelow, randomBytes } from '@fogwisp/protocol';
import type { Answer } from 'dns-packet';
import type { MulticastDNS, Options, QueryPacket, ResponsePacket } from 'multicast-dns';
import { isOnLink, type LanInterface } from './lan-interface.js';
import type { MakeMdns } from './mdns-package.js';
import { goodbyeOf, isAsked, isKnown, type MdnsService, questionOf, recordsOf } from './mdns-records.js';
import { systemCode } from './system-error.js';

const MDNS_GROUP_IPV4 = '224.0.0.251';
const MDNS_GROUP_IPV6 = 'ff02::fb';

/** Answers and first questions come this late, so that stations that start together do not speak together. */
const DELAY_MS_MIN = 20;
const DELAY_MS_MAX = 120;
/** Between two times that we say the same (RFC 6762 §6). */
const ANSWER_MS_MIN = 1000;
/** Between questions: 1, 2, 4 s ... 1 h (RFC 6762 §5.2). The first ones come with an announcement. */
const QUESTION_MS_MIN = 1000;
const QUESTION_MS_MAX = 3_600_000;
const ANNOUNCEMENT_COUNT = 3;
const LABEL_BYTES = 4;

export interface MdnsResponderOptions {
  readonly make: MakeMdns;
  readonly at: LanInterface;
  /** Of the socket that is announced. */
  readonly port: number;
  /** The first digits of the network id. */
  readonly network: string;
  readonly mdnsPort: number;
  readonly random: Random;
}

export interface MdnsResponderSink {
  response(records: readonly Answer[], from: string): void;
  undecodable(): void;
  /** It does not work at present; it is tried again by itself. */
  failed(error: Error): void;
}

/**
 * Announces one socket on one interface, and hears others. Deviation from RFC 6762 §8.1: it does not probe,
 * as its name is random; and all answers are multicast.
 */
export class MdnsResponder {
  readonly #at: LanInterface;
  readonly #random: Random;
  readonly #sink: MdnsResponderSink;
  readonly #service: MdnsService;
  readonly #mdns: MulticastDNS;
  #isClosed = false;
  #tick: NodeJS.Timeout;
  #tickCount = 0;
  #questionMs = QUESTION_MS_MIN;
  #answer: NodeJS.Timeout | undefined;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(options: MdnsResponderOptions, sink: MdnsResponderSink) {
    const { at, port, network, random } = options;
    this.#at = at;
    this.#random = random;
    this.#sink = sink;
    const label = `fogwisp-${Buffer.from(randomBytes(random, LABEL_BYTES)).toString('hex')}`;
    this.#service = { label, address: at.address, port, network };
    this.#mdns = options.make(socketOptions(at, options.mdnsPort));
    this.#mdns.on('error', (error) => this.#onFailed(error));
    this.#mdns.on('warning', (error) => this.#onWarning(error));
    this.#mdns.on('query', (query, from) => this.#onQuery(query, from));
    this.#mdns.on('response', (response, from) => this.#onResponse(response, from));
    this.#tick = setTimeout(() => this.#onTick(), this.#delay());
  }

  /** With a goodbye, for those who list what is there. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#tick);
    clearTimeout(this.#answer);
    if (this.#tickCount === 0) this.#mdns.destroy();
    else this.#mdns.respond(goodbyeOf(this.#service), () => this.#mdns.destroy());
  }

  /** Sending opens the port if it could not be opened before. */
  #onTick(): void {
    this.#mdns.query(questionOf(this.#service));
    if (this.#tickCount++ < ANNOUNCEMENT_COUNT) this.#announce();
    this.#tick = setTimeout(() => this.#onTick(), this.#questionMs);
    this.#questionMs = Math.min(2 * this.#questionMs, QUESTION_MS_MAX);
  }

  #announce(): void {
    this.#answeredAt = performance.now();
    this.#mdns.respond(recordsOf(this.#service));
  }

  #onQuery({ questions = [], answers = [] }: QueryPacket, from: RemoteInfo): void {
    const { label } = this.#service;
    if (!this.#isHeard(from) || this.#answer !== undefined) return;
    if (!questions.some((question) => isAsked(question, label)) || isKnown(answers, label)) return;
    const pauseMs = this.#answeredAt + ANSWER_MS_MIN - performance.now();
    const onDue = () => {
      this.#answer = undefined;
      this.#announce();
    };
    this.#answer = setTimeout(onDue, Math.max(pauseMs, this.#delay()));
  }

  #onResponse({ answers = [], additionals = [] }: ResponsePacket, from: RemoteInfo): void {
    if (this.#isHeard(from)) this.#sink.response([...answers, ...additionals], from.address);
  }

  /** The group is heard by the sockets of all interfaces; not so strangers from afar (RFC 6762 §11). */
  #isHeard({ address, port, family }: RemoteInfo): boolean {
    return !this.#isClosed && isOnLink(this.#at, { address, port, family: family === 'IPv4' ? 4 : 6 });
  }

  /** What comes without a code is a packet that is none. */
  #onWarning(error: Error): void {
    if (systemCode(error) === '' || systemCode(error).startsWith('ERR_')) {
      if (!this.#isClosed) this.#sink.undecodable();
    } else this.#onFailed(error);
  }

  #onFailed(error: Error): void {
    if (!this.#isClosed) this.#sink.failed(error);
  }

  #delay(): number {
    return DELAY_MS_MIN + randomBelow(this.#random, DELAY_MS_MAX - DELAY_MS_MIN);
  }
}

/**
 * Bound to the group, not to all addresses: answers that another responder of this machine, such as Avahi, is
 * sent by unicast stay its own. Windows cannot do that.
 */
function socketOptions(at: LanInterface, port: number): Options {
  const isV4 = at.family === 4;
  const ip = isV4 ? MDNS_GROUP_IPV4 : `${MDNS_GROUP_IPV6}%${at.name}`;
  const everywhere = isV4 ? '0.0.0.0' : '::';
  return {
    type: isV4 ? 'udp4' : 'udp6',
    ip,
    port,
    interface: isV4 ? at.address : `::%${at.name}`,
    bind: process.platform === 'win32' ? everywhere : ip,
  };
}
