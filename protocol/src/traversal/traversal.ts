/**
 * Direct paths through boxes that translate addresses (SPEC §7.11): what others see of this node, attempts
 * with peers that are reached by way of others, and what keeps the paths that came of it. Everything that
 * goes to an address nobody proved is counted here.
 */
import type { CryptoSuite } from '../crypto/suite.js';
import { unreachable } from '../kernel/assert.js';
import { type DirectVia, type LinkId, type LinkInfo, type NodeKey, sameVia } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { TraversalInput, TraversalOutput } from './doors.js';
import { Keeper } from './keeper.js';
import { Outlook } from './outlook.js';
import { isRelayed, newTraversalPeer, type TraversalPeer, wakeOf } from './peer.js';
import { Puncher } from './puncher.js';
import { Witnesses } from './witness.js';

/** After a direct path was lost: 1, 4, 16 ... s; those that lasted longer than ten minutes do not count. */
const UPGRADE_MS = SECOND_MS;
const UPGRADE_MS_MAX = 5 * MINUTE_MS;
const LASTING_MS = 10 * MINUTE_MS;
/** Where many paths are lost at once, an observer is asked once. */
const ASKED_MS = SECOND_MS;

type InputOf<Kind extends TraversalInput['kind']> = Extract<TraversalInput, { readonly kind: Kind }>;

export interface TraversalOptions {
  readonly self: NodeKey;
  readonly suite: CryptoSuite;
  readonly random: Random;
}

export class Traversal implements Machine<TraversalInput, TraversalOutput> {
  readonly #random: Random;
  readonly #out = new Outbox<TraversalOutput>();
  readonly #peers = new Map<number, TraversalPeer>();
  readonly #outlook: Outlook;
  readonly #keeper: Keeper;
  readonly #witnesses: Witnesses;
  readonly #puncher: Puncher;
  #wakeAt: Instant | undefined;

  constructor({ self, suite, random }: TraversalOptions) {
    this.#random = random;
    this.#outlook = new Outlook(this.#peers, this.#out);
    this.#keeper = new Keeper(this.#outlook, this.#out);
    this.#witnesses = new Witnesses(this.#peers, this.#outlook, random, this.#out);
    const shared = { peers: this.#peers, outlook: this.#outlook, witnesses: this.#witnesses, out: this.#out };
    this.#puncher = new Puncher({ self, suite, random, ...shared });
  }

  handleInput(now: Instant, input: TraversalInput): void {
    switch (input.kind) {
      case 'linkUp':
        this.#onLinkUp(input.link, input.info);
        break;
      case 'linkDown':
        this.#outlook.remove(input.link);
        break;
      case 'mapped':
        this.#onMapped(now, input);
        break;
      case 'probe':
        this.#puncher.onProbe(now, input.via, input.bytes);
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

  /** Whether probes made that path: it depends on what boxes remember. */
  isProbed(session: number, via: DirectVia): boolean {
    const provenAt = this.#peers.get(session)?.provenAt;
    return provenAt !== undefined && sameVia(provenAt, via);
  }

  #onLinkUp(link: LinkId, info: LinkInfo): void {
    if (info.cast !== 'address' || info.flow !== 'datagram') return;
    this.#outlook.add(link, info);
  }

  #onMapped(now: Instant, { link, addresses }: InputOf<'mapped'>): void {
    const before = this.#outlook.told;
    this.#outlook.setMapped(link, addresses);
    if (before !== this.#outlook.told) this.#onNews(now);
  }

  #onOpened({ session, peer: key, keys, formerKeys }: InputOf<'opened'>): void {
    const known = this.#peers.get(session);
    if (known?.key !== key) {
      this.#peers.set(session, newTraversalPeer(session, key, keys, formerKeys));
      return;
    }
    known.keys = keys;
    known.formerKeys = formerKeys;
  }

  #onPeer(
    now: Instant,
    peer: TraversalPeer,
    input: Exclude<Extract<TraversalInput, { readonly session: number }>, InputOf<'opened'>>,
  ): void {
    switch (input.kind) {
      case 'attached':
        peer.isAttached = true;
        if (isRelayed(peer)) this.#puncher.leadSoon(now, peer, 0);
        return;
      case 'closed':
        this.#peers.delete(input.session);
        return;
      case 'path':
        return this.#onPath(now, peer, input);
      case 'roundTrip':
        if (peer.via?.kind === 'relayed') this.#puncher.onRoundTrip(now, peer, input.ms);
        return;
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
    if (wasDirect) this.#askAnew(now);
    if (peer.directSince !== undefined && now - peer.directSince > LASTING_MS) peer.losses = 0;
    peer.directSince = undefined;
    peer.failures = 0;
    const delayMs = wasDirect ? Math.min(UPGRADE_MS_MAX, UPGRADE_MS << (2 * Math.min(peer.losses++, 5))) : 0;
    if (peer.isAttached) this.#puncher.leadSoon(now, peer, delayMs);
  }

  /** A box may have forgotten all: then whatever is told of this node in the next attempt would be wrong. */
  #askAnew(now: Instant): void {
    for (const { keepalive } of this.#peers.values()) {
      if (keepalive?.isTester && now - keepalive.pingedAt >= ASKED_MS) keepalive.isPingDue = true;
    }
  }

  #onPong(now: Instant, peer: TraversalPeer, pong: InputOf<'pong'>): void {
    const before = this.#outlook.told;
    const isElsewhere = this.#outlook.note(now, peer, pong.via, pong.observed);
    if (!isElsewhere && before !== this.#outlook.told) this.#onNews(now);
    if (this.#outlook.takeUnchecked(pong.via.link)) this.#witnesses.begin(now);
    this.#keeper.answered(peer, pong.token, isElsewhere);
    if (!isElsewhere) return;
    for (const other of this.#peers.values()) if (other !== peer) this.#onMoved(now, other, pong.via.link);
  }

  /** This node knows more of itself than before: whoever could not reach it for want of that may try now. */
  #onNews(now: Instant): void {
    for (const peer of this.#peers.values()) this.#puncher.onNews(now, peer);
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
    this.#puncher.leadSoon(now, peer, SECOND_MS + randomBelow(this.#random, SECOND_MS));
  }

  #onTimeout(now: Instant): void {
    for (const peer of this.#peers.values()) {
      this.#puncher.onTimeout(now, peer);
      this.#keeper.onTimeout(now, peer);
    }
    this.#witnesses.onTimeout(now);
  }

  #onMessage(now: Instant, peer: TraversalPeer, message: InputOf<'message'>['message']): void {
    switch (message.kind) {
      case 'punch':
        return this.#puncher.onPunch(now, peer, message);
      case 'sync':
        return this.#puncher.onSync(now, peer, message);
      case 'witnessWanted':
        return this.#witnesses.onWitnessWanted(peer, message);
      case 'witness':
        return this.#witnesses.onWitness(peer, message);
      case 'probeWanted':
        return this.#witnesses.onProbeWanted(peer, message);
      case 'probeFor':
        return this.#witnesses.onProbeFor(now, peer, message);
      default:
        return unreachable(message);
    }
  }

  #setClock(): void {
    let soonest = this.#witnesses.wakeAt;
    for (const peer of this.#peers.values()) {
      soonest = earlier(soonest, wakeOf(peer));
      soonest = earlier(soonest, this.#keeper.wakeOf(peer));
    }
    this.#wakeAt = soonest;
  }
}
