import { shortKeyOf } from '../identity/id.js';
import { unreachable } from '../kernel/assert.js';
import { type DirectVia, sameVia } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { Heartbeat } from '../packet/message.js';
import { ECHO_TOKEN_COUNT } from '../service/echo.js';
import type { PeerDownCode } from '../service/port.js';
import type { SessionOutput } from '../session/output.js';
import type { Bureau } from './bureau.js';
import type { MailRoom } from './mail-room.js';
import type { Neighborhood } from './neighborhood.js';
import { drop, firstHopTo, type Parts, relayedRoute } from './parts.js';
import type { Peer } from './peer-book.js';
import type { Ways } from './ways.js';

type OutputOf<K extends SessionOutput['kind']> = Extract<SessionOutput, { kind: K }>;

/** Carries what the sessions say to the paths, the router and the services. */
export class Associates {
  readonly #parts: Parts;
  readonly #neighborhood: Neighborhood;
  readonly #ways: Ways;
  readonly #bureau: Bureau;
  readonly #mail: MailRoom;

  constructor(
    parts: Parts,
    neighborhood: Neighborhood,
    ways: Ways,
    { bureau, mail }: { readonly bureau: Bureau; readonly mail: MailRoom },
  ) {
    this.#parts = parts;
    this.#neighborhood = neighborhood;
    this.#ways = ways;
    this.#bureau = bureau;
    this.#mail = mail;
  }

  onSessions(now: Instant, output: SessionOutput): void {
    switch (output.kind) {
      case 'transmit':
        return this.#transmit(now, output);
      case 'message':
        return this.#onMessage(now, output);
      case 'heard':
        return this.#onHeard(now, output);
      case 'opened':
        return this.#onOpened(now, output);
      case 'attached':
        return this.#onAttached(now, output);
      case 'settled':
        return this.#onSettled(now, output);
      case 'roundTrip':
        return this.#onRoundTrip(now, output);
      case 'suspect':
        return this.#onSuspect(now, output);
      case 'wanted':
        return this.#ways.want(now, output.peer);
      case 'unanswered':
        return;
      case 'outrun':
        return this.#ways.onOutrun(now, output.peer, output.via);
      case 'closed':
        return this.#onClosed(now, output.session);
      case 'persist':
        this.#parts.out.push(output);
        return;
      case 'dropped':
        return drop(this.#parts, output.via, output.reason);
      default:
        return unreachable(output);
    }
  }

  #transmit(now: Instant, { via, bytes, session, isAsked }: OutputOf<'transmit'>): void {
    const { links, router, traversal } = this.#parts;
    if (via.kind === 'relayed') {
      return router.handleInput(now, { kind: 'send', to: via.peer, packet: bytes });
    }
    if (session !== undefined) traversal.sent(now, session);
    if (isAsked || this.#mayGo(now, via, bytes.length, session)) return links.send(via, bytes);
    drop(this.#parts, via, 'amplification');
  }

  /** Whether the address has proved itself, or as much has come from there; then it is on its account. */
  #mayGo(now: Instant, via: DirectVia, bytes: number, session: number | undefined): boolean {
    const { peers, paths, discovery } = this.#parts;
    if (session === undefined) return discovery.spend(via.link, via.address, bytes);
    const peer = peers.bySession(session);
    const isProven = peer?.via !== undefined && peer.allowance === undefined && sameVia(via, peer.via);
    const left = isProven ? undefined : paths.allowanceOf(session, via);
    if (left === undefined) return true;
    if (bytes > left) return false;
    paths.handleInput(now, { kind: 'sent', session, via, bytes });
    return true;
  }

  #onMessage(now: Instant, { session, peer, via, message, delivery }: OutputOf<'message'>): void {
    switch (message.kind) {
      case 'heartbeat':
        return this.#onHeartbeat(now, session, message);
      case 'advert':
      case 'reserve':
      case 'reserved':
      case 'busy':
      case 'release':
        return this.#parts.election.handleInput(now, { kind: 'message', from: shortKeyOf(peer), message });
      case 'routesWanted':
        this.#parts.election.handleInput(now, { kind: 'tellAgain', neighbor: session });
        return this.#parts.router.handleInput(now, { kind: 'message', neighbor: session, message });
      case 'routes':
      case 'routeRequest':
      case 'routeSeek':
      case 'routeSeekBack':
      case 'routeUnwanted':
      case 'vicinity':
      case 'relayRefused':
      case 'label':
      case 'labelUnknown':
        return this.#parts.router.handleInput(now, { kind: 'message', neighbor: session, message });
      case 'store':
      case 'lookup':
      case 'found':
        return this.#bureau.onMessage(now, session, message);
      case 'pathResponse':
        return this.#parts.paths.handleInput(now, { kind: 'response', session, via, token: message.token });
      case 'punch':
      case 'sync':
      case 'witnessWanted':
      case 'witness':
      case 'probeWanted':
      case 'probeFor':
        return this.#parts.traversal.handleInput(now, { kind: 'message', session, message });
      case 'mailbox':
      case 'post':
      case 'posted':
      case 'mail':
      case 'mailTaken':
      case 'mailReceipt':
        return this.#mail.onMessage(now, peer, message);
      case 'introduce':
        return this.#parts.acquaintances.handleInput(now, { kind: 'introduced', session, message });
      case 'pong':
        if (via.kind === 'direct' && message.observed !== '') {
          const { token, observed } = message;
          this.#parts.traversal.handleInput(now, { kind: 'pong', session, via, token, observed });
        }
        if (message.token >= ECHO_TOKEN_COUNT) {
          return this.#neighborhood.onPong(now, session, via, message.token);
        }
        break;
      default:
    }
    const firstHop =
      message.kind === 'find' ? firstHopTo(this.#parts, shortKeyOf(message.destination)) : undefined;
    this.#parts.services.handleInput(now, { kind: 'message', from: peer, message, delivery, firstHop });
  }

  /** The tags of the router are below 0. */
  #onSettled(now: Instant, output: OutputOf<'settled'>): void {
    const { router, services } = this.#parts;
    if (output.tag >= 0) services.handleInput(now, output);
    else router.handleInput(now, { kind: 'settled', tag: -output.tag, ok: output.ok });
  }

  /** Its digest covers routes and advert; to the router it is as if it covered routes only. */
  #onHeartbeat(now: Instant, neighbor: number, heartbeat: Heartbeat): void {
    const digest = (heartbeat.digest - this.#parts.election.heardDigest(neighbor)) & 0xffff;
    const message: Heartbeat = { kind: 'heartbeat', digest, intervalS: heartbeat.intervalS };
    this.#parts.router.handleInput(now, { kind: 'message', neighbor, message });
  }

  #onHeard(now: Instant, { session, via, isNewest, isProbing, bytes }: OutputOf<'heard'>): void {
    const { paths, peers, router, services } = this.#parts;
    paths.handleInput(now, { kind: 'heard', session, via, newest: isNewest, probing: isProbing, bytes });
    const peer = peers.bySession(session);
    if (peer === undefined) return;
    if (via.kind === 'direct' && peer.isNeighbor)
      router.handleInput(now, { kind: 'heard', neighbor: session });
    services.handleInput(now, { kind: 'heard', peer: peer.key });
  }

  #onOpened(now: Instant, { session, peer: key, via, keys }: OutputOf<'opened'>): void {
    const { peers, paths, traversal } = this.#parts;
    const known = peers.bySession(session);
    const peer = known ?? this.#newPeer(session, key, keys);
    peer.formerKeys = known?.keys;
    peer.keys = keys;
    peer.isConfirmed = false;
    this.#ways.found(key);
    traversal.handleInput(now, { kind: 'opened', session, peer: key, keys, formerKeys: peer.formerKeys });
    const route = relayedRoute(this.#parts, peer.short);
    paths.handleInput(now, { kind: 'opened', session, peer: key, via, route });
    for (let o = paths.pollOutput(); o !== undefined; o = paths.pollOutput())
      this.#neighborhood.onPaths(now, o);
    this.#neighborhood.raise(now, peer);
  }

  #newPeer(session: number, key: Peer['key'], keys: Peer['keys']): Peer {
    const nowhere = { via: undefined, link: undefined, allowance: undefined };
    const nobody = { isNeighbor: false, isMissed: false, isAttached: false, isConfirmed: false, isUp: false };
    const peer = { session, key, short: shortKeyOf(key), keys, formerKeys: undefined, ...nowhere, ...nobody };
    this.#parts.peers.add(peer);
    return peer;
  }

  #onAttached(now: Instant, { session, isFresh }: OutputOf<'attached'>): void {
    const peer = this.#parts.peers.bySession(session);
    if (peer === undefined) return;
    // Also to one that was not up: an answer to its former life must not reach the new one.
    if (isFresh && peer.isAttached) this.#tellDown(now, peer, 'restarted');
    peer.isAttached = true;
    peer.isConfirmed = true;
    peer.isUp = true;
    this.#parts.services.handleInput(now, { kind: 'peerUp', peer: peer.key, resumed: !isFresh });
    this.#mail.onPeer(now, 'peerUp', peer.key);
    this.#parts.traversal.handleInput(now, { kind: 'attached', session });
    this.#neighborhood.raise(now, peer);
  }

  #onRoundTrip(now: Instant, { session, ms }: OutputOf<'roundTrip'>): void {
    const { peers, router, paths, services, traversal } = this.#parts;
    const peer = peers.bySession(session);
    if (peer === undefined) return;
    traversal.handleInput(now, { kind: 'roundTrip', session, ms });
    if (peer.isNeighbor) router.handleInput(now, { kind: 'roundTrip', neighbor: session, ms });
    if (peer.via !== undefined) {
      paths.handleInput(now, { kind: 'pong', session, via: peer.via, roundTripMs: ms });
    }
    services.handleInput(now, { kind: 'roundTrip', peer: peer.key, ms });
  }

  #onSuspect(now: Instant, { session }: OutputOf<'suspect'>): void {
    const { peers, paths, election } = this.#parts;
    paths.handleInput(now, { kind: 'suspect', session });
    const peer = peers.bySession(session);
    if (peer !== undefined) election.handleInput(now, { kind: 'suspect', peer: peer.short });
  }

  #onClosed(now: Instant, session: number): void {
    const { peers, router, paths, traversal } = this.#parts;
    const peer = peers.bySession(session);
    if (peer === undefined) return;
    traversal.handleInput(now, { kind: 'closed', session });
    this.#neighborhood.lower(now, peer);
    router.handleInput(now, { kind: 'neighborClosed', neighbor: session });
    paths.handleInput(now, { kind: 'closed', session });
    peers.remove(peer);
    this.#tellDown(now, peer, 'closed');
  }

  #tellDown(now: Instant, peer: Peer, code: PeerDownCode): void {
    const { services, election } = this.#parts;
    if (code === 'closed') this.#mail.onPeer(now, 'peerDown', peer.key);
    services.handleInput(now, { kind: 'peerDown', peer: peer.key, code });
    if (code === 'closed') return election.handleInput(now, { kind: 'suspect', peer: peer.short });
    election.handleInput(now, { kind: 'peerDown', peer: peer.short });
    election.handleInput(now, { kind: 'tellAgain', neighbor: peer.session });
  }
}
