import { shortKeyOf } from '../identity/id.js';
import { unreachable } from '../kernel/assert.js';
import { type NodeKey, type ShortKey, sameVia, type Via } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { AcquaintanceOutput } from '../path/acquaintances.js';
import type { DiscoveryOutput } from '../path/discovery.js';
import { ACQUAINTANCES_KEY } from './late-acquaintances.js';
import { directVia, firstHopTo, type Parts, relayedRoute } from './parts.js';

/** First wait for the answer to a handshake packet. */
const PATIENCE_DIRECT_MS = 250;
const PATIENCE_RELAYED_MS = 500;
/** On a slow link: this many times the airtime of the largest handshake packet. */
const PATIENCE_AIRTIMES = 4;
const HANDSHAKE_BITS = 110 * 10;

/** Finds a way to open a session by: an address where the peer was heard, or the neighbours that forward. */
export class Ways {
  readonly #parts: Parts;
  readonly #countMax: number;
  /** Peers that something waits for, and how often each was tried. Oldest first; the oldest goes. */
  #wanted: Map<NodeKey, number> | undefined;

  constructor(parts: Parts, countMax: number) {
    this.#parts = parts;
    this.#countMax = countMax;
  }

  /** Something waits for a peer without a usable session: tries what is known of it, one way at a time. */
  want(now: Instant, key: NodeKey): void {
    // Who sleeps hears nothing, and opens a session when it is back.
    if (this.#isAsleep(now, key)) return;
    const short = shortKeyOf(key);
    // A path that has just been found is taken as soon as all that was said is heard.
    const session = this.#parts.peers.byKey(key)?.session;
    if (session !== undefined && this.#parts.paths.hasPath(session)) return this.found(key);
    const ways: Via[] = [...this.#parts.discovery.viasOf(key)];
    if (relayedRoute(this.#parts, short) !== undefined) ways.push({ kind: 'relayed', peer: short });
    this.#wanted ??= new Map();
    const tries = this.#wanted.get(key) ?? 0;
    this.#wanted.set(key, tries + 1);
    for (const oldest of this.#wanted.keys()) {
      if (this.#wanted.size <= this.#countMax) break;
      this.#wanted.delete(oldest);
    }
    const via = ways[tries % Math.max(1, ways.length)];
    if (via?.kind !== 'direct') this.#seek(now, short);
    if (via !== undefined) this.#open(now, key, via);
  }

  /** Something is for a node that is known by its id. Without its record no session can be opened to it. */
  onAsked(now: Instant, short: ShortKey): void {
    if (this.#parts.services.find(short) !== undefined) return;
    const [near] = this.#parts.election.neighborsNear(short);
    const firstHop = firstHopTo(this.#parts, near ?? short);
    this.#parts.services.handleInput(now, { kind: 'wanted', short, firstHop });
    this.#seek(now, short);
  }

  /** A session is there. */
  found(key: NodeKey): void {
    this.#wanted?.delete(key);
    if (this.#wanted?.size === 0) this.#wanted = undefined;
  }

  /** A route has come up: whoever waits for it need not wait longer. */
  onRoute(now: Instant, destination: ShortKey): void {
    for (const key of this.#wanted?.keys() ?? []) if (shortKeyOf(key) === destination) this.want(now, key);
  }

  /** Discovery heard somebody: a new session, or another address for the one that is there. */
  onFound(now: Instant, found: Extract<DiscoveryOutput, { kind: 'found' }>): void {
    const { peer: key, isRestarted } = found;
    const via = directVia(found.link, found.address);
    const peer = this.#parts.peers.byKey(key);
    if (peer === undefined || isRestarted || peer.isMissed) return this.#open(now, key, via);
    // Without a path the next beacon opens anew: the peer may have forgotten the session.
    peer.isMissed = peer.via === undefined;
    this.#parts.paths.handleInput(now, { kind: 'candidate', session: peer.session, via });
  }

  /** Where an opening was under way while another one succeeded, the peer may be reached as well. */
  onOutrun(now: Instant, key: NodeKey, via: Via): void {
    const peer = this.#parts.peers.byKey(key);
    if (peer === undefined || via.kind !== 'direct') return;
    this.#parts.paths.handleInput(now, { kind: 'candidate', session: peer.session, via });
  }

  /** The peer may have forgotten the session that has its path there. */
  onDoubted(now: Instant, { link, address, peer: key }: Extract<DiscoveryOutput, { kind: 'doubted' }>): void {
    const peer = this.#parts.peers.byKey(key);
    if (peer?.via === undefined || !sameVia(peer.via, directVia(link, address))) return;
    this.#parts.paths.handleInput(now, { kind: 'suspect', session: peer.session });
  }

  onGreet(
    now: Instant,
    greet: Omit<Extract<DiscoveryOutput, { kind: 'greet' }>, 'kind'>,
    isHearsay = false,
  ): void {
    const via = directVia(greet.link, greet.address);
    const there = this.#parts.discovery.peerAt(greet.link, greet.address);
    if (there !== undefined && this.#isAsleep(now, there)) return;
    const last = greet.peer === undefined ? undefined : this.#parts.peers.byKey(greet.peer);
    if (last?.via !== undefined) {
      this.#parts.paths.handleInput(now, { kind: 'candidate', session: last.session, via });
      return;
    }
    const mtu = this.#parts.links.get(greet.link)?.mtu ?? 0;
    const patienceMs = this.#patience(via);
    this.#parts.sessions.handleInput(now, { kind: 'greet', via, patienceMs, mtu, isHearsay });
  }

  /** Looks for somebody who was there once, or is said to be. */
  onAcquaintances(now: Instant, output: AcquaintanceOutput): void {
    const { out, sessions, discovery, peers } = this.#parts;
    switch (output.kind) {
      case 'try': {
        const { link, address, peer, isHearsay } = output;
        // Who is greeted all the time needs no more of it.
        if (discovery.isTarget(link, address)) return;
        const isKnown = peer !== undefined && sessions.knows(peer);
        if (!isKnown) return this.onGreet(now, { link, address, peer: undefined }, isHearsay);
        if (this.#isAsleep(now, peer)) return;
        return this.#open(now, peer, directVia(link, address));
      }
      case 'introduce': {
        const peer = peers.bySession(output.session)?.key;
        if (peer === undefined) return;
        const { message } = output;
        return sessions.handleInput(now, { kind: 'send', peer, message, delivery: 'reliable' });
      }
      case 'persist':
        out.push({ kind: 'persist', key: ACQUAINTANCES_KEY, value: output.value });
        return;
      default:
        return unreachable(output);
    }
  }

  #isAsleep(now: Instant, peer: NodeKey): boolean {
    return (this.#parts.services.dueAt(peer) ?? now) > now;
  }

  #seek(now: Instant, destination: ShortKey): void {
    const near = this.#parts.election.neighborsNear(destination);
    this.#parts.router.handleInput(now, { kind: 'seek', destination, near });
  }

  #open(now: Instant, peer: NodeKey, via: Via): void {
    const mtu = via.kind === 'direct' ? (this.#parts.links.get(via.link)?.mtu ?? 0) : 0;
    this.#parts.sessions.handleInput(now, { kind: 'open', peer, via, patienceMs: this.#patience(via), mtu });
  }

  #patience(via: Via): number {
    if (via.kind === 'relayed') return PATIENCE_RELAYED_MS;
    const bitrate = this.#parts.links.get(via.link)?.bitrate ?? 0;
    if (bitrate === 0) return PATIENCE_DIRECT_MS;
    return Math.max(PATIENCE_DIRECT_MS, Math.ceil((PATIENCE_AIRTIMES * HANDSHAKE_BITS * 1000) / bitrate));
  }
}
