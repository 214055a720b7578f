import type { PathReport, PeerReport } from '../api.js';
import { unreachable } from '../kernel/assert.js';
import type { NodeKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Emit, PeerDownCode, PortInput } from './port.js';

/**
 * What people are told of the others (SPEC §9.5): name, status and path, merged, and only when one of them
 * changes.
 *
 * Any authenticated packet proves online. A record or a route proves nothing: such a peer is 'unknown', with
 * the path that the node would try. 'offline' is one who was heard and whose session ended. A round trip
 * alone is news when it changed by more than a fifth and 1 ms, at most every 2 s.
 */
export type PresenceInput =
  | Extract<PortInput, { kind: 'peerUp' | 'peerDown' | 'peerNamed' | 'peerGone' | 'timeout' }>
  /** An authenticated packet came from it. */
  | { readonly kind: 'heard'; readonly peer: NodeKey }
  /** It goes, and means to be back after so long. */
  | { readonly kind: 'asleep'; readonly peer: NodeKey; readonly forS: number }
  /** The present path; names in `via` are filled in here. */
  | { readonly kind: 'path'; readonly peer: NodeKey; readonly path: PathReport }
  /** Whether a route leads there; matters for peers without a session. */
  | { readonly kind: 'reachable'; readonly peer: NodeKey; readonly isReachable: boolean };

export interface PresenceOptions {
  readonly self: NodeKey;
  readonly limits: Limits;
}

/** A clock that runs wrong by a part in eight, or a boot that takes half a minute, makes nobody late. */
const GRACE_MS = 30 * SECOND_MS;
const GRACE_PARTS = 8;
const ROUND_TRIP_EVERY_MS = 2 * SECOND_MS;
const ROUND_TRIP_STEP_MS = 1;
/** A fifth. */
const ROUND_TRIP_PARTS = 5;

/** When it means to be back, and when it is given up. */
interface Sleep {
  readonly dueAt: Instant;
  readonly lateAt: Instant;
}

interface Peer {
  name: string;
  isUp: boolean;
  heardAt: Instant | undefined;
  status: PeerReport['status'];
  path: PathReport;
  /** As told last; undefined when nothing was told yet, or the name or the status is another since. */
  toldPath: PathReport | undefined;
  toldAt: Instant;
}

export class Presence implements Machine<PresenceInput, Emit> {
  readonly #self: NodeKey;
  readonly #countMax: number;
  readonly #peers = new Map<NodeKey, Peer>();
  readonly #outbox = new Outbox<Emit>();
  /** When round trips that were held back may be told. */
  #tellAt: Instant | undefined;
  /** Who sleeps, or is about to; made with the first one. */
  #sleeps: Map<NodeKey, Sleep> | undefined;
  /** When somebody who sleeps may be late; earlier when that one is back. */
  #lateAt: Instant | undefined;

  constructor(options: PresenceOptions) {
    const { recordCountMax, sessionCountMax } = options.limits;
    this.#self = options.self;
    this.#countMax = recordCountMax + sessionCountMax;
  }

  handleInput(now: Instant, input: PresenceInput): void {
    if (input.kind === 'timeout') return this.#onTimeout(now);
    if (input.peer === this.#self) return;
    switch (input.kind) {
      case 'peerUp':
        return this.#onUp(now, input.peer);
      case 'peerDown':
        return this.#onDown(now, input.peer, input.code);
      case 'heard':
        return this.#onHeard(now, input.peer);
      case 'asleep':
        return this.#onAsleep(now, input.peer, input.forS);
      case 'path':
        return this.#onPath(now, input.peer, input.path);
      case 'reachable':
        return this.#onReachable(now, input.peer, input.isReachable);
      case 'peerNamed':
        return this.#onNamed(now, input.peer, input.name);
      case 'peerGone':
        return this.#onGone(input.peer);
      default:
        return unreachable(input);
    }
  }

  pollOutput(): Emit | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return earlier(this.#tellAt, this.#lateAt);
  }

  /** Of who sleeps now. */
  dueAt(peer: NodeKey): Instant | undefined {
    const known = this.#peers.get(peer);
    return known?.status === 'asleep' ? this.#sleeps?.get(peer)?.dueAt : undefined;
  }

  /** All that is known of a peer now, the last packet included. */
  report(peer: NodeKey): PeerReport | undefined {
    const known = this.#peers.get(peer);
    return known && this.#describe(peer, known);
  }

  #onUp(now: Instant, peer: NodeKey): void {
    const known = this.#of(now, peer);
    known.isUp = true;
    this.#sleeps?.delete(peer);
    this.#prove(now, known);
    this.#tell(now, peer, known);
  }

  /** Who restarts is there: he told us himself, and his new session follows. */
  #onDown(now: Instant, peer: NodeKey, code: PeerDownCode): void {
    const known = this.#peers.get(peer);
    if (known === undefined) return;
    known.isUp = false;
    if (code === 'restarted') return;
    if (known.status === 'online') setStatus(known, this.#sleeps?.has(peer) === true ? 'asleep' : 'offline');
    if (known.path.kind !== 'none') known.path = pathAfter(now, known.path, code);
    this.#tell(now, peer, known);
  }

  #onHeard(now: Instant, peer: NodeKey): void {
    const known = this.#of(now, peer);
    this.#prove(now, known);
    if (known.toldPath === undefined) this.#tell(now, peer, known);
  }

  /** Its session ends in the same packet. */
  #onAsleep(now: Instant, peer: NodeKey, forS: number): void {
    this.#of(now, peer);
    const forMs = forS * SECOND_MS;
    const dueAt = now + forMs;
    const lateAt = dueAt + GRACE_MS + Math.floor(forMs / GRACE_PARTS);
    this.#sleeps ??= new Map();
    this.#sleeps.set(peer, { dueAt, lateAt });
    this.#lateAt = earlier(this.#lateAt, lateAt);
  }

  #onLate(now: Instant): void {
    this.#lateAt = undefined;
    for (const [peer, { lateAt }] of this.#sleeps ?? []) {
      const known = this.#peers.get(peer);
      if (known?.status !== 'asleep') continue;
      if (lateAt > now) this.#lateAt = earlier(this.#lateAt, lateAt);
      else {
        this.#sleeps?.delete(peer);
        setStatus(known, 'offline');
        this.#tell(now, peer, known);
      }
    }
  }

  #onPath(now: Instant, peer: NodeKey, path: PathReport): void {
    const known = this.#of(now, peer);
    known.path = path;
    const { verifiedAt = -Infinity } = path;
    if (verifiedAt > (known.heardAt ?? -Infinity)) this.#prove(verifiedAt, known);
    this.#tell(now, peer, known);
  }

  #onReachable(now: Instant, peer: NodeKey, isReachable: boolean): void {
    const known = this.#peers.get(peer);
    if (known === undefined || known.isUp || isReachable === (known.path.kind !== 'none')) return;
    if (known.path.kind !== 'none' && known.path.reason !== 'notContacted') return; // a session's path
    known.path = isReachable
      ? { kind: 'unknown', since: now, reason: 'notContacted' }
      : { kind: 'none', since: now, reason: 'noRoute' };
    this.#tell(now, peer, known);
  }

  #onNamed(now: Instant, peer: NodeKey, name: string): void {
    const known = this.#of(now, peer);
    if (known.name !== name) known.toldPath = undefined;
    known.name = name;
    this.#tell(now, peer, known);
    this.#retellVia(now, peer);
  }

  /** Forgotten by the catalog: one with a session stays, without a name until its record comes again. */
  #onGone(peer: NodeKey): void {
    if (this.#peers.get(peer)?.isUp === false) this.#peers.delete(peer);
  }

  #onTimeout(now: Instant): void {
    if (this.#lateAt !== undefined && this.#lateAt <= now) this.#onLate(now);
    if (this.#tellAt === undefined || this.#tellAt > now) return;
    this.#tellAt = undefined;
    for (const [peer, known] of this.#peers) this.#tell(now, peer, known);
  }

  /** Reports that name this peer as a hop. */
  #retellVia(now: Instant, hop: NodeKey): void {
    for (const [peer, known] of this.#peers) {
      if (known.path.via?.some(({ id }) => id === hop)) this.#tell(now, peer, known);
    }
  }

  #prove(heardAt: Instant, known: Peer): void {
    known.heardAt = heardAt;
    setStatus(known, 'online');
  }

  #tell(now: Instant, peer: NodeKey, known: Peer): void {
    const report = this.#describe(peer, known);
    const { toldPath } = known;
    if (toldPath !== undefined && isSame(report.path, toldPath)) {
      if (!isRoundTripNews(report.path, toldPath)) return;
      const tellAt = known.toldAt + ROUND_TRIP_EVERY_MS;
      if (tellAt > now) {
        this.#tellAt = earlier(this.#tellAt, tellAt);
        return;
      }
    }
    known.toldPath = report.path;
    known.toldAt = now;
    this.#outbox.push({ kind: 'event', event: { kind: 'peer', peer: report } });
  }

  #describe(peer: NodeKey, known: Peer): PeerReport {
    const { name, status, heardAt, path } = known;
    const via = path.via?.map(({ id }) => ({ id, name: this.#peers.get(id)?.name ?? '' }));
    const due = status === 'asleep' ? { dueAt: this.#sleeps?.get(peer)?.dueAt } : {};
    return { id: peer, name, status, ...due, heardAt, path: via === undefined ? path : { ...path, via } };
  }

  #of(now: Instant, peer: NodeKey): Peer {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    if (this.#peers.size >= this.#countMax) this.#forgetOne();
    const path: PathReport = { kind: 'unknown', since: now, reason: 'notContacted' };
    const told = { toldPath: undefined, toldAt: now };
    const nothing = { name: '', isUp: false, heardAt: undefined, status: 'unknown' } as const;
    const added: Peer = { ...nothing, path, ...told };
    this.#peers.set(peer, added);
    return added;
  }

  /** Of those without a session, the one that was heard longest ago goes; nothing is told of it any more. */
  #forgetOne(): void {
    let last: NodeKey | undefined;
    let lastHeardAt = Infinity;
    for (const [peer, { isUp, heardAt = -Infinity }] of this.#peers) {
      if (isUp || heardAt >= lastHeardAt) continue;
      last = peer;
      lastHeardAt = heardAt;
    }
    if (last === undefined) return;
    this.#peers.delete(last);
    this.#sleeps?.delete(last);
  }
}

/** Nothing is known of other ways yet; the node says so when there is none. */
function pathAfter(now: Instant, path: PathReport, code: PeerDownCode): PathReport {
  if (code === 'closed') return { kind: 'unknown', since: now, reason: 'notContacted' };
  return { kind: 'none', since: now, reason: path.kind === 'direct' ? 'silent' : 'noRoute' };
}

function setStatus(known: Peer, status: PeerReport['status']): void {
  if (known.status !== status) known.toldPath = undefined;
  known.status = status;
}

/** All but the time of the last packet and the round trip. */
function isSame(path: PathReport, other: PathReport): boolean {
  const { link, via = [], kind, since, hops, reason } = path;
  if (kind !== other.kind || since !== other.since || hops !== other.hops || reason !== other.reason)
    return false;
  if (link?.id !== other.link?.id || link?.kind !== other.link?.kind || link?.name !== other.link?.name)
    return false;
  const hopsBefore = other.via ?? [];
  if (via.length !== hopsBefore.length) return false;
  return via.every(({ id, name }, i) => id === hopsBefore[i]?.id && name === hopsBefore[i]?.name);
}

function isRoundTripNews(a: PathReport, b: PathReport): boolean {
  if (a.roundTripMs === undefined || b.roundTripMs === undefined) return a.roundTripMs !== b.roundTripMs;
  const change = Math.abs(a.roundTripMs - b.roundTripMs);
  return change >= ROUND_TRIP_STEP_MS && change * ROUND_TRIP_PARTS > b.roundTripMs;
}
