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
import { compareBytes, concatBytes, copyBytes, equalBytes, readU32, writeU32 } from '../kernel/bytes.js';
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
const RECORD_VERSION = 1;
const RECORD_BYTES = 1 + 32 + 32 + 4 + 4 + 4;
const CHECK_BYTES = 8;

export interface Ticket {
  readonly peer: NodeKey;
  readonly publicKey: Uint8Array;
  readonly seed: Uint8Array;
  readonly id: number;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** Next counter to send, and up to where the store has confirmed. */
  sendNext: number;
  sendReserved: number;
  /** Least counter accepted, and up to where the store has confirmed. */
  receiveFloor: number;
  receiveReserved: number;
  /** What is being stored. */
  sendPending: number;
  receivePending: number;
  /** Unix seconds, 0 without a clock. */
  readonly issuedAt: number;
}

function makeTicket(
  suite: CryptoSuite,
  self: Identity,
  publicKey: Uint8Array,
  seed: Uint8Array,
  issuedAt: number,
): Ticket {
  const [idKey] = pair(suite, seed, encodeUtf8('fogwisp ticket'));
  const [lower, higher] = pair(suite, seed, encodeUtf8('fogwisp resume'));
  const isLower = compareBytes(self.publicKey, publicKey) < 0;
  return {
    peer: nodeKeyOf(nodeIdOf(suite, publicKey)),
    publicKey,
    seed,
    id: readU32(idKey, 0),
    sendKey: isLower ? lower : higher,
    receiveKey: isLower ? higher : lower,
    sendNext: 0,
    sendReserved: 0,
    receiveFloor: 0,
    receiveReserved: 0,
    sendPending: 0,
    receivePending: 0,
    issuedAt,
  };
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
    const ticket = makeTicket(this.#suite, this.#self, copyBytes(publicKey), copyBytes(seed), issuedAt);
    this.#tickets = this.#tickets.filter((one) => one.peer !== ticket.peer);
    this.#tickets.push(ticket);
    const evicted = this.#tickets.length > this.#countMax ? this.#tickets.shift()?.peer : undefined;
    return { ticket, evicted };
  }

  remove(peer: NodeKey): void {
    this.#tickets = this.#tickets.filter((ticket) => ticket.peer !== peer);
  }

  isExpired(ticket: Ticket, unixSeconds: number): boolean {
    return ticket.issuedAt !== 0 && unixSeconds !== 0 && unixSeconds - ticket.issuedAt > LIFE_S;
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
    ticket.sendPending = ticket.sendNext + SEND_RESERVE;
    ticket.receivePending = ticket.receiveFloor + RECEIVE_RESERVE;
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
    const ticket = this.#tickets.find((one) => ticketStoreKey(one.peer) === storeKey);
    if (ticket === undefined) return;
    ticket.sendReserved = ticket.sendPending;
    ticket.receiveReserved = ticket.receivePending;
  }

  /** Takes a stored record back; undefined when it is damaged and must be deleted. */
  restore(stored: Uint8Array): Ticket | undefined {
    if (stored.length !== RECORD_BYTES + CHECK_BYTES || stored[0] !== RECORD_VERSION) return undefined;
    const record = stored.subarray(0, RECORD_BYTES);
    if (!equalBytes(this.#suite.hash(record).subarray(0, CHECK_BYTES), stored.subarray(RECORD_BYTES)))
      return undefined;
    const publicKey = copyBytes(record.subarray(1, 33));
    const { ticket } = this.issue(publicKey, record.subarray(33, 65), readU32(record, 73));
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
