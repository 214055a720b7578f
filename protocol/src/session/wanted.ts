import type { NodeKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Message } from '../packet/message.js';
import type { Association } from './association.js';
import type { SessionOutput } from './output.js';

/** Pauses between openings of a peer that does not answer while messages wait for it. */
const WAIT_MIN_MS = SECOND_MS;
const WAIT_MAX_MS = 30 * SECOND_MS;

/** Peers that something waits for and that have no usable session: the owner is asked for a way to them. */
export class Wanted {
  readonly #out: Outbox<SessionOutput>;
  /** Undefined while nobody is: at rest it is to take nothing. */
  #peers: Map<NodeKey, { at: Instant; waitMs: number }> | undefined;

  constructor(out: Outbox<SessionOutput>) {
    this.#out = out;
  }

  pollTimeout(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const { at } of this.#peers?.values() ?? []) soonest = earlier(soonest, at);
    return soonest;
  }

  /** To be called before a message is queued for that peer. */
  note(association: Association, kind: Message['kind']): void {
    association.isWanted = (association.isWanted && association.isWaiting) || !isForNeighbors(kind);
  }

  /** Whether something waits that is not only for neighbors: who is none any more needs no routes. */
  isMissing(association: Association): boolean {
    return !association.isUsable && association.isWaiting && association.isWanted;
  }

  /** Asks for a way, unless that was done a moment ago. */
  want(now: Instant, peer: NodeKey): void {
    if (this.#peers?.has(peer) === true) return;
    this.#wait(now, peer, WAIT_MIN_MS);
    this.#out.push({ kind: 'wanted', peer });
  }

  /** Nobody answered on the way that was tried. */
  failed(now: Instant, peer: NodeKey): void {
    const before = this.#peers?.get(peer)?.waitMs ?? WAIT_MIN_MS / 2;
    this.#wait(now, peer, Math.min(WAIT_MAX_MS, before * 2));
  }

  done(peer: NodeKey): void {
    this.#peers?.delete(peer);
    if (this.#peers?.size === 0) this.#peers = undefined;
  }

  onTimeout(now: Instant, associations: ReadonlyMap<NodeKey, Association>): void {
    for (const [peer, wanted] of this.#peers ?? []) {
      if (wanted.at > now) continue;
      this.#peers?.delete(peer);
      const association = associations.get(peer);
      if (association === undefined || !this.isMissing(association)) continue;
      this.#wait(now, peer, wanted.waitMs);
      this.#out.push({ kind: 'wanted', peer });
    }
    if (this.#peers?.size === 0) this.#peers = undefined;
  }

  #wait(now: Instant, peer: NodeKey, waitMs: number): void {
    this.#peers ??= new Map();
    this.#peers.set(peer, { at: now + waitMs, waitMs });
  }
}

/** Whoever is a neighbor again is told these anew (SPEC §8.2), and attempts at a direct path begin anew. */
function isForNeighbors(kind: Message['kind']): boolean {
  switch (kind) {
    case 'heartbeat':
    case 'routes':
    case 'routesWanted':
    case 'routeRequest':
    case 'routeSeek':
    case 'routeSeekBack':
    case 'routeUnwanted':
    case 'vicinity':
    case 'label':
    case 'labelUnknown':
    case 'advert':
    case 'introduce':
    case 'punch':
    case 'sync':
    case 'witness':
    case 'witnessWanted':
    case 'probeWanted':
    case 'probeFor':
      return true;
    default:
      return false;
  }
}
