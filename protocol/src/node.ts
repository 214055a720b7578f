/**
 * The machine that a host drives (SPEC §2.2). It decides nothing itself: it hands inputs down to the machines
 * of the layers and their outputs to each other and up.
 *
 *   bytes -> links -> first byte -> router (frames) | discovery (beacons) | sessions -> services -> event
 *   command -> services -> sessions -> path (which via) -> router (if relayed) -> links -> bytes
 *
 * Outputs are gathered when the host drains, so that everything a turn produced for one peer shares packets.
 */
import type { Command, CommandId, NodeInput, NodeOutput } from './api.js';
import { nodeIdOf, nodeKeyOf, shortKeyOf } from './identity/id.js';
import { isAcceptableKey } from './identity/identity.js';
import { unreachable } from './kernel/assert.js';
import { readU16, writeU16 } from './kernel/bytes.js';
import { CloseCode } from './kernel/fault.js';
import type { DirectVia, LinkId, NodeKey, ShortKey } from './kernel/link.js';
import type { Machine } from './kernel/machine.js';
import { type Instant, SECOND_MS } from './kernel/time.js';
import { earlier } from './kernel/timers.js';
import { Associates } from './node/associates.js';
import { Bureau } from './node/bureau.js';
import { CLAIM_KEY, encodeClaim } from './node/claim.js';
import { makeParts, type NodeOptions } from './node/composition.js';
import { MailRoom } from './node/mail-room.js';
import { Neighborhood } from './node/neighborhood.js';
import { directVia, drop, type Parts } from './node/parts.js';
import { Roles } from './node/roles.js';
import { Ways } from './node/ways.js';
import { decodeBeacon, encodeBeacon } from './packet/beacon.js';
import { classify } from './packet/first-byte.js';
import type { Message } from './packet/message.js';
import type { DiscoveryOutput } from './path/discovery.js';
import type { IndexFigures } from './rendezvous/doors.js';
import type { RouterOutput } from './routing/doors.js';
import type { RouterFigures } from './routing/router.js';
import type { ServiceOutput } from './service/service.js';
import { isNodeKey } from './service/text.js';
import type { SessionInput } from './session/sessions.js';

const BOOT_KEY = 'boot';
/** A node with a store that confirms nothing talks all the same, after this long. */
const BOOT_PATIENCE_MS = 10 * SECOND_MS;
/** Packets that neighbours forwarded: no link limits them here. */
const RELAYED_MTU = 0xffff;

/** Of a sleep that is announced: 32 bits. */
const SLEEP_S_MAX = 0xffff_ffff;

/** What all machines have in common. */
type Timed = Pick<Machine<{ readonly kind: 'timeout' }, unknown>, 'handleInput' | 'pollTimeout'>;

/** What the tables of a node hold. */
export type NodeFigures = RouterFigures & { readonly index: IndexFigures };

/**
 * A node of the network. After each `handleInput` drain `pollOutput`, then give it `timeout` when the time of
 * `pollTimeout` has come. Throws UsageError for misuse (`badName`, `badWillingness`, `badWakeEvery`, and
 * those of `Command`), and an Error when an invariant of its own is broken, after which it must not be used
 * any more.
 */
export class Node implements Machine<NodeInput, NodeOutput> {
  readonly #options: NodeOptions;
  readonly #parts: Parts;
  readonly #ways: Ways;
  readonly #neighborhood: Neighborhood;
  readonly #bureau: Bureau;
  readonly #associates: Associates;
  readonly #roles: Roles;
  readonly #mail: MailRoom;
  /** What was said of links before this boot was stored, and until when it waits for that. */
  #waitingLinks: Extract<NodeInput, { kind: 'linkUp' | 'mapped' }>[] | undefined = [];
  readonly #bootAt: Instant;
  #boot: number;
  #now: Instant;
  /** No machine has anything to say until the next input. */
  #isStill = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#now = options.now;
    this.#bootAt = options.now + BOOT_PATIENCE_MS;
    const before = options.restored.get(BOOT_KEY);
    this.#boot = before?.length === 2 ? (readU16(before, 0) + 1) & 0xffff : 1;
    this.#parts = makeParts(options, this.#boot);
    this.#ways = new Ways(this.#parts, options.limits.sessionCountMax);
    this.#neighborhood = new Neighborhood(this.#parts);
    this.#bureau = new Bureau(this.#parts);
    this.#mail = new MailRoom(this.#parts, this.#ways, options);
    this.#associates = new Associates(this.#parts, this.#neighborhood, this.#ways, {
      bureau: this.#bureau,
      mail: this.#mail,
    });
    this.#roles = new Roles(this.#parts, this.#ways);
    this.#storeBoot();
  }

  /** Which neighbour a packet to this node goes to next; for those who check routes from outside. */
  nextHop(destination: ShortKey): ShortKey | undefined {
    return this.#parts.router.nextHop(destination);
  }

  /** What its tables hold; for those who watch from outside. */
  figures(): NodeFigures {
    return { ...this.#parts.router.figures(), index: this.#parts.index.figures(this.#now) };
  }

  handleInput(now: Instant, input: NodeInput): void {
    this.#now = now;
    this.#isStill = false;
    switch (input.kind) {
      case 'packet':
        return this.#onPacket(directVia(input.link, input.from), input.bytes);
      case 'command':
        return this.#onCommand(input.id, input.command);
      case 'linkUp':
      case 'mapped':
        return this.#onLink(input);
      case 'linkDown':
        return this.#onLinkDown(input.link);
      case 'persisted':
        return this.#onPersisted(input.key);
      case 'wallClock':
        this.#parts.sessions.handleInput(now, input);
        this.#parts.election.handleInput(now, input);
        this.#parts.acquaintances.handleInput(now, input);
        return this.#parts.services.handleInput(now, input);
      case 'capability':
        return this.#parts.election.handleInput(now, input);
      case 'timeout':
        return this.#onTimeout();
      default:
        return unreachable(input);
    }
  }

  pollOutput(): NodeOutput | undefined {
    while (!this.#isStill && this.#parts.out.isEmpty) this.#pass();
    return this.#parts.out.shift();
  }

  pollTimeout(): Instant | undefined {
    const { sessions, paths, router, discovery, acquaintances, election, traversal, index, services } =
      this.#parts;
    const below = earlier(sessions.pollTimeout(), paths.pollTimeout());
    const found = earlier(discovery.pollTimeout(), acquaintances.pollTimeout());
    const beside = earlier(router.pollTimeout(), found);
    const roles = earlier(earlier(election.pollTimeout(), index.pollTimeout()), traversal.pollTimeout());
    const bootAt = this.#waitingLinks === undefined ? undefined : this.#bootAt;
    const above = earlier(services.pollTimeout(), bootAt);
    return earlier(earlier(below, beside), earlier(earlier(roles, above), this.#mail.pollTimeout()));
  }

  // From the host

  #onPacket(via: DirectVia, bytes: Uint8Array): void {
    const { links, sessions, router } = this.#parts;
    const info = links.get(via.link);
    if (info === undefined) return;
    const kind = bytes.length === 0 ? undefined : classify(bytes[0] as number);
    switch (kind) {
      case 'label':
      case 'byId':
        return router.handleInput(this.#now, { kind: 'frame', via, bytes });
      case 'beacon':
        return this.#onBeacon(via, bytes);
      case 'fragment':
        return this.#onFragment(via, bytes);
      case 'probe':
        return this.#onProbe(via, bytes);
      case undefined:
        return drop(this.#parts, via, bytes.length === 0 ? 'empty' : 'unknownType');
      case 'session':
        return sessions.handleInput(this.#now, { kind: 'packet', via, bytes, mtu: info.mtu });
      default:
        this.#parts.discovery.earn(via.link, via.address, bytes.length);
        return sessions.handleInput(this.#now, { kind: 'packet', via, bytes, mtu: info.mtu });
    }
  }

  #onProbe(via: DirectVia, bytes: Uint8Array): void {
    const { traversal } = this.#parts;
    const refusal = traversal.refusal(bytes);
    if (refusal === undefined) traversal.handleInput(this.#now, { kind: 'probe', via, bytes });
    else drop(this.#parts, via, refusal);
  }

  #onFragment(via: DirectVia, bytes: Uint8Array): void {
    const { links, peers } = this.#parts;
    const whole = links.reassemble(this.#now, via, peers.isNeighborAt(via), bytes);
    if (typeof whole === 'string') drop(this.#parts, via, whole);
    else if (whole !== undefined) this.#onPacket(via, whole);
  }

  #onBeacon(via: DirectVia, bytes: Uint8Array): void {
    const { crypto: suite, network } = this.#options;
    const { links, sessions, discovery } = this.#parts;
    // Where nobody broadcasts, somebody else's beacon would only point a greeting at a victim.
    if (links.get(via.link)?.cast === 'address') return drop(this.#parts, via, 'unexpected');
    const beacon = decodeBeacon(suite, network.key, bytes);
    if (typeof beacon === 'string') return drop(this.#parts, via, beacon);
    // Members of the network can write any key there, also one that no handshake is possible with (§5.1).
    if (!isAcceptableKey(beacon.publicKey)) return drop(this.#parts, via, 'malformed');
    sessions.handleInput(this.#now, { kind: 'learn', publicKey: beacon.publicKey, isHint: true });
    const peer = nodeKeyOf(nodeIdOf(suite, beacon.publicKey));
    const { link, address } = via;
    const knownBoot = this.#parts.services.find(shortKeyOf(peer))?.boot;
    const heard = { kind: 'beacon', link, address, peer, boot: beacon.boot, knownBoot } as const;
    discovery.handleInput(this.#now, heard);
  }

  #onLink(input: Extract<NodeInput, { kind: 'linkUp' | 'mapped' }>): void {
    if (this.#waitingLinks !== undefined) {
      this.#waitingLinks.push(input);
      return;
    }
    if (input.kind === 'mapped') return this.#parts.traversal.handleInput(this.#now, input);
    this.#parts.links.up(input.link, input.info);
    this.#parts.paths.handleInput(this.#now, input);
    this.#parts.discovery.handleInput(this.#now, input);
    this.#parts.acquaintances.handleInput(this.#now, input);
    this.#parts.traversal.handleInput(this.#now, input);
  }

  #onLinkDown(link: LinkId): void {
    this.#waitingLinks = this.#waitingLinks?.filter((waiting) => waiting.link !== link);
    this.#parts.links.down(link);
    this.#parts.discovery.handleInput(this.#now, { kind: 'linkDown', link });
    this.#parts.acquaintances.handleInput(this.#now, { kind: 'linkDown', link });
    this.#parts.paths.handleInput(this.#now, { kind: 'linkDown', link });
    this.#parts.traversal.handleInput(this.#now, { kind: 'linkDown', link });
  }

  #onPersisted(key: string): void {
    this.#parts.sessions.handleInput(this.#now, { kind: 'persisted', key });
    this.#mail.onPersisted(this.#now, key);
    if (key === BOOT_KEY) this.#begin();
  }

  #begin(): void {
    const waiting = this.#waitingLinks;
    this.#waitingLinks = undefined;
    for (const input of waiting ?? []) this.#onLink(input);
  }

  #onCommand(id: CommandId, command: Command): void {
    const { services, election, acquaintances, out } = this.#parts;
    switch (command.kind) {
      case 'connect':
      case 'disconnect':
        return this.#onConnect(command);
      case 'setWillingness':
        this.#mail.onWillingness(this.#now, command.value);
        return election.handleInput(this.#now, { kind: 'willingness', value: command.value });
      case 'stop':
        acquaintances.handleInput(this.#now, { kind: 'stop' });
        this.#leave(command.sleepMs);
        out.push({ kind: 'event', event: { kind: 'stopped', command: id } });
        return;
      case 'request':
      case 'ping':
        if (isNodeKey(command.to)) this.#ways.onAsked(this.#now, shortKeyOf(command.to));
        break;
      default:
    }
    services.handleInput(this.#now, { kind: 'command', id, command });
    if (command.kind === 'subscribe') this.#mail.onListen(this.#now);
  }

  /** Neighbours last: the goodbye to all others goes by way of them. */
  #leave(sleepMs: number | undefined): void {
    const { peers, sessions } = this.#parts;
    const notice = this.#mail.onStop(this.#now, sleepMs);
    for (const areNeighbors of [false, true]) {
      for (const { key: peer } of [...peers.all()].filter(({ isNeighbor }) => isNeighbor === areNeighbors)) {
        this.#tellSleep(peer, sleepMs, notice);
        sessions.handleInput(this.#now, { kind: 'close', peer, code: CloseCode.goodbye });
      }
      while (!areNeighbors && !this.#isStill) this.#pass();
      this.#isStill = false;
    }
  }

  #tellSleep(peer: NodeKey, sleepMs: number | undefined, notice: Message | undefined): void {
    if (sleepMs === undefined) return;
    const forS = Math.min(SLEEP_S_MAX, Math.ceil(Math.max(0, sleepMs) / SECOND_MS));
    for (const message of [notice, { kind: 'asleep', forS } as const]) {
      if (message === undefined) continue;
      this.#parts.sessions.handleInput(this.#now, { kind: 'send', peer, message, delivery: 'datagram' });
    }
  }

  /** A station is greeted always, or as a way in: the last word about an address holds. */
  #onConnect(command: Extract<Command, { kind: 'connect' | 'disconnect' }>): void {
    const { kind, link, address } = command;
    const rung = kind === 'connect' ? command.rung : undefined;
    const isStation = kind === 'connect' && rung === undefined;
    this.#parts.acquaintances.handleInput(this.#now, { kind: 'wayIn', link, address, rung });
    const told = isStation ? 'connect' : 'disconnect';
    this.#parts.discovery.handleInput(this.#now, { kind: told, link, address });
  }

  #onTimeout(): void {
    // A full or broken store: the boot is said again after the next start, which is as if the store were
    // lost.
    if (this.#bootAt <= this.#now) this.#begin();
    const { sessions, paths, router, discovery, acquaintances, election, traversal, index, services } =
      this.#parts;
    const below: readonly Timed[] = [sessions, paths, router, discovery, acquaintances];
    const machines: readonly Timed[] = [...below, election, traversal, index, services];
    for (const machine of machines) {
      const at = machine.pollTimeout();
      if (at !== undefined && at <= this.#now) machine.handleInput(this.#now, { kind: 'timeout' });
    }
    this.#mail.onTimeout(this.#now);
  }

  // Between the machines

  /**
   * Passes on what the machines say, once round; they are still when none said anything. Sessions come last:
   * they pack what the others said, for one peer after another. A packet leaves before the next is sealed, as
   * a board has no room for those to all its neighbors at once.
   */
  #pass(): void {
    const { sessions, paths, router, discovery, acquaintances, election, traversal, index, services } =
      this.#parts;
    const now = this.#now;
    let isBusy = false;
    for (let o = services.pollOutput(); o !== undefined; o = services.pollOutput()) {
      isBusy = true;
      this.#onServices(o);
    }
    if (this.#mail.drain(now)) isBusy = true;
    for (let o = paths.pollOutput(); o !== undefined; o = paths.pollOutput()) {
      isBusy = true;
      if (o.kind === 'chosen') this.#roles.routesChanged();
      this.#neighborhood.onPaths(now, o);
    }
    for (let o = discovery.pollOutput(); o !== undefined; o = discovery.pollOutput()) {
      isBusy = true;
      this.#onDiscovery(o);
    }
    for (let o = acquaintances.pollOutput(); o !== undefined; o = acquaintances.pollOutput()) {
      isBusy = true;
      this.#ways.onAcquaintances(now, o);
    }
    for (let o = traversal.pollOutput(); o !== undefined; o = traversal.pollOutput()) {
      isBusy = true;
      this.#neighborhood.onTraversal(now, o);
    }
    this.#roles.refresh(now);
    // Before the router: a heartbeat's digest covers adverts, which must not come behind it.
    for (let o = election.pollOutput(); o !== undefined; o = election.pollOutput()) {
      isBusy = true;
      this.#roles.onElection(now, o);
    }
    this.#bureau.refresh(now);
    for (let o = index.pollOutput(); o !== undefined; o = index.pollOutput()) {
      isBusy = true;
      this.#bureau.onIndex(now, o);
    }
    for (let o = router.pollOutput(); o !== undefined; o = router.pollOutput()) {
      isBusy = true;
      this.#onRouter(o);
    }
    for (let o = sessions.pollOutput(); o !== undefined; o = sessions.pollOutput()) {
      isBusy = true;
      this.#associates.onSessions(now, o);
      if (o.kind === 'transmit') return;
    }
    this.#isStill = !isBusy;
  }

  #onServices(output: ServiceOutput): void {
    const { sessions, paths, peers, index, out } = this.#parts;
    switch (output.kind) {
      case 'send':
        return sessions.handleInput(this.#now, sendInput(output));
      case 'known':
        index.handleInput(this.#now, { kind: 'known', name: output.name });
        return sessions.handleInput(this.#now, { kind: 'learn', publicKey: output.publicKey });
      case 'forgotten':
        return;
      case 'claimed':
        out.push({ kind: 'persist', key: CLAIM_KEY, value: encodeClaim(output.name, output.claimedAt) });
        return;
      case 'event':
        out.push(output);
        return;
      case 'dropped':
        return drop(this.#parts, undefined, output.reason);
      case 'doubt': {
        const session = peers.byKey(output.peer)?.session;
        if (session !== undefined) paths.handleInput(this.#now, { kind: 'suspect', session });
        return;
      }
      case 'boot':
        return this.#setBoot(output.boot);
      case 'post':
        return this.#mail.onPost(this.#now, output);
      case 'announced':
        return this.#bureau.onAnnounced(this.#now);
      case 'nameWanted':
        return this.#bureau.onNameWanted(this.#now, output.name, output.until);
      default:
        return unreachable(output);
    }
  }

  #onDiscovery(output: DiscoveryOutput): void {
    switch (output.kind) {
      case 'beacon': {
        const { crypto: suite, network, identity } = this.#options;
        const beacon = { publicKey: identity.publicKey, boot: this.#boot };
        return this.#parts.links.broadcast(output.link, encodeBeacon(suite, network.key, beacon));
      }
      case 'greet':
        return this.#ways.onGreet(this.#now, output);
      case 'found':
        return this.#ways.onFound(this.#now, output);
      case 'doubted':
        return this.#ways.onDoubted(this.#now, output);
      default:
        return unreachable(output);
    }
  }

  #onRouter(output: RouterOutput): void {
    const { links, sessions, paths, index, services } = this.#parts;
    switch (output.kind) {
      case 'transmit':
        return links.send(output.via, output.bytes);
      case 'message':
        return this.#neighborhood.tell(this.#now, output);
      case 'deliver': {
        const via = { kind: 'relayed', peer: output.from } as const;
        return sessions.handleInput(this.#now, {
          kind: 'packet',
          via,
          bytes: output.bytes,
          mtu: RELAYED_MTU,
        });
      }
      case 'route':
        return this.#onRoute(output);
      case 'sought':
        return index.handleInput(this.#now, { kind: 'seekNode', node: output.destination });
      case 'refused': {
        const peer = services.find(output.destination)?.peer;
        const relay = this.#roles.nameOf(output.relay);
        if (peer === undefined) return;
        return services.handleInput(this.#now, { kind: 'refused', peer, relay, retryMs: output.retryMs });
      }
      case 'neighborDead':
      case 'neighborDoubted':
        return paths.handleInput(this.#now, { kind: 'suspect', session: output.neighbor });
      case 'boot':
        services.handleInput(this.#now, output);
        return this.#setBoot(output.boot);
      case 'dropped':
        return drop(this.#parts, undefined, output.reason);
      default:
        return unreachable(output);
    }
  }

  #onRoute({ destination, hops, firstHop: neighbor, mtu }: Extract<RouterOutput, { kind: 'route' }>): void {
    const { peers, paths, services } = this.#parts;
    const firstHop = neighbor === undefined ? undefined : peers.bySession(neighbor)?.key;
    const isRelayed = hops !== undefined && hops > 1 && firstHop !== undefined;
    const relayed = isRelayed ? { hops, firstHop } : { hops: undefined, firstHop: undefined };
    paths.handleInput(this.#now, { kind: 'route', peer: destination, ...relayed, mtu });
    services.handleInput(this.#now, { kind: 'route', destination, firstHop });
    this.#ways.onRoute(this.#now, destination);
    this.#roles.routesChanged();
  }

  /** The network remembers a later life of this node than its own store did. */
  #setBoot(boot: number): void {
    this.#boot = boot;
    this.#storeBoot();
  }

  #storeBoot(): void {
    const value = new Uint8Array(2);
    writeU16(value, 0, this.#boot);
    this.#parts.out.push({ kind: 'persist', key: BOOT_KEY, value });
  }
}

/** Field by field: a spread of the output costs as much as encoding the message. */
function sendInput(output: Extract<ServiceOutput, { kind: 'send' }>): SessionInput {
  const { to: peer, message, delivery, tag } = output;
  return { kind: 'send', peer, message, delivery, tag };
}
