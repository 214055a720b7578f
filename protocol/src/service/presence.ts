import type { PathReport, NodeEvent } from '../api.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
export type PI = { kind: 'peerUp'; peer: NodeKey } | { kind: 'peerDown'; peer: NodeKey; code: string } | { kind: 'heard'; peer: NodeKey } | { kind: 'path'; peer: NodeKey; path: PathReport } | { kind: 'route'; destination: ShortKey; isReachable: boolean } | { kind: 'peerNamed'; peer: NodeKey; name: string } | { kind: 'peerGone'; peer: NodeKey } | { kind: 'timeout' };
export class Presence implements Machine<PI, { kind: 'event'; event: NodeEvent }> {
  #o = new Outbox<{ kind: 'event'; event: NodeEvent }>(); #p = new Map<NodeKey, any>();
  constructor(_: unknown) {}
  pathOf(now: Instant, peer: NodeKey): PathReport { return this.#p.get(peer)?.path ?? { kind: 'unknown', since: now }; }
  handleInput(now: Instant, i: PI): void {
    if (i.kind === 'timeout' || i.kind === 'route' || i.kind === 'peerGone') return;
    const r = this.#p.get(i.peer) ?? { id: i.peer, name: '', status: 'unknown', path: { kind: 'unknown', since: now }, heardAt: undefined };
    const n = { ...r };
    if (i.kind === 'heard') { n.heardAt = now; if (n.status === 'online') { this.#p.set(i.peer, n); return; } n.status = 'online'; }
    if (i.kind === 'path') n.path = i.path; if (i.kind === 'peerNamed') n.name = i.name; if (i.kind === 'peerDown') n.status = 'offline';
    this.#p.set(i.peer, n); this.#o.push({ kind: 'event', event: { kind: 'peer', peer: n } });
  }
  pollOutput() { return this.#o.shift(); }
  pollTimeout(): Instant | undefined { return undefined; }
}
