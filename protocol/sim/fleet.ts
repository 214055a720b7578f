import {
  type CryptoSuite,
  createIdentity,
  createNetworkKey,
  type ElectionRules,
  encodeValue,
  type FailureCode,
  type Identity,
  type Limits,
  type LinkAddress,
  type NetworkKey,
  Node,
  type NodeEvent,
  PI_LIMITS,
  type RoleReport,
} from '@fogwisp/protocol';
import type { Checker } from './checker.js';
import { type Disguise, ForwardsNothing } from './disguise.js';
import { Firewall } from './firewall.js';
import type { Graph } from './graph.js';
import type { Host } from './host.js';
import type { HostOptions } from './host-options.js';
import type { Medium, MediumOptions } from './medium.js';
import { type Model, modelOf, type Wire } from './model.js';
import { Prng } from './prng.js';
import { connectGraph, introduce } from './scenario.js';
import type { Birth, SimNode } from './trace.js';
import { World } from './world.js';

export interface FleetOptions {
  /** What is told of it in plots and complaints. */
  readonly name: string;
  readonly seed: number;
  readonly suite: CryptoSuite;
  readonly checkers?: readonly Checker[];
  readonly limits?: Partial<Limits>;
  /** 0: nobody ever serves others. */
  readonly willingness?: number;
  /** For controls: rules of the election that are left out. */
  readonly electionRules?: Partial<ElectionRules>;
}

export interface MemberOptions extends HostOptions {
  readonly limits?: Partial<Limits>;
  readonly suite?: CryptoSuite;
  /** False: it takes part in everything and forwards nothing (a control). */
  readonly forwards?: boolean;
  /** What stands between the node and its host (a control). */
  readonly disguise?: Disguise;
}

/** One shipped node: its place in the world and who it is. */
export interface Member {
  readonly index: number;
  readonly host: Host;
  readonly identity: Identity;
  readonly forwards: boolean;
  /** Of its present life, or of its last one. */
  readonly node: Node;
  /** Taken at the next start. */
  name: string;
  /** What it last told of its part; undefined before it told of any in this life. */
  role: RoleReport | undefined;
}

/** A request that an application made, and how it ended. */
export interface Question {
  readonly from: Member;
  readonly to: Member;
  readonly askedAt: number;
  end: 'answered' | FailureCode | undefined;
  endedAt: number | undefined;
}

/** Keys come from a stream of chance of their own, so that they do not depend on what else is drawn. */
const KEY_STREAM = 0x7fff_fff0;

/** A world in which each host is the shipped node under an application that answers every request. */
export class Fleet {
  readonly name: string;
  readonly world: World;
  readonly network: NetworkKey;
  readonly members: Member[] = [];
  /** Who is joined to whom. */
  readonly wires: Wire[] = [];
  /** Every event of every application. */
  onEvent: ((event: NodeEvent, member: Member) => void) | undefined;
  readonly #suite: CryptoSuite;
  readonly #limits: Limits;
  readonly #willingness: number | undefined;
  readonly #rules: Partial<ElectionRules>;
  readonly #keys: Prng;
  readonly #questions = new Map<string, Question>();
  readonly #indexByShort = new Map<string, number>();
  /** By member: whom the configuration names on a medium that reaches nobody by itself. */
  readonly #addresses = new Map<number, LinkAddress[]>();

  constructor(options: FleetOptions) {
    const { name, seed, checkers = [] } = options;
    this.name = name;
    this.world = new World({ seed, checkers, spoilsBorrowed: false });
    this.#suite = options.suite;
    this.#limits = { ...PI_LIMITS, ...options.limits };
    this.#willingness = options.willingness;
    this.#rules = options.electionRules ?? {};
    this.#keys = new Prng(seed, KEY_STREAM);
    this.network = createNetworkKey(this.#suite, this.#keys);
  }

  add(options: MemberOptions = {}): Member {
    const { forwards = true, disguise } = options;
    const identity = createIdentity(this.#suite, this.#keys);
    const index = this.members.length;
    let name = `n${index}`;
    let node: Node | undefined;
    const makeNode = (birth: Birth): SimNode => {
      node = this.#makeNode(birth, identity, name, options);
      return disguise?.(node) ?? (forwards ? node : new ForwardsNothing(node));
    };
    const onBoot = (host: Host): void => this.#onBoot(host, index, options);
    const onEvent = (event: NodeEvent, host: Host): void => this.#onEvent(event, index, host);
    const plan = { ...options, forgetsEvents: true, onBoot, onEvent, isOff: true };
    const member: Member = {
      index,
      host: this.world.addHost(name, makeNode, plan),
      identity,
      forwards,
      get node(): Node {
        if (node === undefined) throw new RangeError(`${name} was never started`);
        return node;
      },
      get name(): string {
        return name;
      },
      set name(other: string) {
        name = other;
      },
      role: undefined,
    };
    this.members.push(member);
    this.#indexByShort.set(identity.short, index);
    if (options.isOff !== true) member.host.start();
    return member;
  }

  /** The constrained regime: members on the edges of a graph, one medium each. */
  wire(
    graph: Graph,
    mediumOf: (edge: number) => MediumOptions,
    optionsOf: (index: number) => MemberOptions = () => ({}),
  ): readonly Medium[] {
    for (let i = 0; i < graph.count; i++) this.add(optionsOf(i));
    const media = connectGraph(this.world, graph, mediumOf);
    for (const medium of media) this.#addWire(medium, 0, 1);
    for (const { host } of this.members) introduce(host);
    return media;
  }

  /**
   * The overlay regime: all on one medium that carries everything everywhere, and an edge is an address
   * that both ends were told. Those behind a firewall hear only whom they sent to.
   */
  overlay(
    graph: Graph,
    options: MediumOptions,
    isBehindFirewall: (index: number) => boolean = () => false,
    optionsOf: (index: number) => MemberOptions = () => ({}),
  ): Medium {
    const medium = this.world.addMedium({ cast: 'address', ...options });
    for (let i = 0; i < graph.count; i++) {
      const { host } = this.add(optionsOf(i));
      const port = this.world.attach(host, medium);
      if (isBehindFirewall(i)) port.firewall = new Firewall();
    }
    for (const [a, b] of graph.edges) {
      this.#addWire(medium, a, b);
      this.#introduce(a, b);
      this.#introduce(b, a);
    }
    return medium;
  }

  /** One broadcast medium for so many. */
  segment(count: number, options: MediumOptions): Medium {
    const hosts = Array.from({ length: count }, () => this.add().host);
    const medium = this.world.join(hosts, options);
    for (let a = 0; a < count; a++) for (let b = a + 1; b < count; b++) this.#addWire(medium, a, b);
    return medium;
  }

  model(): Model {
    return modelOf(this.members.length, this.wires);
  }

  /** Which member a short id is; undefined for strangers. */
  indexOf(short: string): number | undefined {
    return this.#indexByShort.get(short);
  }

  /** All that the members put on links. */
  get sentBytes(): number {
    return this.members.reduce((sum, { host }) => sum + host.counters.sentBytes, 0);
  }

  get sentPackets(): number {
    return this.members.reduce((sum, { host }) => sum + host.counters.sentPackets, 0);
  }

  /** A small request by name, or by id. */
  ask(from: Member, to: Member, by: 'name' | 'id', deadlineMs = 10_000): Question {
    const target = by === 'name' ? to.name : to.identity.key;
    const body = encodeValue('hello');
    const id = from.host.command({ kind: 'request', to: target, path: 'echo', body, deadlineMs });
    const askedAt = this.world.now;
    const question: Question = { from, to, askedAt, end: undefined, endedAt: undefined };
    this.#questions.set(`${from.index} ${id}`, question);
    return question;
  }

  #makeNode(birth: Birth, identity: Identity, name: string, options: MemberOptions): Node {
    const { now, random, restored } = birth;
    const limits = { ...this.#limits, ...options.limits };
    const crypto = options.suite ?? this.#suite;
    const { network } = this;
    const willingness = this.#willingness === undefined ? {} : { willingness: this.#willingness };
    const election = { ...willingness, electionRules: this.#rules };
    return new Node({ now, random, restored, identity, limits, crypto, network, name, ...election });
  }

  #addWire(medium: Medium, first: number, second: number): void {
    const [a, b] = [medium.ports[first], medium.ports[second]];
    if (a !== undefined && b !== undefined) this.wires.push({ a, b, medium });
  }

  #introduce(index: number, other: number): void {
    const addresses = this.#addresses.get(index) ?? [];
    this.#addresses.set(index, addresses);
    const { host } = this.members[other] as Member;
    addresses.push(host.name);
    this.members[index]?.host.command({ kind: 'connect', link: 1, address: host.name });
  }

  #onBoot(host: Host, index: number, { onBoot }: MemberOptions): void {
    const member = this.members[index];
    if (member !== undefined) member.role = undefined;
    if (onBoot !== undefined) return onBoot(host);
    const addresses = this.#addresses.get(index);
    if (addresses === undefined) return introduce(host);
    for (const address of addresses) host.command({ kind: 'connect', link: 1, address });
  }

  #onEvent(event: NodeEvent, index: number, host: Host): void {
    if (event.kind === 'request') {
      host.command({ kind: 'respond', request: event.request, status: 0, body: event.body });
    } else if (event.kind === 'response') this.#end(`${index} ${event.command}`, 'answered');
    else if (event.kind === 'failed') this.#end(`${index} ${event.command}`, event.code);
    const member = this.members[index];
    if (member === undefined) return;
    if (event.kind === 'role') member.role = event.role;
    this.onEvent?.(event, member);
  }

  #end(name: string, end: 'answered' | FailureCode): void {
    const question = this.#questions.get(name);
    if (question === undefined) return;
    this.#questions.delete(name);
    question.end = end;
    question.endedAt = this.world.now;
  }
}
