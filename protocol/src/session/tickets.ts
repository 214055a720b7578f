/**
 * Resumption (SPEC §7.7): after a full handshake both ends keep a ticket from which either may open a new
 * session with one packet of 27 bytes and no public-key work. There is no forward secrecy against who steals
 * a ticket.
 *
 * A ticket and its counters are one stored record, and any corruption deletes it. Counters are reserved
 * ahead, so that after a power cut none is used or accepted twice.
 */

import type { CryptoSuite } from '../crypto/suite.js';
import { nodeIdOf, nodeKeyOf } from '../identity/id.js';
import type { Identity } from '../identity/identity.js';
import { compareBytes, concatBytes, equalBytes, readU32, writeU32 } from '../kernel/bytes.js';
import type { NodeKey } from '../kernel/link.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { pair } from './keys.js';

/**
 * Counters stored ahead of use: one write per this many resumptions. The receiver reserves more, so that a
 * sender that restarted and skipped its own reserve is still accepted at once.
 */
const SEND_RESERVE = 64;
const RECEIVE_RESERVE = 256;
/** A sender may be at most this far ahead; farther is not plausible. */
const JUMP_MAX = 0x1_0000;
/** Seven days, in seconds of wall-clock time where there is one. */
const LIFE_S = 7 * 24 * 3600;
const KEY_BYTES = 32;
const RECORD_VERSION = 1;
const RECORD_BYTES = 1 + 32 + 32 + 4 + 4 + 4;
const CHECK_BYTES = 8;

/** Where the parts of a ticket lie in its one array: four keys, then numbers of 32 bits. */
const AT = {
  publicKey: 0,
  seed: 32,
  sendKey: 64,
  receiveKey: 96,
  id: 128,
  issuedAt: 132,
  sendNext: 136,
  sendReserved: 140,
  sendPending: 144,
  receiveFloor: 148,
  receiveReserved: 152,
  receivePending: 156,
  end: 160,
} as const;

/** One array and views of it: on a board four arrays and eight numbers would cost three times as much. */
export class Ticket {
  readonly peer: NodeKey;
  readonly #bytes = new Uint8Array(AT.end);

  constructor(suite: CryptoSuite, self: Identity, publicKey: Uint8Array, seed: Uint8Array, issuedAt: number) {
    const [idKey] = pair(suite, seed, encodeUtf8('fogwisp ticket'));
    const [lower, higher] = pair(suite, seed, encodeUtf8('fogwisp resume'));
    const isLower = compareBytes(self.publicKey, publicKey) < 0;
    this.peer = nodeKeyOf(nodeIdOf(suite, publicKey));
    this.#bytes.set(publicKey, AT.publicKey);
    this.#bytes.set(seed, AT.seed);
    this.#bytes.set(isLower ? lower : higher, AT.sendKey);
    this.#bytes.set(isLower ? higher : lower, AT.receiveKey);
    writeU32(this.#bytes, AT.id, readU32(idKey, 0));
    writeU32(this.#bytes, AT.issuedAt, issuedAt);
  }

  get publicKey(): Uint8Array {
    return this.#key(AT.publicKey);
  }

  get seed(): Uint8Array {
    return this.#key(AT.seed);
  }

  get sendKey(): Uint8Array {
    return this.#key(AT.sendKey);
  }

  get receiveKey(): Uint8Array {
    return this.#key(AT.receiveKey);
  }

  get id(): number {
    return readU32(this.#bytes, AT.id);
  }

  /** Unix seconds, 0 without a clock. */
  get issuedAt(): number {
    return readU32(this.#bytes, AT.issuedAt);
  }

  /** Next counter to send, up to where the store has confirmed, and up to where one is being stored. */
  get sendNext(): number {
    return readU32(this.#bytes, AT.sendNext);
  }

  set sendNext(counter: number) {
    writeU32(this.#bytes, AT.sendNext, counter);
  }

  get sendReserved(): number {
    return readU32(this.#bytes, AT.sendReserved);
  }

  get sendPending(): number {
    return readU32(this.#bytes, AT.sendPending);
  }

  /** Least counter accepted, up to where the store has confirmed, and up to where one is being stored. */
  get receiveFloor(): number {
    return readU32(this.#bytes, AT.receiveFloor);
  }

  set receiveFloor(counter: number) {
    writeU32(this.#bytes, AT.receiveFloor, counter);
  }

  get receiveReserved(): number {
    return readU32(this.#bytes, AT.receiveReserved);
  }

  get receivePending(): number {
    return readU32(this.#bytes, AT.receivePending);
  }

  /** The store is asked for that many counters ahead. */
  reserve(sendCount: number, receiveCount: number): void {
    writeU32(this.#bytes, AT.sendPending, this.sendNext + sendCount);
    writeU32(this.#bytes, AT.receivePending, this.receiveFloor + receiveCount);
  }

  /** The store has what it was asked for last. */
  confirm(): void {
    writeU32(this.#bytes, AT.sendReserved, this.sendPending);
    writeU32(this.#bytes, AT.receiveReserved, this.receivePending);
  }

  #key(at: number): Uint8Array {
    return this.#bytes.subarray(at, at + KEY_BYTES);
  }
}

export function ticketStoreKey(peer: NodeKey): string {
  return `ticket.${peer.substring(0, 16)}`;
}

export class TicketTable {
  readonly #suite: CryptoSuite;
  readonly #self: Identity;
  readonly #countMax: number;
  /** Oldest first; the oldest goes when the table is full. */
  #tickets: Ticket[] = [];

  constructor(suite: CryptoSuite, self: Identity, countMax: number) {
    this.#suite = suite;
    this.#self = self;
    this.#countMax = countMax;
  }

  byPeer(peer: NodeKey): Ticket | undefined {
    return this.#tickets.find((ticket) => ticket.peer === peer);
  }

  byId(id: number): Ticket | undefined {
    return this.#tickets.find((ticket) => ticket.id === id);
  }

  /** The ticket of a new full handshake; returns the peers whose stored record must go. */
  issue(
    publicKey: Uint8Array,
    seed: Uint8Array,
    issuedAt: number,
  ): { ticket: Ticket; evicted: NodeKey | undefined } {
    const ticket = new Ticket(this.#suite, this.#self, publicKey, seed, issuedAt);
    this.#tickets = this.#tickets.filter((one) => one.peer !== ticket.peer);
    this.#tickets.push(ticket);
    const evicted = this.#tickets.length > this.#countMax ? this.#tickets.shift()?.peer : undefined;
    return { ticket, evicted };
  }

  remove(peer: NodeKey): void {
    this.#tickets = this.#tickets.filter((ticket) => ticket.peer !== peer);
  }

  isExpired(ticket: Ticket, unixSeconds: number): boolean {
    // Also one that comes from the future: then one of the two times was wrong.
    const isTimed = ticket.issuedAt !== 0 && unixSeconds !== 0;
    return isTimed && Math.abs(unixSeconds - ticket.issuedAt) > LIFE_S;
  }

  /** The next counter to send under, or undefined while the store has not confirmed enough. */
  takeSendCounter(ticket: Ticket): number | undefined {
    return ticket.sendNext < ticket.sendReserved ? ticket.sendNext++ : undefined;
  }

  /** True if the counter was not used before; then it is used now. */
  acceptCounter(ticket: Ticket, counter: number): boolean {
    if (counter < ticket.receiveFloor || counter >= ticket.receiveReserved) return false;
    ticket.receiveFloor = counter + 1;
    return true;
  }

  /** The peer says that it accepts nothing below `floor`. */
  jump(ticket: Ticket, floor: number): void {
    if (floor > ticket.sendNext && floor <= ticket.sendNext + JUMP_MAX) {
      ticket.sendNext = floor;
    }
  }

  /** True when the record must be written (again) before more counters are used or accepted. */
  needsWrite(ticket: Ticket): boolean {
    const isSendLow = ticket.sendNext + SEND_RESERVE / 2 > ticket.sendPending;
    return isSendLow || ticket.receiveFloor + RECEIVE_RESERVE / 2 > ticket.receivePending;
  }

  /** The record, with counters reserved ahead; they may be used after `confirmWrite`. */
  write(ticket: Ticket): Uint8Array {
    ticket.reserve(SEND_RESERVE, RECEIVE_RESERVE);
    const record = new Uint8Array(RECORD_BYTES);
    record[0] = RECORD_VERSION;
    record.set(ticket.publicKey, 1);
    record.set(ticket.seed, 33);
    writeU32(record, 65, ticket.sendPending);
    writeU32(record, 69, ticket.receivePending);
    writeU32(record, 73, ticket.issuedAt);
    return concatBytes(record, this.#suite.hash(record).subarray(0, CHECK_BYTES));
  }

  /** The record of that peer is stored. */
  confirmWrite(storeKey: string): void {
    this.#tickets.find((one) => ticketStoreKey(one.peer) === storeKey)?.confirm();
  }

  /** Takes a stored record back; undefined when it is damaged and must be deleted. */
  restore(stored: Uint8Array): Ticket | undefined {
    if (stored.length !== RECORD_BYTES + CHECK_BYTES || stored[0] !== RECORD_VERSION) return undefined;
    const record = stored.subarray(0, RECORD_BYTES);
    if (!equalBytes(this.#suite.hash(record).subarray(0, CHECK_BYTES), stored.subarray(RECORD_BYTES)))
      return undefined;
    const { ticket } = this.issue(record.subarray(1, 33), record.subarray(33, 65), readU32(record, 73));
    ticket.sendNext = readU32(record, 65);
    ticket.receiveFloor = readU32(record, 69);
    return ticket;
  }
}

/**
 * The chaining key of a resumed session, and the key of RESUME-ACK's tag, from the ticket, the resumer's
 * counter and the answerer's nonce. `isResumer` picks the direction of the ticket that was used.
 */
export function resumedKeys(
  suite: CryptoSuite,
  ticket: Ticket,
  counter: number,
  nonce: Uint8Array,
  isResumer: boolean,
): { readonly chainingKey: Uint8Array; readonly acknowledge: Uint8Array } {
  const number = new Uint8Array(4);
  writeU32(number, 0, counter);
  const direction = isResumer ? ticket.sendKey : ticket.receiveKey;
  const [chainingKey, acknowledge] = pair(
    suite,
    direction,
    concatBytes(encodeUtf8('fogwisp resumed'), number, nonce),
  );
  return { chainingKey, acknowledge };
}
