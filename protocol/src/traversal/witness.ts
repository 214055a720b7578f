/**
 * What neighbours say about addresses of others: where a peer is, so that an attempt does not hammer on
 * somebody else's door (SPEC §7.11); and whether a stranger's packet gets in (SPEC §7.12). Both only ever
 * concern addresses from which whoever speaks gets packets itself.
 */
import { shortBytes, shortKeyOf } from '../identity/id.js';
import { equalBytes, toHex } from '../kernel/bytes.js';
import type { DirectVia, LinkId } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBelow, randomBytes } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { ipOf, isEndpoint } from '../packet/endpoint.js';
import type { ProbeFor, ProbeWanted, Witness, WitnessWanted } from '../packet/message.js';
import { COOKIE_BYTES, encodeCookieProbe } from '../packet/probe.js';
import type { TraversalOutput } from './doors.js';
import type { Outlook } from './outlook.js';
import type { TraversalPeer } from './peer.js';

/** Neighbours that are asked about one attempt. */
const WITNESSES_MAX = 2;
/** Strangers' probes that are asked for, and how long each is waited for. */
const CHECKS_MAX = 3;
/** Strangers that were not heard. */
const SILENCES_MAX = 2;
const CHECK_MS = 3 * SECOND_MS;
/** Observers have had their say by then. */
const FIRST_CHECK_MS = 5 * SECOND_MS;
/** Not all at once, as whoever probes for another is no stranger to it any more. */
const FIRST_CHECK_MS_SPREAD = 8 * SECOND_MS;
/** Probes that this node sends for others. */
const PROBE_EVERY_MS = SECOND_MS;
const VISITED_MAX = 16;
/** No box remembers longer who was sent to. */
const VISITED_MS = 5 * MINUTE_MS;
/** When nobody was found who could tell. */
const AGAIN_MS = 10 * MINUTE_MS;

/** A stranger's probe that is waited for. */
interface Check {
  readonly link: LinkId;
  readonly cookie: Uint8Array;
  readonly asked: number;
  /** Where it comes from; undefined until the neighbour says so. */
  ip: string | undefined;
}

export class Witnesses {
  readonly #peers: ReadonlyMap<number, TraversalPeer>;
  readonly #outlook: Outlook;
  readonly #random: Random;
  readonly #out: Outbox<TraversalOutput>;
  #check: Check | undefined;
  #checkAt: Instant | undefined;
  #checks = 0;
  #silences = 0;
  #probedAt: Instant = -Infinity;
  #lastHelper = -1;
  /** Where packets of no session went lately: who is there may be let in for that. */
  readonly #visited = new Map<string, Instant>();

  constructor(
    peers: ReadonlyMap<number, TraversalPeer>,
    outlook: Outlook,
    random: Random,
    out: Outbox<TraversalOutput>,
  ) {
    this.#peers = peers;
    this.#outlook = outlook;
    this.#random = random;
    this.#out = out;
  }

  get wakeAt(): Instant | undefined {
    return this.#checkAt;
  }

  /** A probe or an answer goes there. */
  visit(now: Instant, { address }: DirectVia): void {
    const ip = ipOf(address);
    this.#visited.delete(ip);
    this.#visited.set(ip, now);
    for (const oldest of this.#visited.keys()) {
      if (this.#visited.size <= VISITED_MAX) break;
      this.#visited.delete(oldest);
    }
  }

  // Where a peer is

  /** Asks neighbours from where they get its packets: which ones, a liar cannot choose. */
  ask({ key, attempt, session: own }: TraversalPeer): void {
    if (attempt === undefined || attempt.asked.size > 0) return;
    const destination = shortBytes(shortKeyOf(key));
    const others = [...this.#peers.values()].filter(({ session, keepalive }) => {
      return keepalive?.isTester === true && session !== own;
    });
    while (others.length > 0 && attempt.asked.size < WITNESSES_MAX) {
      const [other] = others.splice(randomBelow(this.#random, others.length), 1);
      if (other === undefined) return;
      const { session } = other;
      attempt.asked.add(session);
      this.#out.push({ kind: 'send', session, message: { kind: 'witnessWanted', destination } });
    }
  }

  onWitnessWanted({ session }: TraversalPeer, { destination }: WitnessWanted): void {
    const peer = this.#find(destination);
    const observed = peer?.keepalive !== undefined ? peer.keepalive.via.address : '';
    this.#out.push({ kind: 'send', session, message: { kind: 'witness', destination, observed } });
  }

  onWitness({ session }: TraversalPeer, { destination, observed }: Witness): void {
    const attempt = this.#find(destination)?.attempt;
    if (isEndpoint(observed)) attempt?.witness(session, ipOf(observed));
  }

  // Whether strangers get in

  /** What others see of a link is new. */
  begin(now: Instant): void {
    this.#check = undefined;
    this.#checks = 0;
    this.#silences = 0;
    this.#checkAt = now + FIRST_CHECK_MS + randomBelow(this.#random, FIRST_CHECK_MS_SPREAD);
  }

  onTimeout(now: Instant): void {
    if (this.#checkAt === undefined || this.#checkAt > now) return;
    this.#checkAt = undefined;
    const before = this.#check;
    this.#check = undefined;
    if (before !== undefined && this.#isStranger(now, before.ip)) this.#silences++;
    if (before !== undefined && this.#silences === SILENCES_MAX) {
      this.#outlook.setFiltering(before.link, 'restricted');
      return;
    }
    if (this.#checks < CHECKS_MAX) return this.#beginCheck(now);
    this.#checks = CHECKS_MAX - 1;
    this.#checkAt = now + AGAIN_MS;
  }

  onProbeWanted({ session, keepalive }: TraversalPeer, { cookie }: ProbeWanted): void {
    if (keepalive === undefined) return;
    const observed = keepalive.via.address;
    const helper = this.#helperFor(session, ipOf(observed));
    if (helper?.keepalive === undefined || !isEndpoint(observed)) return;
    this.#lastHelper = helper.session;
    this.#out.push({
      kind: 'send',
      session: helper.session,
      message: { kind: 'probeFor', cookie, observed },
    });
    const back: ProbeFor = { kind: 'probeFor', cookie, observed: helper.keepalive.via.address };
    this.#out.push({ kind: 'send', session, message: back });
  }

  /** From whom this node asked: who will probe. From anybody else: to be done, once a second at most. */
  onProbeFor(now: Instant, { session, keepalive }: TraversalPeer, { cookie, observed }: ProbeFor): void {
    const check = this.#check;
    if (check !== undefined && check.asked === session && equalBytes(check.cookie, cookie)) {
      check.ip = ipOf(observed);
      return;
    }
    if (keepalive === undefined || now - this.#probedAt < PROBE_EVERY_MS || !isEndpoint(observed)) return;
    // Another destination would take the next port, which somebody else may have been told to try.
    if (this.#outlook.mappingTo(keepalive.via)?.kind === 'predictable') return;
    this.#probedAt = now;
    const via = { kind: 'direct', link: keepalive.via.link, address: observed } as const;
    this.visit(now, via);
    this.#out.push({ kind: 'transmit', via, bytes: encodeCookieProbe(cookie) });
  }

  /** True when it is the probe that was asked for. */
  onProbe(now: Instant, via: DirectVia, bytes: Uint8Array): boolean {
    const check = this.#check;
    if (check === undefined || !equalBytes(encodeCookieProbe(check.cookie), bytes)) return false;
    if (!this.#isStranger(now, ipOf(via.address))) return true;
    this.#check = undefined;
    this.#checkAt = undefined;
    this.#outlook.setFiltering(check.link, 'open');
    return true;
  }

  #beginCheck(now: Instant): void {
    for (const { session, keepalive } of this.#peers.values()) {
      if (keepalive?.isTester !== true) continue;
      const cookie = randomBytes(this.#random, COOKIE_BYTES);
      this.#check = { link: keepalive.via.link, cookie, asked: session, ip: undefined };
      this.#checks++;
      this.#checkAt = now + CHECK_MS;
      this.#out.push({ kind: 'send', session, message: { kind: 'probeWanted', cookie } });
      return;
    }
  }

  /** Nothing was ever sent there, as far as is known. */
  #isStranger(now: Instant, ip: string | undefined): boolean {
    if (ip === undefined || now - (this.#visited.get(ip) ?? -Infinity) < VISITED_MS) return false;
    for (const { keepalive } of this.#peers.values()) {
      if (keepalive !== undefined && ipOf(keepalive.via.address) === ip) return false;
    }
    return true;
  }

  /** Another neighbour than last time, not on the same address as the one that asks. */
  #helperFor(session: number, ip: string): TraversalPeer | undefined {
    const helpers = [...this.#peers.values()].filter(({ session: own, keepalive }) => {
      return own !== session && keepalive !== undefined && ipOf(keepalive.via.address) !== ip;
    });
    return helpers.find((helper) => helper.session > this.#lastHelper) ?? helpers[0];
  }

  #find(destination: Uint8Array): TraversalPeer | undefined {
    const short = toHex(destination);
    for (const peer of this.#peers.values()) if (shortKeyOf(peer.key) === short) return peer;
    return undefined;
  }
}
