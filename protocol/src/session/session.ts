/**
 * One set of keys between two nodes (SPEC §7.4): seals and opens packets. Named by connection ids that each
 * end chooses for what it receives, so that it survives a change of address or link.
 */

import type { DropReason } from '../kernel/fault.js';
import type { Instant } from '../kernel/time.js';
import { encodeSessionHeader, expandCounter, type SessionPacket } from '../packet/session-header.js';
import { OpeningKey, SealingKey, type SessionKeys } from './keys.js';
import { ReplayWindow } from './replay.js';

/**
 * Packets to a peer that stays silent, after which the counter is written longer, so that it can still be
 * expanded.
 */
const SILENT_FOR_ONE_BYTE = 64;
const SILENT_FOR_TWO_BYTES = 16_384;

export interface Opened {
  readonly body: Uint8Array;
  /** No packet with a higher counter came before. */
  readonly isNewest: boolean;
}

export interface SessionOptions {
  readonly keys: SessionKeys;
  readonly localConnection: number;
  readonly remoteConnection: number;
  readonly now: Instant;
  readonly replayWidth: 64 | 256;
}

export class Session {
  readonly keys: SessionKeys;
  /** The ids that packets to us may carry: the first, and the spares that were told to the peer. */
  readonly localConnections: number[];
  #remoteConnection: number;
  #spareConnections: number[] = [];
  readonly #sealing: SealingKey;
  readonly #opening: OpeningKey;
  #sentSinceHeard = 0;

  constructor(options: SessionOptions) {
    this.keys = options.keys;
    this.localConnections = [options.localConnection];
    this.#remoteConnection = options.remoteConnection;
    this.#sealing = new SealingKey(options.keys, options.now);
    this.#opening = new OpeningKey(options.keys, new ReplayWindow(options.replayWidth));
  }

  /** Counter of the packet that `seal` makes next. */
  get nextPacket(): number {
    return this.#sealing.counter;
  }

  get remoteConnection(): number {
    return this.#remoteConnection;
  }

  /** Bytes that `seal` adds to a body now: 21 by default, 11 on a short link. */
  overhead(isShort: boolean): number {
    const connection = this.#remoteConnection < 256 ? 1 : 2;
    return 1 + connection + this.#counterLength(isShort) + (isShort ? 8 : 16);
  }

  seal(now: Instant, body: Uint8Array, isShort: boolean): Uint8Array {
    this.#sealing.renew(now);
    const header = encodeSessionHeader({
      phase: this.#sealing.phase,
      connection: this.#remoteConnection,
      counter: this.#sealing.counter,
      counterLength: this.#counterLength(isShort),
      tagLength: isShort ? 8 : 16,
    });
    this.#sentSinceHeard++;
    return this.#sealing.seal(header, body, isShort ? 8 : 16);
  }

  /** `maySkimp`: the packet came over a link so short that an 8-byte tag is allowed. */
  open(now: Instant, packet: SessionPacket, maySkimp: boolean): Opened | DropReason {
    if (packet.tagLength === 8 && !maySkimp) return 'authentication';
    const highest = this.#opening.window.highest;
    const counter = expandCounter(packet.counter, packet.counterLength, highest + 1);
    const body = this.#opening.open(
      now,
      packet.phase,
      counter,
      packet.header,
      packet.sealed,
      packet.tagLength,
    );
    if (typeof body === 'string') return body;
    this.#sentSinceHeard = 0;
    return { body, isNewest: counter > highest };
  }

  /** Whether this, the first packet of the session, authenticates; nothing is changed. */
  wouldOpen(packet: SessionPacket, maySkimp: boolean): boolean {
    if (packet.tagLength === 8 && !maySkimp) return false;
    const counter = expandCounter(packet.counter, packet.counterLength, 0);
    const { suite, receive } = this.keys;
    return suite.open(receive, counter, packet.header, packet.sealed, packet.tagLength) !== undefined;
  }

  /** The peer acknowledged the packet with this counter. */
  confirm(packet: number): void {
    this.#sealing.confirm(packet);
  }

  addSpareConnections(connections: readonly number[]): void {
    this.#spareConnections = [...this.#spareConnections, ...connections].slice(-4);
  }

  /**
   * Takes a spare id of the peer for a new path; the old one stays when there is none. True if it changed.
   */
  useSpareConnection(): boolean {
    const spare = this.#spareConnections.shift();
    if (spare === undefined) return false;
    this.#remoteConnection = spare;
    return true;
  }

  #counterLength(isShort: boolean): 1 | 2 | 4 {
    if (this.#sentSinceHeard >= SILENT_FOR_TWO_BYTES) return 4;
    return isShort && this.#sentSinceHeard < SILENT_FOR_ONE_BYTE ? 1 : 2;
  }
}
