/**
 * The machine that a host drives (SPEC §2.2). It decides nothing itself: it hands inputs down to the machines of the
 * layers and their outputs to each other and up.
 *
 *   bytes -> links -> first byte -> router (frames) | discovery (beacons) | sessions -> message -> services -> event
 *   command -> services -> sessions -> path (which via) -> router (if relayed) -> links -> bytes
 *
 * Outputs are gathered when the host drains, so that everything a turn produced for one peer shares packets.
 */
import type { Command, CommandId, NodeEvent, NodeInput, NodeOutput } from './api.js';
import type { CryptoSuite } from './crypto/suite.js';
import type { Identity } from './identity/identity.js';
import { nodeIdOf, nodeKeyOf, shortKeyOf } from './identity/id.js';
import type { NetworkKey } from './identity/network.js';
import { unreachable } from './kernel/assert.js';
import { copyBytes, fromHex, readU16, writeU16 } from './kernel/bytes.js';
import { CloseCode, type DropReason } from './kernel/fault.js';
import type { DirectVia, LinkId, NodeKey, ShortKey, Via } from './kernel/link.js';
import { type Machine, Outbox } from './kernel/machine.js';
import type { Random } from './kernel/random.js';
import { earlier } from './kernel/timers.js';
import type { Instant } from './kernel/time.js';
import type { Limits } from './limits.js';
import { LinkTable } from './node/link-table.js';
import { type Peer, PeerBook } from './node/peer-book.js';
import { claimOf, encodeClaim } from './node/claim.js';
import { decodeBeacon, encodeBeacon } from './packet/beacon.js';
import { classify } from './packet/first-byte.js';
import type { Message } from './packet/message.js';
import { Discovery, type DiscoveryOutput } from './path/discovery.js';
import type { Chosen, PathOutput } from './path/doors.js';
import { PathTable } from './path/path-table.js';
import type { RouteFacts } from './path/peer-paths.js';
import type { RouterOutput } from './routing/doors.js';
import { Router } from './routing/router.js';
import { ECHO_TOKEN_COUNT } from './service/echo.js';
import type { PeerDownCode } from './service/port.js';
import { ServiceMachine, type ServiceOutput } from './service/service.js';
import type { SessionOutput } from './session/output.js';
import { SessionTable } from './session/sessions.js';

/** First wait for the answer to a handshake packet. */
const PATIENCE_DIRECT_MS = 250;
const PATIENCE_RELAYED_MS = 500;
/** On a slow link: this many times the airtime of the largest handshake packet. */
const PATIENCE_AIRTIMES = 4;
const HANDSHAKE_BITS = 110 * 10;
/** What a sealed packet adds to its messages, with reserve for an acknowledgement. */
const SEAL_BYTES = 21 + 8;
/** PINGs of the path machine whose answers are awaited. */
const PING_COUNT_MAX = 64;
const BOOT_KEY = 'boot';
const CLAIM_KEY = 'claim';

/** What all machines have in common. */
type Timed = Pick<Machine<{ readonly kind: 'timeout' }, unknown>, 'handleInput' | 'pollTimeout'>;

export interface NodeOptions {
  readonly now: Instant;
  readonly identity: Identity;
  readonly network: NetworkKey;
  /** 1 to 32 of a-z, 0-9 and '-'. */
  readonly name: string;
  readonly crypto: CryptoSuite;
  readonly random: Random;
  readonly limits: Limits;
  /** What the store held at start. */
  readonly restored: ReadonlyMap<string, Uint8Array>;
}

export class Node implements Machine<NodeInput, NodeOutput> {
  readonly #options: NodeOptions;
  readonly #out = new Outbox<NodeOutput>();
  readonly #links: LinkTable;
  readonly #peers = new PeerBook();
  readonly #sessions: SessionTable;
  readonly #paths: PathTable;
  readonly #discovery: Discovery;
  readonly #services: ServiceMachine;
  readonly #router: Router;
  readonly #routes = new Map<ShortKey, RouteFacts>();
  /** Links that came up before this boot was stored. */
  #waitingLinks: Extract<NodeInput, { kind: 'linkUp' }>[] | undefined = [];
  /** Peers that something waits for while no way to them is known, and how often each was tried. */
  readonly #wanted = new Map<NodeKey, number>();
  readonly #pingSentAt = new Map<number, Instant>();
  #boot: number;
  #now: Instant;

  constructor(options: NodeOptions) {
    const { now, identity, network, name, crypto: suite, random, limits, restored } = options;
    this.#options = options;
    this.#now = now;
    const before = restored.get(BOOT_KEY);
    this.#boot = before?.length === 2 ? (readU16(before, 0) + 1) & 0xffff : 1;
    this.#links = new LinkTable(this.#out);
    this.#sessions = new SessionTable({ now, suite, identity, network, random, limits, restored });
    this.#paths = new PathTable({ self: identity.key, random });
    this.#discovery = new Discovery(identity.key, random);
    this.#router = new Router({ now, self: identity, suite, random, limits, boot: this.#boot });
    const claimedAt = claimOf(restored.get(CLAIM_KEY), name);
    this.#services = new ServiceMachine({ now, suite, identity, limits, boot: this.#boot, name, claimedAt });
    this.#storeBoot();
  }

  /** Which neighbour a packet to this node goes to next; for those who check routes from outside. */
  nextHop(destination: ShortKey): ShortKey | undefined {
    return this.#router.nextHop(destination);
  }

  handleInput(now: Instant, input: NodeInput): void {
    this.#now = now;
    switch (input.kind) {
      case 'packet':
        return this.#onPacket({ kind: 'direct', link: input.link, address: input.from }, input.bytes);
      case 'command':
        return this.#onCommand(input.id, input.command);
      case 'linkUp':
        return this.#onLinkUp(input);
      case 'linkDown':
        return this.#onLinkDown(input.link);
      case 'persisted':
        return this.#onPersisted(input.key);
      case 'wallClock':
        this.#sessions.handleInput(now, input);
        return this.#services.handleInput(now, input);
      case 'timeout':
        return this.#onTimeout();
      default:
        return unreachable(input);
    }
  }

  pollOutput(): NodeOutput | undefined {
    if (this.#out.isEmpty) this.#drain();
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    const below = earlier(this.#sessions.pollTimeout(), this.#paths.pollTimeout());
    const beside = earlier(this.#router.pollTimeout(), this.#discovery.pollTimeout());
    return earlier(earlier(below, beside), this.#services.pollTimeout());
  }

  // From the host

  #onPacket(via: DirectVia, bytes: Uint8Array): void {
    const info = this.#links.get(via.link);
    if (info === undefined) return;
    const kind = bytes.length === 0 ? undefined : classify(bytes[0] as number);
    switch (kind) {
      case 'session':
        return this.#sessions.handleInput(this.#now, { kind: 'packet', via, bytes, mtu: info.mtu });
      case 'label':
      case 'byId':
        return this.#router.handleInput(this.#now, { kind: 'frame', via, bytes });
      case 'beacon':
        return this.#onBeacon(via, bytes);
      case 'fragment':
        return this.#onFragment(via, bytes);
      case undefined:
        return this.#drop(via, bytes.length === 0 ? 'empty' : 'unknownType');
      default:
        return this.#sessions.handleInput(this.#now, { kind: 'packet', via, bytes, mtu: info.mtu });
    }
  }

  #onFragment(via: DirectVia, bytes: Uint8Array): void {
    const isNeighbor = this.#neighborAt(via) !== undefined;
    const whole = this.#links.reassemble(this.#now, via, isNeighbor, bytes);
    if (typeof whole === 'string') this.#drop(via, whole);
    else if (whole !== undefined) this.#onPacket(via, whole);
  }

  #onBeacon(via: DirectVia, bytes: Uint8Array): void {
    const { crypto: suite, network } = this.#options;
    if (this.#links.get(via.link)?.cast === 'address') return this.#drop(via, 'unexpected');
    const beacon = decodeBeacon(suite, network.key, bytes);
    if (typeof beacon === 'string') return this.#drop(via, beacon);
    this.#sessions.handleInput(this.#now, { kind: 'learn', publicKey: beacon.publicKey });
    const peer = nodeKeyOf(nodeIdOf(suite, beacon.publicKey));
    const { link, address } = via;
    this.#discovery.handleInput(this.#now, { kind: 'beacon', link, address, peer, boot: beacon.boot });
  }

  #onLinkUp(input: Extract<NodeInput, { kind: 'linkUp' }>): void {
    if (this.#waitingLinks !== undefined) {
      this.#waitingLinks.push(input);
      return;
    }
    this.#links.up(input.link, input.info);
    this.#paths.handleInput(this.#now, input);
    this.#discovery.handleInput(this.#now, input);
  }

  #onLinkDown(link: LinkId): void {
    this.#waitingLinks = this.#waitingLinks?.filter((waiting) => waiting.link !== link);
    this.#links.down(link);
    this.#discovery.handleInput(this.#now, { kind: 'linkDown', link });
    this.#paths.handleInput(this.#now, { kind: 'linkDown', link });
  }

  #onPersisted(key: string): void {
    this.#sessions.handleInput(this.#now, { kind: 'persisted', key });
    if (key !== BOOT_KEY || this.#waitingLinks === undefined) return;
    const waiting = this.#waitingLinks;
    this.#waitingLinks = undefined;
    for (const input of waiting) this.#onLinkUp(input);
  }

  #onCommand(id: CommandId, command: Command): void {
    switch (command.kind) {
      case 'connect':
      case 'disconnect':
        return this.#discovery.handleInput(this.#now, command);
      case 'stop':
        for (const peer of [...this.#peers.all()]) {
          this.#sessions.handleInput(this.#now, { kind: 'close', peer: peer.key, code: CloseCode.goodbye });
        }
        return this.#emit({ kind: 'stopped', command: id });
      default:
        return this.#services.handleInput(this.#now, { kind: 'command', id, command });
    }
  }

  #onTimeout(): void {
    const now = this.#now;
    const machines: readonly Timed[] = [this.#sessions, this.#paths, this.#router, this.#discovery, this.#services];
    for (const machine of machines) {
      const at = machine.pollTimeout();
      if (at !== undefined && at <= now) machine.handleInput(now, { kind: 'timeout' });
    }
  }

  /** Passes outputs between the machines until all are still. */
  #drain(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (let o = this.#services.pollOutput(); o !== undefined; o = this.#services.pollOutput()) {
        isBusy = true;
        this.#onServices(o);
      }
      for (let o = this.#paths.pollOutput(); o !== undefined; o = this.#paths.pollOutput()) {
        isBusy = true;
        this.#onPaths(o);
      }
      for (let o = this.#discovery.pollOutput(); o !== undefined; o = this.#discovery.pollOutput()) {
        isBusy = true;
        this.#onDiscovery(o);
      }
      for (let o = this.#router.pollOutput(); o !== undefined; o = this.#router.pollOutput()) {
        isBusy = true;
        this.#onRouter(o);
      }
      for (let o = this.#sessions.pollOutput(); o !== undefined; o = this.#sessions.pollOutput()) {
        isBusy = true;
        this.#onSessions(o);
      }
    }
  }

  // From the sessions

  #onSessions(output: SessionOutput): void {
    switch (output.kind) {
      case 'transmit':
        return this.#transmit(output.via, output.bytes, output.session);
      case 'message':
        return this.#onMessage(output);
      case 'heard':
        return this.#onHeard(output);
      case 'opened':
        return this.#onOpened(output);
      case 'attached':
        return this.#onAttached(output.session, output.isFresh);
      case 'settled':
        return this.#services.handleInput(this.#now, output);
      case 'roundTrip':
        return this.#onRoundTrip(output.session, output.ms);
      case 'suspect':
        return this.#paths.handleInput(this.#now, output);
      case 'wanted':
        return this.#onWanted(output.peer);
      case 'unanswered':
        return;
      case 'closed':
        return this.#onClosed(output.session);
      case 'persist':
        this.#out.push(output);
        return;
      case 'dropped':
        return this.#drop(output.via, output.reason);
      default:
        return unreachable(output);
    }
  }

  #onMessage({ session, peer, via, message, delivery }: Extract<SessionOutput, { kind: 'message' }>): void {
    switch (message.kind) {
      case 'heartbeat':
      case 'routes':
      case 'routesWanted':
      case 'routeRequest':
      case 'label':
        return this.#router.handleInput(this.#now, { kind: 'message', neighbor: session, message });
      case 'pathResponse':
        return this.#paths.handleInput(this.#now, { kind: 'response', session, via, token: message.token });
      case 'pong':
        return this.#onPong(session, peer, via, message);
      default:
        return this.#services.handleInput(this.#now, { kind: 'message', from: peer, message, delivery });
    }
  }

  #onPong(session: number, peer: NodeKey, via: Via, pong: Extract<Message, { kind: 'pong' }>): void {
    if (pong.token < ECHO_TOKEN_COUNT) {
      const delivery = 'datagram';
      return this.#services.handleInput(this.#now, { kind: 'message', from: peer, message: pong, delivery });
    }
    const sentAt = this.#pingSentAt.get(pong.token);
    if (sentAt === undefined) return;
    this.#pingSentAt.delete(pong.token);
    this.#paths.handleInput(this.#now, { kind: 'pong', session, via, roundTripMs: this.#now - sentAt });
  }

  #onHeard({ session, via, isNewest, isProbing, bytes }: Extract<SessionOutput, { kind: 'heard' }>): void {
    const heard = { kind: 'heard', session, via, newest: isNewest, probing: isProbing, bytes } as const;
    this.#paths.handleInput(this.#now, heard);
    const peer = this.#peers.bySession(session);
    if (peer === undefined) return;
    if (via.kind === 'direct' && peer.isNeighbor) {
      this.#router.handleInput(this.#now, { kind: 'heard', neighbor: session });
    }
    this.#services.handleInput(this.#now, { kind: 'heard', peer: peer.key });
  }

  #onOpened(output: Extract<SessionOutput, { kind: 'opened' }>): void {
    const { session, peer: key, via, keys } = output;
    const short = shortKeyOf(key);
    const known = this.#peers.bySession(session);
    if (known === undefined) {
      const id = fromHex(key) ?? copyBytes(nodeIdOf(this.#options.crypto, output.publicKey));
      const fresh = { session, key, short, id, keys, via: undefined, link: undefined };
      this.#peers.add({ ...fresh, allowance: undefined, isNeighbor: false, isUp: false });
    } else known.keys = keys;
    this.#wanted.delete(key);
    this.#paths.handleInput(this.#now, { kind: 'opened', session, peer: key, via, route: this.#routes.get(short) });
    this.#drainPaths();
    const peer = this.#peers.bySession(session);
    if (peer !== undefined) this.#raiseNeighbor(peer);
  }

  #onAttached(session: number, isFresh: boolean): void {
    const peer = this.#peers.bySession(session);
    if (peer === undefined) return;
    if (isFresh && peer.isUp) this.#tellDown(peer, 'restarted');
    peer.isUp = true;
    this.#services.handleInput(this.#now, { kind: 'peerUp', peer: peer.key, resumed: !isFresh });
  }

  #onRoundTrip(session: number, ms: number): void {
    const peer = this.#peers.bySession(session);
    if (peer === undefined) return;
    if (peer.isNeighbor) this.#router.handleInput(this.#now, { kind: 'roundTrip', neighbor: session, ms });
    if (peer.via !== undefined) {
      this.#paths.handleInput(this.#now, { kind: 'pong', session, via: peer.via, roundTripMs: ms });
    }
    this.#services.handleInput(this.#now, { kind: 'roundTrip', peer: peer.key, ms });
  }

  #onClosed(session: number): void {
    const peer = this.#peers.bySession(session);
    if (peer === undefined) return;
    this.#lowerNeighbor(peer);
    this.#router.handleInput(this.#now, { kind: 'neighborClosed', neighbor: session });
    this.#paths.handleInput(this.#now, { kind: 'closed', session });
    this.#peers.remove(peer);
    this.#tellDown(peer, 'closed');
  }

  #tellDown(peer: Peer, code: PeerDownCode): void {
    this.#services.handleInput(this.#now, { kind: 'peerDown', peer: peer.key, code });
  }

  // From the paths

  #drainPaths(): void {
    for (let o = this.#paths.pollOutput(); o !== undefined; o = this.#paths.pollOutput()) this.#onPaths(o);
  }

  #onPaths(output: PathOutput): void {
    const peer = this.#peers.bySession(output.session);
    if (peer === undefined) return;
    switch (output.kind) {
      case 'send': {
        const mtu = output.via.kind === 'direct' ? (this.#links.get(output.via.link)?.mtu ?? 0) : 0;
        if (output.message.kind === 'ping') this.#notePing(output.message.token);
        return this.#sessions.handleInput(this.#now, { ...output, kind: 'sendVia', mtu });
      }
      case 'chosen':
        return this.#onChosen(peer, output);
      case 'report':
        return this.#services.handleInput(this.#now, { kind: 'path', peer: peer.key, path: output.path });
      case 'dead':
        peer.isUp = false;
        return this.#tellDown(peer, 'unreachable');
      default:
        return unreachable(output);
    }
  }

  #onChosen(peer: Peer, { via, mtu, link, allowance }: Chosen): void {
    const isSame = via?.kind === 'direct' && peer.via?.kind === 'direct' && via.link === peer.via.link;
    if (!isSame || via.address !== (peer.via as DirectVia).address) this.#lowerNeighbor(peer);
    peer.via = via;
    peer.link = link;
    peer.allowance = allowance;
    this.#sessions.handleInput(this.#now, { kind: 'path', session: peer.session, via, mtu });
    this.#services.handleInput(this.#now, { kind: 'room', peer: peer.key, bytes: Math.max(0, mtu - SEAL_BYTES) });
    this.#raiseNeighbor(peer);
  }

  /** A session with a proven direct path is a neighbour (two-way proof). */
  #raiseNeighbor(peer: Peer): void {
    const { via, link, session: neighbor, id, keys } = peer;
    if (via?.kind !== 'direct' || link === undefined || peer.allowance !== undefined) return;
    const { hopSend: sendKey, hopReceive: receiveKey } = keys;
    this.#router.handleInput(this.#now, { kind: 'neighborUp', neighbor, id, via, link, sendKey, receiveKey });
    peer.isNeighbor = true;
    this.#discovery.handleInput(this.#now, { kind: 'present', link: via.link, address: via.address, peer: peer.key });
  }

  #lowerNeighbor(peer: Peer): void {
    if (!peer.isNeighbor) return;
    peer.isNeighbor = false;
    this.#router.handleInput(this.#now, { kind: 'neighborDown', neighbor: peer.session });
    if (peer.via?.kind !== 'direct') return;
    this.#discovery.handleInput(this.#now, { kind: 'absent', link: peer.via.link, address: peer.via.address });
  }

  #notePing(token: number): void {
    if (this.#pingSentAt.size >= PING_COUNT_MAX) this.#pingSentAt.clear();
    this.#pingSentAt.set(token, this.#now);
  }

  // From the router

  #onRouter(output: RouterOutput): void {
    switch (output.kind) {
      case 'transmit':
        return this.#links.send(output.via, output.bytes);
      case 'message': {
        const peer = this.#peers.bySession(output.neighbor);
        if (peer === undefined) return;
        const delivery = output.reliable ? 'reliable' : 'datagram';
        return this.#sessions.handleInput(this.#now, { kind: 'send', peer: peer.key, message: output.message, delivery });
      }
      case 'deliver': {
        const via = { kind: 'relayed', peer: output.from } as const;
        return this.#sessions.handleInput(this.#now, { kind: 'packet', via, bytes: output.bytes, mtu: 0xffff });
      }
      case 'route':
        return this.#onRoute(output);
      case 'neighborDead':
        return this.#paths.handleInput(this.#now, { kind: 'suspect', session: output.neighbor });
      case 'boot':
        this.#services.handleInput(this.#now, output);
        return this.#setBoot(output.boot);
      case 'dropped':
        this.#out.push({ kind: 'dropped', link: undefined, reason: output.reason });
        return;
      default:
        return unreachable(output);
    }
  }

  #onRoute(output: Extract<RouterOutput, { kind: 'route' }>): void {
    const { destination, hops, mtu } = output;
    const firstHop = output.firstHop === undefined ? undefined : this.#peers.bySession(output.firstHop)?.key;
    const isRelayed = hops !== undefined && hops > 1 && firstHop !== undefined;
    if (isRelayed) this.#routes.set(destination, { hops, firstHop, mtu });
    else this.#routes.delete(destination);
    const relayed = isRelayed ? { hops, firstHop } : { hops: undefined, firstHop: undefined };
    this.#paths.handleInput(this.#now, { kind: 'route', peer: destination, ...relayed, mtu });
    this.#services.handleInput(this.#now, { kind: 'route', destination, firstHop });
    for (const key of this.#wanted.keys()) if (shortKeyOf(key) === destination) this.#onWanted(key);
  }

  // From discovery

  #onDiscovery(output: DiscoveryOutput): void {
    switch (output.kind) {
      case 'beacon': {
        const { crypto: suite, network, identity } = this.#options;
        const beacon = { publicKey: identity.publicKey, boot: this.#boot };
        return this.#links.broadcast(output.link, encodeBeacon(suite, network.key, beacon));
      }
      case 'greet': {
        const via = { kind: 'direct', link: output.link, address: output.address } as const;
        const mtu = this.#links.get(output.link)?.mtu ?? 0;
        return this.#sessions.handleInput(this.#now, { kind: 'greet', via, patienceMs: this.#patience(via), mtu });
      }
      case 'found':
        return this.#onFound(output);
      default:
        return unreachable(output);
    }
  }

  #onFound({ link, address, peer: key, isRestarted }: Extract<DiscoveryOutput, { kind: 'found' }>): void {
    const via = { kind: 'direct', link, address } as const;
    const peer = this.#peers.byKey(key);
    if (peer === undefined || isRestarted) return this.#open(key, via);
    this.#paths.handleInput(this.#now, { kind: 'candidate', session: peer.session, via });
  }

  // From the services

  #onServices(output: ServiceOutput): void {
    switch (output.kind) {
      case 'send':
        return this.#sessions.handleInput(this.#now, { ...output, peer: output.to });
      case 'known':
        return this.#sessions.handleInput(this.#now, { kind: 'learn', publicKey: output.publicKey });
      case 'forgotten':
        return;
      case 'claimed':
        this.#out.push({ kind: 'persist', key: CLAIM_KEY, value: encodeClaim(output.name, output.claimedAt) });
        return;
      case 'event':
        return this.#emit(output.event);
      case 'dropped':
        this.#out.push({ kind: 'dropped', link: undefined, reason: output.reason });
        return;
      case 'boot':
        return this.#setBoot(output.boot);
      default:
        return unreachable(output);
    }
  }

  // Ways to peers

  /** Something waits for a peer without a session: try what is known of it, one way after the other. */
  #onWanted(key: NodeKey): void {
    const ways: Via[] = [...this.#discovery.viasOf(key)];
    if (this.#routes.has(shortKeyOf(key))) ways.push({ kind: 'relayed', peer: shortKeyOf(key) });
    const tries = this.#wanted.get(key) ?? 0;
    this.#wanted.set(key, tries + 1);
    if (this.#wanted.size > this.#options.limits.sessionCountMax) {
      for (const oldest of this.#wanted.keys()) {
        this.#wanted.delete(oldest);
        break;
      }
    }
    const via = ways[tries % Math.max(1, ways.length)];
    if (via !== undefined) this.#open(key, via);
  }

  #open(peer: NodeKey, via: Via): void {
    const mtu = via.kind === 'direct' ? (this.#links.get(via.link)?.mtu ?? 0) : 0;
    this.#sessions.handleInput(this.#now, { kind: 'open', peer, via, patienceMs: this.#patience(via), mtu });
  }

  #patience(via: Via): number {
    if (via.kind === 'relayed') return PATIENCE_RELAYED_MS;
    const bitrate = this.#links.get(via.link)?.bitrate ?? 0;
    if (bitrate === 0) return PATIENCE_DIRECT_MS;
    return Math.max(PATIENCE_DIRECT_MS, Math.ceil((PATIENCE_AIRTIMES * HANDSHAKE_BITS * 1000) / bitrate));
  }

  #transmit(via: Via, bytes: Uint8Array, session: number | undefined): void {
    const peer = session === undefined ? undefined : this.#peers.bySession(session);
    if (session !== undefined && peer?.allowance !== undefined) {
      this.#paths.handleInput(this.#now, { kind: 'sent', session, via, bytes: bytes.length });
    }
    if (via.kind === 'direct') return this.#links.send(via, bytes);
    this.#router.handleInput(this.#now, { kind: 'send', to: via.peer, packet: bytes });
  }

  #neighborAt(via: DirectVia): Peer | undefined {
    for (const peer of this.#peers.all()) {
      const there = peer.isNeighbor && peer.via?.kind === 'direct' ? peer.via : undefined;
      if (there?.link === via.link && there.address === via.address) return peer;
    }
    return undefined;
  }

  /** The network remembers a later life of this node than its own store did. */
  #setBoot(boot: number): void {
    this.#boot = boot;
    this.#storeBoot();
  }

  #storeBoot(): void {
    const value = new Uint8Array(2);
    writeU16(value, 0, this.#boot);
    this.#out.push({ kind: 'persist', key: BOOT_KEY, value });
  }

  #emit(event: NodeEvent): void {
    this.#out.push({ kind: 'event', event });
  }

  #drop(via: Via, reason: DropReason): void {
    this.#out.push({ kind: 'dropped', link: via.kind === 'direct' ? via.link : undefined, reason });
  }
}
