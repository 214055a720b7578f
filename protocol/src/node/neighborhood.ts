import type { ReachabilityReport } from '../api.js';
import { assert, unreachable } from '../kernel/assert.js';
import { fromHex } from '../kernel/bytes.js';
import type { Via } from '../kernel/link.js';
import { sameVia } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Chosen, PathOutput } from '../path/doors.js';
import type { RouterOutput, RoutingMessage } from '../routing/doors.js';
import type { TraversalOutput } from '../traversal/doors.js';
import { drop, type Parts } from './parts.js';
import type { Peer } from './peer-book.js';

/** What a sealed packet adds to its messages, with reserve for an acknowledgement. */
const SEAL_BYTES = 21 + 8;
/** A sealed PATH challenge, with reserve for longer ids and counters. */
const PROBE_BYTES = 33;
/** PINGs of the path machine whose answers are awaited. */
const PING_COUNT_MAX = 64;
const TOKEN_COUNT = 0x1_0000;

/** Carries what the path machine decides to the sessions, the router and discovery. */
export class Neighborhood {
  readonly #parts: Parts;
  /** By session and token, as whoever else guesses the token answers nothing. Made while any is awaited. */
  #pingSentAt: Map<number, Instant> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  onPaths(now: Instant, output: PathOutput): void {
    const { peers, services } = this.#parts;
    const peer = peers.bySession(output.session);
    if (peer === undefined) return;
    switch (output.kind) {
      case 'send':
        return this.#send(now, output);
      case 'chosen':
        return this.#onChosen(now, peer, output);
      case 'rerouted':
        this.#parts.sessions.handleInput(now, { ...output, kind: 'path' });
        return services.handleInput(now, { kind: 'rerouted', peer: peer.key });
      case 'report':
        return services.handleInput(now, { kind: 'path', peer: peer.key, path: output.path });
      case 'dead':
        peer.isUp = false;
        this.#parts.election.handleInput(now, { kind: 'peerDown', peer: peer.short });
        return services.handleInput(now, { kind: 'peerDown', peer: peer.key, code: 'unreachable' });
      default:
        return unreachable(output);
    }
  }

  onTraversal(now: Instant, output: TraversalOutput): void {
    const { links, sessions, paths, peers, out } = this.#parts;
    switch (output.kind) {
      case 'send': {
        const peer = peers.bySession(output.session);
        // What waits for a path would come too late.
        if (peer?.via === undefined) return;
        const { message } = output;
        return sessions.handleInput(now, { kind: 'send', peer: peer.key, message, delivery: 'datagram' });
      }
      case 'ping': {
        const message = {
          kind: 'ping',
          token: output.token,
          sentAt: Math.floor(now) % 0x1_0000_0000,
        } as const;
        return this.#send(now, { ...output, kind: 'send', message, isHinted: false });
      }
      case 'nudge':
        return sessions.handleInput(now, {
          ...output,
          kind: 'sendVia',
          message: undefined,
          mtu: this.#mtuOf(output.via),
        });
      case 'transmit':
        return links.send(output.via, output.bytes);
      case 'proven':
      case 'suspect':
        return paths.handleInput(now, output);
      case 'event':
        this.#onReachability(now, output.event.reachability);
        out.push(output);
        return;
      case 'dropped':
        return drop(this.#parts, output.via, output.reason);
      default:
        return unreachable(output);
    }
  }

  #onReachability(now: Instant, { link, mapping, filtering }: ReachabilityReport): void {
    const isReachable = filtering === 'open' || (mapping === 'none' && filtering !== 'restricted');
    this.#parts.acquaintances.handleInput(now, { kind: 'reachable', link, isReachable });
  }

  /** The answer to a PING of the path machine. */
  onPong(now: Instant, session: number, via: Via, token: number): void {
    const ping = pingOf(session, token);
    const sentAt = this.#pingSentAt?.get(ping);
    if (sentAt === undefined) return;
    this.#pingSentAt?.delete(ping);
    if (this.#pingSentAt?.size === 0) this.#pingSentAt = undefined;
    this.#parts.paths.handleInput(now, { kind: 'pong', session, via, roundTripMs: now - sentAt });
  }

  /**
   * A session with a proven direct path is a neighbour (two-way proof), as soon as its peer has said which
   * life it is in: what goes to a former one is lost. Again when its keys are new.
   */
  raise(now: Instant, peer: Peer): void {
    const { via, link, session: neighbor, keys, formerKeys } = peer;
    const id = fromHex(peer.key);
    assert(id !== undefined, 'a NodeKey is hexadecimal');
    if (!peer.isConfirmed || via?.kind !== 'direct' || link === undefined || peer.allowance !== undefined)
      return;
    const hopKeys = {
      sendKey: keys.hopSend,
      receiveKey: keys.hopReceive,
      formerKey: formerKeys?.hopReceive,
    };
    const { router, discovery, election, index } = this.#parts;
    router.handleInput(now, { kind: 'neighborUp', neighbor, id, via, link, ...hopKeys });
    if (!peer.isNeighbor) {
      election.handleInput(now, { kind: 'neighborUp', neighbor, id, bitrate: link.bitrate });
      index.handleInput(now, { kind: 'neighborUp', neighbor, bitrate: link.bitrate });
    }
    peer.isNeighbor = true;
    discovery.handleInput(now, { kind: 'present', link: via.link, address: via.address, peer: peer.key });
    const isStation = discovery.isTarget(via.link, via.address);
    const isProbed = this.#parts.traversal.isProbed(neighbor, via);
    const met = { kind: 'met', session: neighbor, peer: peer.key, via, isStation, isProbed } as const;
    this.#parts.acquaintances.handleInput(now, met);
  }

  lower(now: Instant, peer: Peer): void {
    if (!peer.isNeighbor) return;
    peer.isNeighbor = false;
    this.#parts.router.handleInput(now, { kind: 'neighborDown', neighbor: peer.session });
    this.#parts.sessions.handleInput(now, { kind: 'retractRoutes', peer: peer.key });
    this.#parts.election.handleInput(now, { kind: 'neighborDown', neighbor: peer.session });
    this.#parts.index.handleInput(now, { kind: 'neighborDown', neighbor: peer.session });
    this.#parts.acquaintances.handleInput(now, { kind: 'left', session: peer.session });
    if (peer.via?.kind !== 'direct') return;
    const { link, address } = peer.via;
    this.#parts.discovery.handleInput(now, { kind: 'absent', link, address });
  }

  /**
   * To a neighbor. What the router said in the turn in which it ceased to be one is withdrawn with the rest
   * (SPEC §8.3).
   */
  tell(now: Instant, { neighbor, message, reliable, tag }: Extract<RouterOutput, { kind: 'message' }>): void {
    const { peers, router, sessions } = this.#parts;
    const peer = peers.bySession(neighbor);
    if (peer?.isNeighbor !== true) {
      if (tag !== undefined) router.handleInput(now, { kind: 'settled', tag, ok: false });
      return;
    }
    sessions.handleInput(now, {
      kind: 'send',
      peer: peer.key,
      message: this.#covered(neighbor, message),
      delivery: reliable ? 'reliable' : 'datagram',
      tag: tag === undefined ? undefined : -tag, // the services number theirs upwards from 0
    });
  }

  /** A heartbeat's digest covers the advert as well (SPEC §8.2). */
  #covered(neighbor: number, message: RoutingMessage): RoutingMessage {
    if (message.kind !== 'heartbeat') return message;
    const digest = (message.digest + this.#parts.election.toldDigest(neighbor)) & 0xffff;
    return { kind: 'heartbeat', digest, intervalS: message.intervalS };
  }

  #onChosen(now: Instant, peer: Peer, { via, mtu, link, allowance }: Chosen): void {
    const isSame = via !== undefined && peer.via !== undefined && sameVia(via, peer.via);
    if (!isSame) this.lower(now, peer);
    peer.via = via;
    peer.link = link;
    peer.allowance = allowance;
    if (via !== undefined) peer.isMissed = false;
    const { sessions, services, traversal } = this.#parts;
    sessions.handleInput(now, { kind: 'path', session: peer.session, via, mtu });
    const isValid = allowance === undefined;
    traversal.handleInput(now, { kind: 'path', session: peer.session, via, isValid });
    services.handleInput(now, { kind: 'room', peer: peer.key, bytes: Math.max(0, mtu - SEAL_BYTES) });
    if (via !== undefined && peer.isAttached && !peer.isUp) {
      peer.isUp = true;
      services.handleInput(now, { kind: 'peerUp', peer: peer.key, resumed: true });
    }
    if (!isSame && via !== undefined) services.handleInput(now, { kind: 'rerouted', peer: peer.key });
    this.raise(now, peer);
  }

  #send(
    now: Instant,
    { session, via, message, isHinted }: Extract<PathOutput, { readonly kind: 'send' }>,
  ): void {
    const { sessions, discovery } = this.#parts;
    const mtu = this.#mtuOf(via);
    if (message.kind === 'ping') this.#notePing(now, pingOf(session, message.token));
    if (isHinted && via.kind === 'direct' && !discovery.spend(via.link, via.address, PROBE_BYTES)) {
      return drop(this.#parts, via, 'amplification');
    }
    sessions.handleInput(now, { kind: 'sendVia', session, via, message, mtu });
  }

  #mtuOf(via: Via): number {
    return via.kind === 'direct' ? (this.#parts.links.get(via.link)?.mtu ?? 0) : 0;
  }

  #notePing(now: Instant, ping: number): void {
    this.#pingSentAt ??= new Map();
    if (this.#pingSentAt.size >= PING_COUNT_MAX) this.#pingSentAt.clear();
    this.#pingSentAt.set(ping, now);
  }
}

function pingOf(session: number, token: number): number {
  return session * TOKEN_COUNT + token;
}
