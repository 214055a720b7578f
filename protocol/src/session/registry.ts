import { CborWriter } from '../cbor/writer.js';
import { CloseCode } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomU32 } from '../kernel/random.js';
import { type Instant, MINUTE_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import { Association } from './association.js';
import type { IdHolder } from './connection-ids.js';
import { ConnectionTable } from './connection-table.js';
import type { SessionOutput } from './output.js';
import type { Session } from './session.js';
import type { AssociationSurroundings } from './surroundings.js';

/** A silent peer that nothing waits for may make room for another after this long. */
const IDLE_MS = MINUTE_MS;
/** Bodies of any length are written there: what they need is taken once, not in the middle of a day. */
const SCRATCH_BYTES = 1024;

/** Whose session a connection id names. */
export interface Owner {
  readonly association: Association;
  readonly session: Session;
}

/** All associations: by peer, by number, by connection id; which of them have something to send, and when. */
export class Registry implements IdHolder {
  readonly #surroundings: AssociationSurroundings;
  readonly #random: Random;
  readonly #byPeer = new Map<NodeKey, Association>();
  readonly #byConnection = new ConnectionTable<Association>();
  readonly #dirty = new Set<Association>();
  #nextNumber = 1;
  /** Not later than the earliest deadline of any association; may be too early, never too late. */
  #deadline: Instant | undefined;

  constructor(random: Random, limits: Limits, out: Outbox<SessionOutput>) {
    this.#surroundings = { limits, out, scratch: new CborWriter(SCRATCH_BYTES) };
    this.#random = random;
  }

  get peers(): ReadonlyMap<NodeKey, Association> {
    return this.#byPeer;
  }

  get connectionCount(): number {
    return this.#byConnection.size;
  }

  /** Not later than when something is due. */
  get deadline(): Instant | undefined {
    return this.#deadline;
  }

  holdsConnection(connection: number): boolean {
    return this.#byConnection.has(connection);
  }

  byNumber(number: number): Association | undefined {
    for (const association of this.#byPeer.values()) if (association.number === number) return association;
    return undefined;
  }

  byConnection(connection: number): Owner | undefined {
    const association = this.#byConnection.get(connection);
    const session = association?.sessionOf(connection);
    return association === undefined || session === undefined ? undefined : { association, session };
  }

  /** The association with that peer, made if there is room. */
  obtain(now: Instant, peer: NodeKey): Association | undefined {
    const existing = this.#byPeer.get(peer);
    if (existing !== undefined) return existing;
    const surroundings = this.#surroundings;
    if (this.#byPeer.size >= surroundings.limits.sessionCountMax && !this.#makeRoom(now)) return undefined;
    const incarnation = Math.max(1, randomU32(this.#random));
    const number = this.#nextNumber++;
    const association = new Association({ number, peer, incarnation, surroundings }, now);
    this.#byPeer.set(peer, association);
    return association;
  }

  /** The session takes over; `retired` is one that ends by it. */
  enter(association: Association, session: Session, retired: Session | undefined): void {
    if (retired !== undefined) this.#leave(retired);
    for (const connection of session.localConnections) this.#byConnection.set(connection, association);
  }

  /** It may have something to send, or another deadline. */
  touch(association: Association): void {
    this.#dirty.add(association);
  }

  /** Packs what waits for the next peer that has anything to be told. */
  flush(now: Instant): void {
    for (const association of this.#dirty) {
      this.#dirty.delete(association);
      association.flush(now);
      this.#deadline = earlier(this.#deadline, association.pollTimeout());
      if (!this.#surroundings.out.isEmpty) return;
    }
  }

  /** Lets those act that are due. Returns associations whose peer never confirmed their keys. */
  onTimeout(now: Instant): readonly Association[] {
    if (this.#deadline === undefined || this.#deadline > now) return [];
    this.#deadline = undefined;
    const unconfirmed: Association[] = [];
    for (const association of this.#byPeer.values()) {
      const deadline = association.pollTimeout();
      if (deadline === undefined || deadline > now) this.#deadline = earlier(this.#deadline, deadline);
      else if (association.handleTimeout(now)) this.#dirty.add(association);
      else unconfirmed.push(association);
    }
    return unconfirmed;
  }

  /** Ends its sessions, keeps what waits for the next one. */
  strip(association: Association): void {
    for (const session of association.dropSessions()) this.#leave(session);
    this.#surroundings.out.push({ kind: 'closed', session: association.number, peer: association.peer });
  }

  close(now: Instant, peer: NodeKey, code: CloseCode): void {
    const association = this.#byPeer.get(peer);
    if (association === undefined) return;
    association.send(now, { kind: 'close', code }, 'datagram', undefined);
    association.flush(now);
    this.forget(association);
  }

  forget(association: Association): void {
    association.failAll();
    for (const session of association.sessions) this.#leave(session);
    this.#byPeer.delete(association.peer);
    this.#dirty.delete(association);
    this.#surroundings.out.push({ kind: 'closed', session: association.number, peer: association.peer });
  }

  #leave(session: Session): void {
    for (const connection of session.localConnections) this.#byConnection.delete(connection);
  }

  /** The peer that was silent for longest goes, if nothing waits for it. */
  #makeRoom(now: Instant): boolean {
    let quietest: Association | undefined;
    for (const association of this.#byPeer.values()) {
      if (association.isWaiting || now - association.heardAt < IDLE_MS) continue;
      if (quietest === undefined || association.heardAt < quietest.heardAt) quietest = association;
    }
    if (quietest === undefined) return false;
    this.close(now, quietest.peer, CloseCode.idle);
    return true;
  }
}
