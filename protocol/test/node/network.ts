import { nodeSuite } from '@fogwisp/firmware-shim/node';
import {
  BOARD_LIMITS,
  type CryptoSuite,
  createIdentity,
  createNetworkKey,
  decodeValue,
  encodeValue,
  type Identity,
  type Limits,
  type NetworkKey,
  Node,
  type NodeEvent,
  PI_LIMITS,
} from '@fogwisp/protocol';
import { nobleSuite } from '@fogwisp/protocol/noble';
import { type Host, type HostOptions, Prng, World } from '@fogwisp/protocol/sim';

/** node:crypto, as it is forty times faster; one test of each kind runs the portable suite. */
export const SUITE: CryptoSuite = nodeSuite();
export const PORTABLE: CryptoSuite = nobleSuite();

export interface MemberOptions extends HostOptions {
  readonly limits?: Partial<Limits>;
  readonly isBoard?: boolean;
  readonly suite?: CryptoSuite;
  readonly network?: NetworkKey;
  /** 0 to 7; default that of the protocol. */
  readonly willingness?: number;
  readonly wakeEveryMs?: number;
  /** Answers every request: default echoes the body. */
  readonly answers?: boolean;
}

/** A world in which every host is the shipped Node with its identity in flash. */
export class Network {
  readonly world: World;
  readonly key: NetworkKey;
  readonly identities = new Map<string, Identity>();
  readonly #keys: Prng;

  constructor(seed: number, checkers: ConstructorParameters<typeof World>[0]['checkers'] = []) {
    this.world = new World({ seed, checkers });
    this.#keys = new Prng(seed, 0x7fff_fff0);
    this.key = createNetworkKey(SUITE, this.#keys);
  }

  add(name: string, options: MemberOptions = {}): Host {
    const identity = createIdentity(SUITE, this.#keys);
    this.identities.set(name, identity);
    const limits = { ...(options.isBoard === true ? BOARD_LIMITS : PI_LIMITS), ...options.limits };
    const crypto = options.suite ?? SUITE;
    const network = options.network ?? this.key;
    const { willingness } = options;
    const { wakeEveryMs } = options;
    const rest = wakeEveryMs === undefined ? {} : { wakeEveryMs };
    const role = { ...rest, ...(willingness !== undefined && { willingness }) };
    const onEvent = (event: NodeEvent, host: Host): void => {
      if (event.kind === 'request' && options.answers !== false) {
        host.command({ kind: 'respond', request: event.request, status: 0, body: event.body });
      }
      options.onEvent?.(event, host);
    };
    return this.world.addHost(
      name,
      ({ now, random, restored }) =>
        new Node({ now, random, restored, identity, limits, crypto, network, name, ...role }),
      { ...options, onEvent },
    );
  }

  /** The same node on another host, after a crash: with its identity and its store, at a new address. */
  revive(name: string, from: Host): Host {
    const identity = this.identities.get(name);
    if (identity === undefined) throw new Error(`nobody is called ${name}`);
    const stored = new Map(from.disk.stored);
    const { key: network } = this;
    const shared = { identity, limits: PI_LIMITS, crypto: SUITE, network, name };
    return this.world.addHost(`${name} again`, ({ now, random }) => {
      return new Node({ now, random, restored: stored, ...shared });
    });
  }

  /** Of somebody who is not there. */
  newIdentity(): Identity {
    return createIdentity(SUITE, this.#keys);
  }

  id(name: string): string {
    return this.identities.get(name)?.key ?? '';
  }

  /** Asks, and waits in virtual time for the answer. */
  ask(from: Host, to: string, value: unknown = 'hello', deadlineMs = 5000): unknown {
    const id = from.command({
      kind: 'request',
      to,
      path: 'echo',
      body: encodeValue(value as string),
      deadlineMs,
    });
    const end = (): NodeEvent | undefined =>
      from.events.find(
        (event) => (event.kind === 'response' || event.kind === 'failed') && event.command === id,
      );
    this.world.runUntil(() => end() !== undefined, { withinMs: deadlineMs + 1000 });
    const event = end();
    if (event?.kind === 'response') {
      const answer = decodeValue(event.body);
      return answer.ok ? answer.value : 'malformed';
    }
    return event?.kind === 'failed' ? `failed: ${event.code}` : 'nothing';
  }

  /** What `from` last said of its path to `to`. */
  pathOf(from: Host, to: string): string {
    const reports = from.eventsOf('peer').filter(({ peer }) => peer.id === this.id(to));
    const path = reports.at(-1)?.peer.path;
    if (path === undefined) return 'never heard of';
    if (path.kind === 'direct') return `direct(${path.link?.kind})`;
    if (path.kind === 'relayed') return `relayed(${path.via?.map(({ name }) => name).join(',')})`;
    return `${path.kind}(${path.reason})`;
  }
}
