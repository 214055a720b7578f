import {
  type CryptoSuite,
  createIdentity,
  createNetworkKey,
  type ElectionRules,
  type Limits,
  Node,
  type NodeEvent,
  PI_LIMITS,
  type RoleReport,
  shortKeyOf,
} from '@fogwisp/protocol';
import { connectGraph, type Graph, type Host, type MediumOptions, Prng, World } from '@fogwisp/protocol/sim';
import { stubSuite } from '../fuzz/stub-suite.js';

/** Whole networks of shipped nodes, and what they say of their roles. */

const DEFAULT_LINK: MediumOptions = {
  kind: 'lan',
  cast: 'point',
  hasCarrier: false,
  mtu: 1232,
  delayMs: 2,
  jitterMs: 3,
};

export interface PopulationOptions {
  readonly seed: number;
  readonly graph: Graph;
  readonly link?: MediumOptions;
  readonly limits?: Partial<Limits>;
  readonly rules?: Partial<ElectionRules>;
  readonly willingnessOf?: (node: number) => number;
  /** Hosts boot at random within this time. */
  readonly spreadMs?: number;
}

export interface RoleChange {
  readonly atMs: number;
  readonly node: number;
  readonly state: RoleReport['state'];
}

export class Population {
  readonly world: World;
  readonly graph: Graph;
  /** What each said last; undefined before that, and when it is off. */
  readonly roles: (RoleReport | undefined)[] = [];
  readonly changes: RoleChange[] = [];
  readonly #ids: string[] = [];

  constructor(options: PopulationOptions) {
    const { seed, graph, rules } = options;
    this.graph = graph;
    this.world = new World({ seed });
    const keys = new Prng(seed, 0x7fff_fff0);
    const crypto: CryptoSuite = stubSuite();
    const network = createNetworkKey(crypto, keys);
    const limits = { ...PI_LIMITS, ...options.limits };
    for (let i = 0; i < graph.count; i++) {
      const identity = createIdentity(crypto, keys);
      this.#ids.push(identity.key);
      this.roles.push(undefined);
      const name = `n${i}`;
      const willingness = options.willingnessOf?.(i) ?? 7;
      const host = this.world.addHost(
        name,
        ({ now, random, restored }) =>
          new Node({
            ...{ now, random, restored, identity, limits, crypto, network, name, willingness },
            electionRules: rules ?? {},
          }),
        { isOff: true, forgetsEvents: true, onEvent: (event) => this.#onEvent(i, event) },
      );
      this.world.at(this.world.random.below((options.spreadMs ?? 5000) + 1), () => host.start());
    }
    connectGraph(this.world, graph, () => options.link ?? DEFAULT_LINK);
  }

  host(node: number): Host {
    return this.world.host(`n${node}`);
  }

  kill(node: number): void {
    this.host(node).crash();
    this.roles[node] = undefined;
  }

  supers(): readonly number[] {
    return this.#nodes().filter((node) => ['super', 'retiring'].includes(this.roles[node]?.state ?? ''));
  }

  /** The share of living nodes that have what they want, or serve. */
  covered(): number {
    const alive = this.#nodes().filter((node) => this.host(node).isRunning);
    const covered = alive.filter((node) => this.isCovered(node));
    return covered.length / Math.max(1, alive.length);
  }

  /** By what it holds and who grants it: both ends must agree. */
  isCovered(node: number): boolean {
    const role = this.roles[node];
    if (role === undefined) return false;
    if (role.state === 'super' || role.state === 'retiring' || role.state === 'handover') return true;
    return this.coverage(node) >= role.wanted && (role.wanted > 0 || role.state === 'leaf');
  }

  coverage(node: number): number {
    const held = this.roles[node]?.supernodes ?? [];
    return held.filter(({ peer }) => {
      const other = this.#ids.findIndex((id) => shortKeyOf(id) === peer.id.substring(0, 16));
      const serves = this.roles[other]?.serves ?? [];
      return serves.some(({ id }) => id.substring(0, 16) === shortKeyOf(this.#ids[node] ?? ''));
    }).length;
  }

  changesSince(ms: number): readonly RoleChange[] {
    return this.changes.filter(({ atMs }) => atMs >= ms);
  }

  #nodes(): readonly number[] {
    return this.roles.map((_, node) => node);
  }

  #onEvent(node: number, event: NodeEvent): void {
    if (event.kind !== 'role') return;
    const before = this.roles[node]?.state;
    this.roles[node] = event.role;
    if (before === event.role.state) return;
    this.changes.push({ atMs: this.world.now, node, state: event.role.state });
  }
}
