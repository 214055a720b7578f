import { assert, unreachable } from '../kernel/assert.js';
import type { LinkId, LinkInfo, NodeKey, Via } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { BY_ID_FRAME_BYTES } from '../packet/forward.js';
import { choosePath, FOLLOW_MS, followNewest, isLeft, isMuchFaster, leastUseful } from './choice.js';
import type { Chosen, Grant, PathInput, PathOutput } from './doors.js';
import { earliestWake, Path } from './path.js';
import { findPath, isOnLink, newPeer, type PeerPaths, type RouteFacts, relayedPath } from './peer-paths.js';
import { describePath, isNews } from './report.js';

/*
 * The paths to every peer with a session, and which one packets take (SPEC §7.8).
 *
 * What the owner has to do: send each `send` on its very via, even when another one is chosen; answer a PATH
 * challenge and a PING on the via that they came by; tell by `sent` what else goes to a via whose
 * `allowanceOf` is a number, and send no more than that. Nothing else: whatever needs repeating is repeated
 * from here.
 */

const DIRECT_PATHS_MAX = 4; // 4 x about 250 B for each session, mostly one
/** How long a session outlives its last path. */
const HOLD_MS = 30 * SECOND_MS;
/** Longer silence than this, and a path in reserve has to prove itself before it is used. */
const STALE_MS = 10 * SECOND_MS;
const PROBE_MS_MIN = 250;
/** A challenge or PING waits for 8 times the airtime of 64 B. */
const PROBE_BITS = 8 * 64 * 8;

/** Narrower ways get packets of this size in fragments: else frame and tag would eat up the packet. */
const RELAYED_MTU_MIN = 184;

const TOKEN_BYTES = 8;
const PING_TOKEN_FIRST = 0x8000;
const PING_TOKEN_COUNT = 0x4000;

type PeerInput = Extract<PathInput, { readonly session: number }>;
type InputOf<Kind extends PathInput['kind']> = Extract<PathInput, { readonly kind: Kind }>;

export class PathTable implements Machine<PathInput, PathOutput> {
  readonly #self: NodeKey;
  readonly #random: Random;
  readonly #outbox = new Outbox<PathOutput>();
  readonly #links = new Map<LinkId, LinkInfo>();
  readonly #peers = new Map<number, PeerPaths>();
  #grants: readonly Grant[] = [];
  #pingCount = 0;
  /** No later than the earliest deadline of any peer. */
  #wakeAt: Instant | undefined;

  constructor(options: { readonly self: NodeKey; readonly random: Random }) {
    this.#self = options.self;
    this.#random = options.random;
  }

  handleInput(now: Instant, input: PathInput): void {
    switch (input.kind) {
      case 'linkUp':
        this.#onLinkUp(now, input.link, input.info);
        break;
      case 'linkDown':
        this.#onLinkDown(now, input.link);
        break;
      case 'opened':
        this.#onOpened(now, input);
        break;
      case 'closed':
        this.#peers.delete(input.session);
        break;
      case 'route':
        this.#onRoute(now, input);
        break;
      case 'grants':
        this.#onGrants(now, input.grants);
        break;
      case 'timeout':
        this.#onTimeout(now);
        break;
      default:
        this.#onPeer(now, input);
    }
  }

  pollOutput(): PathOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return this.#wakeAt;
  }

  /** Bytes that may go to an address that is not validated; undefined when there is no such bound. */
  allowanceOf(session: number, via: Via): number | undefined {
    const peer = this.#peers.get(session);
    if (peer === undefined || via.kind === 'relayed') return undefined;
    const path = findPath(peer, via);
    return path === undefined ? 0 : path.allowance;
  }

  /** Whether packets of the session have anywhere to go that nothing speaks against. */
  hasPath(session: number): boolean {
    const chosen = this.#peers.get(session)?.chosen;
    return chosen?.state.kind === 'valid' || (chosen?.state.kind === 'candidate' && !chosen.isDirect);
  }

  #onLinkUp(now: Instant, link: LinkId, info: LinkInfo): void {
    this.#links.set(link, info);
    for (const peer of this.#peers.values()) this.#settle(now, peer);
  }

  #onLinkDown(now: Instant, link: LinkId): void {
    this.#links.delete(link);
    for (const peer of this.#peers.values()) {
      const lost = peer.paths.filter((path) => isOnLink(path, link));
      for (const path of lost) this.#remove(peer, path);
      if (lost.length > 0) this.#settle(now, peer);
    }
  }

  /** New keys for a session that is here already leave its other paths as they are. */
  #onOpened(now: Instant, { session, peer: key, via, route }: InputOf<'opened'>): void {
    const known = this.#peers.get(session);
    const peer = known?.peer === key ? known : newPeer(now, session, key);
    this.#peers.set(session, peer);
    this.#setRoute(now, peer, route);
    const path = findPath(peer, via) ?? this.#add(now, peer, via, true);
    path?.opened(now);
    peer.heard = path;
    peer.newest = path;
    if (path !== undefined) peer.chosen = path;
    this.#settle(now, peer);
  }

  #onRoute(now: Instant, { peer: short, hops, firstHop, mtu }: InputOf<'route'>): void {
    const isForwarded = hops !== undefined && hops > 1 && firstHop !== undefined;
    for (const peer of this.#peers.values()) {
      if (peer.short !== short) continue;
      const before = peer.route;
      this.#setRoute(now, peer, isForwarded ? { hops, firstHop, mtu } : undefined);
      this.#settle(now, peer);
      this.#tellReroute(peer, before);
    }
  }

  #onGrants(now: Instant, grants: readonly Grant[]): void {
    const before = this.#grants;
    this.#grants = grants;
    if (grants.length + before.length === 0) return;
    for (const peer of this.#peers.values()) if (peer.reported?.kind === 'relayed') this.#settle(now, peer);
  }

  #onTimeout(now: Instant): void {
    this.#wakeAt = undefined;
    for (const peer of this.#peers.values()) {
      for (const path of [...peer.paths]) this.#onPathTimeout(now, peer, path);
      if (!peer.isDead && peer.lostAt !== undefined && now >= peer.lostAt + HOLD_MS) {
        peer.isDead = true;
        this.#outbox.push({ kind: 'dead', session: peer.session });
      }
      this.#settle(now, peer);
    }
  }

  #onPathTimeout(now: Instant, peer: PeerPaths, path: Path): void {
    const act = path.timeout(now);
    if (act === 'ping') this.#ping(now, peer, path);
    else if (act === 'challenge') this.#challenge(peer, path);
    else if (act === 'validate' && path.isHopeless && path.isDirect) this.#remove(peer, path);
    else if (act === 'validate') this.#validate(now, peer, path, 0);
  }

  #onPeer(now: Instant, input: Exclude<PeerInput, InputOf<'opened' | 'closed'>>): void {
    const peer = this.#peers.get(input.session);
    if (peer === undefined) return; // closed here, its last packets still under way
    switch (input.kind) {
      case 'heard':
        this.#onHeard(now, peer, input);
        return; // settles when it matters: this is each packet
      case 'response':
        findPath(peer, input.via)?.responded(now, input.token);
        this.#follow(now, peer);
        break;
      case 'pong':
        this.#onPong(now, peer, input);
        break;
      case 'candidate':
        this.#onCandidate(now, peer, input.via);
        break;
      case 'proven':
        this.#onProven(now, peer, input);
        break;
      case 'suspect':
        this.#onSuspect(now, peer);
        break;
      case 'sent': {
        const path = findPath(peer, input.via);
        if (path?.allowance === undefined) return;
        path.sent(input.bytes);
        break;
      }
      default:
        unreachable(input);
    }
    this.#settle(now, peer);
  }

  #onHeard(now: Instant, peer: PeerPaths, { via, newest, probing, bytes }: InputOf<'heard'>): void {
    const path = findPath(peer, via) ?? (newest ? this.#add(now, peer, via, true) : undefined);
    if (path === undefined) return newest && !probing ? this.#onLeft(now, peer) : undefined;
    const isUnproven = path.isDirect && (path.state.kind === 'candidate' || path.state.kind === 'dead');
    const isChanged = path.heard(now, bytes) || path.allowance !== undefined;
    const isElsewhere = newest && peer.heard !== path;
    const isMoved = newest && !probing && peer.newest !== path;
    if (newest) peer.heard = path;
    if (isMoved) peer.newest = path;
    if (newest && isUnproven) this.#validate(now, peer, path, bytes);
    if (isMoved) this.#follow(now, peer);
    if (isChanged || isElsewhere || isMoved || isUnproven) this.#settle(now, peer);
  }

  /** The peer lets others forward what it says, and this node knows no such way: its routes wait for that. */
  #onLeft(now: Instant, peer: PeerPaths): void {
    const { chosen } = peer;
    if (chosen === undefined || !isLeft(now, chosen)) return;
    chosen.abandon(now);
    this.#settle(now, peer);
  }

  #follow(now: Instant, peer: PeerPaths): void {
    const isInDoubt = followNewest(now, peer, this.#self < peer.peer);
    if (isInDoubt && peer.chosen !== undefined) this.#ping(now, peer, peer.chosen);
  }

  /** What is in use is in doubt, and so is every other address that was not heard lately. */
  #onSuspect(now: Instant, peer: PeerPaths): void {
    for (const path of peer.paths) {
      const isStale = path.isDirect && now - (path.heardAt ?? now) > STALE_MS;
      if ((path === peer.chosen || isStale) && path.doubt(now)) this.#ping(now, peer, path);
    }
  }

  #onPong(now: Instant, peer: PeerPaths, { via, roundTripMs }: InputOf<'pong'>): void {
    const path = findPath(peer, via);
    if (path === undefined) return;
    path.answered(now, roundTripMs);
    const { chosen } = peer;
    if (chosen === undefined || now - peer.switchedAt < FOLLOW_MS) return;
    if (isMuchFaster(path, chosen)) peer.chosen = path;
  }

  #onCandidate(now: Instant, peer: PeerPaths, via: Via): void {
    const known = findPath(peer, via);
    known?.hint(now);
    const path = known === undefined ? this.#add(now, peer, via, false) : undefined;
    if (path !== undefined) this.#validate(now, peer, path, 0);
  }

  #onProven(now: Instant, peer: PeerPaths, { via, roundTripMs }: InputOf<'proven'>): void {
    const path = findPath(peer, via) ?? this.#add(now, peer, via, true);
    path?.proven(now, roundTripMs);
    peer.heard = path ?? peer.heard;
  }

  /** There is a relayed path while there is a route; another one gives a dead path another chance. */
  #setRoute(now: Instant, peer: PeerPaths, route: RouteFacts | undefined): void {
    const before = peer.route;
    const path = relayedPath(peer);
    peer.route = route;
    if (route === undefined) {
      if (path !== undefined) this.#remove(peer, path);
    } else if (path === undefined) {
      const via: Via = { kind: 'relayed', peer: peer.short };
      peer.paths.push(new Path(now, via, this.#probeMs(via)));
    } else if (route.firstHop !== before?.firstHop || route.hops !== before.hops) path.revive();
  }

  /** A new path, or undefined when there is no room: a hint pushes out only what is not valid. */
  #add(now: Instant, peer: PeerPaths, via: Via, isAuthenticated: boolean): Path | undefined {
    if (!this.#isUsable(via, peer.route)) return undefined;
    const directs = peer.paths.filter((path) => path.isDirect);
    if (via.kind === 'direct' && directs.length >= DIRECT_PATHS_MAX) {
      const leaves = leastUseful(peer, directs, isAuthenticated);
      if (leaves === undefined) return undefined;
      this.#remove(peer, leaves);
    }
    const path = new Path(now, via, this.#probeMs(via));
    peer.paths.push(path);
    return path;
  }

  #remove(peer: PeerPaths, path: Path): void {
    peer.paths = peer.paths.filter((other) => other !== path);
    if (peer.heard === path) peer.heard = undefined;
    if (peer.newest === path) peer.newest = undefined;
    if (peer.chosen === path) peer.chosen = undefined;
  }

  #validate(now: Instant, peer: PeerPaths, path: Path, receivedBytes: number): void {
    path.validate(now, randomBytes(this.#random, TOKEN_BYTES), receivedBytes);
    this.#challenge(peer, path);
  }

  #challenge(peer: PeerPaths, path: Path): void {
    const { state } = path;
    assert(state.kind === 'validating', 'only a path that is being validated is challenged');
    const message = { kind: 'pathChallenge', token: state.token } as const;
    const { via, isHinted } = path;
    this.#outbox.push({ kind: 'send', session: peer.session, via, message, isHinted });
  }

  #ping(now: Instant, peer: PeerPaths, path: Path): void {
    const token = PING_TOKEN_FIRST + (this.#pingCount++ % PING_TOKEN_COUNT);
    const message = { kind: 'ping', token, sentAt: Math.floor(now) % 0x1_0000_0000 } as const;
    this.#outbox.push({ kind: 'send', session: peer.session, via: path.via, message, isHinted: false });
  }

  /** After each change: chooses, tells what is new, and sets the clock. */
  #settle(now: Instant, peer: PeerPaths): void {
    peer.chosen = choosePath(peer);
    peer.lostAt = peer.chosen === undefined ? (peer.lostAt ?? now) : undefined;
    if (peer.chosen !== undefined) peer.isDead = false;
    this.#tellChoice(now, peer);
    const report = describePath(now, peer, { links: this.#links, grants: this.#grants });
    if (isNews(report, peer.reported)) {
      peer.reported = report;
      this.#outbox.push({ kind: 'report', session: peer.session, path: report });
    }
    const lostUntil = peer.lostAt === undefined || peer.isDead ? undefined : peer.lostAt + HOLD_MS;
    this.#wakeAt = earlier(this.#wakeAt, earlier(earliestWake(peer.paths), lostUntil));
  }

  #tellChoice(now: Instant, peer: PeerPaths): void {
    const { chosen } = peer;
    const via = chosen?.via;
    const link = via?.kind === 'direct' ? this.#links.get(via.link) : undefined;
    const relayedMtu = Math.max(RELAYED_MTU_MIN, peer.route?.mtu ?? 0) - BY_ID_FRAME_BYTES;
    const mtu = via?.kind === 'relayed' ? relayedMtu : (link?.mtu ?? 0);
    const allowance = chosen?.allowance;
    const isSame = peer.toldVia === via && peer.toldMtu === mtu && peer.toldLink === link;
    if (isSame && peer.toldAllowance === allowance) return;
    if (peer.toldVia !== via) peer.switchedAt = now;
    peer.toldVia = via;
    peer.toldMtu = mtu;
    peer.toldLink = link;
    peer.toldAllowance = allowance;
    const output: Chosen = { kind: 'chosen', session: peer.session, via, mtu, link, allowance };
    this.#outbox.push(output);
  }

  #tellReroute({ session, chosen, route, toldMtu: mtu }: PeerPaths, before: RouteFacts | undefined): void {
    if (chosen?.via.kind !== 'relayed' || route === undefined || before === undefined) return;
    if (route.firstHop === before.firstHop && route.hops === before.hops) return;
    this.#outbox.push({ kind: 'rerouted', session, via: chosen.via, mtu });
  }

  #isUsable(via: Via, route: RouteFacts | undefined): boolean {
    return via.kind === 'relayed' ? route !== undefined : this.#links.has(via.link);
  }

  #probeMs(via: Via): number {
    const bitrate = via.kind === 'direct' ? (this.#links.get(via.link)?.bitrate ?? 0) : 0;
    return bitrate === 0
      ? PROBE_MS_MIN
      : Math.max(PROBE_MS_MIN, Math.ceil((PROBE_BITS * SECOND_MS) / bitrate));
  }
}
