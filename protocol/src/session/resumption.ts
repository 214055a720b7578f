/** Both roles of resumption (SPEC §7.7) around the ticket table: packets, storage and clock. */
import { EMPTY } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBytes } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';
import {
  decodeResume,
  decodeResumeAck,
  decodeResumeFloor,
  encodeResume,
  encodeResumeAck,
  encodeResumeFloor,
  isFloorAuthentic,
  resumeAckClear,
  resumeClear,
} from '../packet/resume.js';
import type { Finished, HandshakeSelf } from './handshake.js';
import { deriveSessionKeys } from './keys.js';
import type { Opening } from './opening.js';
import type { SessionOutput } from './output.js';
import { resumedKeys, type Ticket, TicketTable, ticketStoreKey } from './tickets.js';

/** A stale counter is answered at most this often per ticket. */
const FLOOR_EVERY_MS = SECOND_MS;
const TICKET_PREFIX = 'ticket.';

export type Resumed =
  | ({ readonly kind: 'accepted'; readonly resumer: number; readonly acknowledgement: Uint8Array } & Finished)
  | { readonly kind: 'refused'; readonly floor: Uint8Array }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

export class Resumption {
  readonly #self: HandshakeSelf;
  readonly #random: Random;
  readonly #out: Outbox<SessionOutput>;
  readonly #tickets: TicketTable;
  #floorToldAt: Map<number, Instant> | undefined;
  #unixSeconds = 0;

  constructor(self: HandshakeSelf, random: Random, countMax: number, out: Outbox<SessionOutput>) {
    this.#self = self;
    this.#random = random;
    this.#out = out;
    this.#tickets = new TicketTable(self.suite, self.identity, countMax);
  }

  /** Takes the stored tickets; damaged ones are deleted. Returns the keys of their peers. */
  restore(stored: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
    const keys: Uint8Array[] = [];
    for (const [key, value] of stored) {
      if (!key.startsWith(TICKET_PREFIX)) continue;
      const ticket = this.#tickets.restore(value);
      if (ticket === undefined) this.#out.push({ kind: 'persist', key, value: undefined });
      else {
        keys.push(ticket.publicKey);
        this.#store(ticket);
      }
    }
    return keys;
  }

  setClock(unixMs: number): void {
    this.#unixSeconds = Math.floor(unixMs / 1000);
  }

  persisted(key: string): void {
    if (key.startsWith(TICKET_PREFIX)) this.#tickets.confirmWrite(key);
  }

  mayResume(peer: NodeKey): boolean {
    const ticket = this.#tickets.byPeer(peer);
    if (ticket === undefined) return false;
    if (!this.#tickets.isExpired(ticket, this.#unixSeconds)) return true;
    this.#remove(peer);
    return false;
  }

  /** A session was established: its ticket replaces the one before. */
  issue(finished: Finished): void {
    const { ticket, evicted } = this.#tickets.issue(
      finished.publicKey,
      finished.keys.resumption,
      this.#unixSeconds,
    );
    if (evicted !== undefined)
      this.#out.push({ kind: 'persist', key: ticketStoreKey(evicted), value: undefined });
    this.#store(ticket);
  }

  /** RESUME under a fresh counter, or undefined while the store has not confirmed one. */
  resume(opening: Opening): Uint8Array | undefined {
    const ticket = opening.target && this.#tickets.byPeer(opening.target.peer);
    const counter = ticket && this.#tickets.takeSendCounter(ticket);
    if (ticket === undefined || counter === undefined) return undefined;
    this.#storeIfLow(ticket);
    opening.resumeCounter = counter;
    const clear = resumeClear(opening.connection, ticket.id, counter);
    return encodeResume(clear, this.#self.suite.seal(ticket.sendKey, counter, clear, EMPTY, 16));
  }

  onResume(now: Instant, bytes: Uint8Array, connection: number): Resumed {
    const packet = decodeResume(bytes);
    if (typeof packet === 'string') return { kind: 'dropped', reason: packet };
    const ticket = this.#tickets.byId(packet.ticket);
    // The resumer may have no clock: it goes on to the next step as if the ticket were not known.
    if (ticket === undefined || !this.mayResume(ticket.peer))
      return { kind: 'dropped', reason: 'unknownKey' };
    const { suite } = this.#self;
    if (suite.open(ticket.receiveKey, packet.counter, packet.clear, packet.sealed, 16) === undefined) {
      return { kind: 'dropped', reason: 'authentication' };
    }
    if (!this.#tickets.acceptCounter(ticket, packet.counter)) return this.#refuse(now, ticket);
    this.#storeIfLow(ticket);
    const nonce = randomBytes(this.#random, 8);
    const clear = resumeAckClear(packet.connection, connection, nonce);
    const { chainingKey, acknowledge } = resumedKeys(suite, ticket, packet.counter, nonce, false);
    const acknowledgement = encodeResumeAck(clear, suite.seal(acknowledge, 0, clear, EMPTY, 16));
    const keys = deriveSessionKeys(suite, chainingKey, false);
    return {
      kind: 'accepted',
      resumer: packet.connection,
      acknowledgement,
      keys,
      publicKey: ticket.publicKey,
      certificate: undefined,
    };
  }

  onAcknowledgement(
    bytes: Uint8Array,
    openings: readonly Opening[],
  ): (Finished & { readonly opening: Opening; readonly answerer: number }) | DropReason {
    const packet = decodeResumeAck(bytes);
    if (typeof packet === 'string') return packet;
    const opening = openings.find((one) => one.connection === packet.resumer);
    const ticket = opening?.target && this.#tickets.byPeer(opening.target.peer);
    if (opening?.resumeCounter === undefined || ticket === undefined) return 'unexpected';
    const { suite } = this.#self;
    const { chainingKey, acknowledge } = resumedKeys(
      suite,
      ticket,
      opening.resumeCounter,
      packet.nonce,
      true,
    );
    if (suite.open(acknowledge, 0, packet.clear, packet.tag, 16) === undefined) return 'authentication';
    const keys = deriveSessionKeys(suite, chainingKey, true);
    const { publicKey } = ticket;
    return { keys, publicKey, certificate: undefined, opening, answerer: packet.answerer };
  }

  onFloor(bytes: Uint8Array): DropReason | undefined {
    const packet = decodeResumeFloor(bytes);
    if (typeof packet === 'string') return packet;
    const ticket = this.#tickets.byId(packet.ticket);
    if (ticket === undefined) return 'unknownKey';
    if (!isFloorAuthentic(this.#self.suite, ticket.receiveKey, packet)) return 'authentication';
    this.#tickets.jump(ticket, packet.counterFloor);
    this.#storeIfLow(ticket);
    return undefined;
  }

  #refuse(now: Instant, ticket: Ticket): Resumed {
    this.#floorToldAt ??= new Map();
    const toldAt = this.#floorToldAt.get(ticket.id);
    if (toldAt !== undefined && now - toldAt < FLOOR_EVERY_MS) return { kind: 'dropped', reason: 'replay' };
    if (this.#floorToldAt.size > 64) this.#floorToldAt.clear();
    this.#floorToldAt.set(ticket.id, now);
    const { suite } = this.#self;
    return {
      kind: 'refused',
      floor: encodeResumeFloor(suite, ticket.sendKey, ticket.id, ticket.receiveFloor),
    };
  }

  #storeIfLow(ticket: Ticket): void {
    if (this.#tickets.needsWrite(ticket)) this.#store(ticket);
  }

  #store(ticket: Ticket): void {
    this.#out.push({ kind: 'persist', key: ticketStoreKey(ticket.peer), value: this.#tickets.write(ticket) });
  }

  #remove(peer: NodeKey): void {
    this.#tickets.remove(peer);
    this.#out.push({ kind: 'persist', key: ticketStoreKey(peer), value: undefined });
  }
}
