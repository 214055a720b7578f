import type { Link } from '@fogwisp/firmware-shim';
import type {
  LinkAddress,
  LinkId,
  PathReport,
  PeerReport,
  ReachabilityReport,
  RoleReport,
} from '@fogwisp/protocol';
import type { GatewayDevice } from '../src/gateway.js';
import type { Dispose, PingReport, Value } from '../src/mesh.js';

type Listener = Parameters<GatewayDevice['subscribe']>[1];

export class FakeError extends Error {
  readonly code: string;

  constructor(code: string, message = code) {
    super(message);
    this.code = code;
  }
}

export function idOf(name: string): string {
  return Buffer.from(name.padEnd(16, '.')).toString('hex').substring(0, 32);
}

/** A network in a few lines: peers are there when a test says so, and answer what it says. */
export class FakeMesh implements GatewayDevice {
  readonly name = 'hearth';
  readonly id = idOf('hearth');
  networkId = '0123456789abcdef';
  readonly asked: { to: string; path: string; body: Value }[] = [];
  readonly published: { topic: string; value: Value }[] = [];
  readonly patterns = new Map<string, Set<Listener>>();
  readonly served = new Map<string, (body: Value) => Value | Promise<Value>>();
  readonly added: Link[] = [];
  isStopped = false;
  /** From the test: told of each ping, before its answer. */
  onPing: (to: string) => void = () => undefined;
  clock = 1000;
  /** From the test. */
  role: RoleReport | undefined;
  #peers = new Map<string, PeerReport>();
  #answers = new Map<string, (body: Value) => Value | Promise<Value>>();
  #listeners = new Set<(peer: PeerReport) => void>();
  #watchers = new Set<(reachability: ReachabilityReport) => void>();

  now(): number {
    return this.clock;
  }

  peers(): readonly PeerReport[] {
    return [...this.#peers.values()];
  }

  on(kind: 'peer' | 'reachability' | 'role' | 'fault', listener: (event: never) => void): Dispose {
    if (kind === 'reachability') {
      this.#watchers.add(listener as (reachability: ReachabilityReport) => void);
    }
    if (kind !== 'peer') return () => undefined;
    const each = listener as (peer: PeerReport) => void;
    this.#listeners.add(each);
    return () => this.#listeners.delete(each);
  }

  invite({ addresses }: { readonly addresses: readonly string[] }): string {
    return `fogjoin1-${addresses.join(' ')}`;
  }

  async request(to: string, path: string, body?: Value): Promise<Value> {
    this.asked.push({ to, path, body });
    const peer = this.#find(to);
    if (peer === undefined) throw new FakeError('unknownPeer');
    const answer = this.#answers.get(`${peer.name}/${path}`);
    if (answer === undefined) throw new FakeError('notFound');
    return answer(body);
  }

  async ping(to: string): Promise<PingReport> {
    this.onPing(to);
    const peer = this.#find(to);
    if (peer === undefined) throw new FakeError('unknownPeer');
    if (peer.status !== 'online') throw new FakeError('timeout');
    return { roundTripMs: 4.2, path: peer.path };
  }

  async publish(topic: string, value: Value): Promise<unknown> {
    this.published.push({ topic, value });
    return undefined;
  }

  serve(path: string, responder: (body: Value) => Value | Promise<Value>): Dispose {
    this.served.set(path, responder);
    return () => this.served.delete(path);
  }

  subscribe(pattern: string, listener: Listener): Dispose {
    const listeners = this.patterns.get(pattern) ?? new Set();
    this.patterns.set(pattern, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.patterns.delete(pattern);
    };
  }

  addLink(link: Link): LinkId {
    return this.added.push(link);
  }

  removeLink(): void {}

  connect(_link: LinkId, _address: LinkAddress): void {}

  async stop(): Promise<void> {
    this.isStopped = true;
  }

  /** From the test: what `peer` answers on `path`. */
  answer(peer: string, path: string, answer: (body: Value) => Value | Promise<Value>): void {
    this.#answers.set(`${peer}/${path}`, answer);
  }

  /** From the test: a fact about a peer. */
  tell(name: string, facts: Partial<PeerReport> = {}): PeerReport {
    const report: PeerReport = {
      id: idOf(name),
      name,
      status: 'online',
      path: directPath(),
      heardAt: this.clock,
      ...facts,
    };
    this.#peers.set(report.id, report);
    for (const listener of this.#listeners) listener(report);
    return report;
  }

  /** From the test: how others see a link. */
  see(link: LinkId, facts: Pick<ReachabilityReport, 'mapping' | 'filtering'>): void {
    for (const watch of this.#watchers) watch({ link, address: '203.0.113.9:4747', evidence: [], ...facts });
  }

  /** From the test: `name` publishes. Only those that subscribed to it hear it. */
  say(name: string, topic: string, value: Value): void {
    const from = { id: idOf(name), name };
    for (const pattern of [`${from.id}/${topic}`, `*/${topic}`]) {
      for (const listener of this.patterns.get(pattern) ?? []) listener(value, { from, topic });
    }
  }

  #find(to: string): PeerReport | undefined {
    return this.peers().find((peer) => peer.id === to || peer.name === to);
  }
}

export function directPath(kind = 'lan'): PathReport {
  return { kind: 'direct', link: { id: 1, kind, name: kind }, since: 0, roundTripMs: 2 };
}

export function relayedPath(via: string): PathReport {
  return { kind: 'relayed', via: [{ id: idOf(via), name: via }], hops: 2, since: 0, reason: 'noCommonLink' };
}

/** Looks again until it is true; a test that waits in vain says for what. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
