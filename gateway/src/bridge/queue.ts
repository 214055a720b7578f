import type { Standing } from './agreement.js';

/** One message on its way to the broker. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
  /** Only the newest matters: it takes the place of an older one of its topic that still waits. */
  readonly latest: boolean;
  /** Of a message that another gateway may have to send: asked again just before it goes. */
  readonly standing?: (() => Standing) | undefined;
}

type Entry = { readonly number: number; message: Outgoing; isSent: boolean };

/** Bytes that may wait, whatever their number: 16 MiB. */
export const QUEUE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Messages towards the broker, first in first out, kept until the broker has acknowledged them. When it is
 * full the oldest that is not on its way is dropped and counted: the newest reading is worth more than the
 * oldest.
 */
export class OutgoingQueue {
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #entries = new Map<number, Entry>();
  readonly #latest = new Map<string, Entry>();
  #numberNext = 1;
  #bytes = 0;
  #sent = 0;
  dropped = 0;

  constructor(messagesMax: number, bytesMax = QUEUE_BYTES_MAX) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#entries.size;
  }

  get sentCount(): number {
    return this.#sent;
  }

  push(message: Outgoing): void {
    const waiting = message.latest ? this.#latest.get(message.topic) : undefined;
    if (waiting !== undefined) {
      this.#bytes += sizeOf(message) - sizeOf(waiting.message);
      waiting.message = message;
    } else {
      const entry: Entry = { number: this.#numberNext++, message, isSent: false };
      this.#entries.set(entry.number, entry);
      if (message.latest) this.#latest.set(message.topic, entry);
      this.#bytes += sizeOf(message);
    }
    while (this.#entries.size > this.#messagesMax || this.#bytes > this.#bytesMax) {
      if (!this.#dropOldest()) return;
    }
  }

  /** The next message to send and the number to settle it by; undefined when none waits. */
  takeNext(): { readonly number: number; readonly message: Outgoing } | undefined {
    for (const entry of this.#entries.values()) {
      if (entry.isSent) continue;
      const standing = entry.message.standing?.() ?? 'ours';
      if (standing === 'theirs') this.#remove(entry);
      if (standing !== 'ours') continue;
      entry.isSent = true;
      this.#sent++;
      if (this.#latest.get(entry.message.topic) === entry) this.#latest.delete(entry.message.topic);
      return { number: entry.number, message: entry.message };
    }
    return undefined;
  }

  /** The broker has it. */
  settle(number: number): void {
    const entry = this.#entries.get(number);
    if (entry !== undefined) this.#remove(entry);
  }

  /** The broker will never take it. */
  drop(number: number): void {
    if (this.#entries.has(number)) this.dropped++;
    this.settle(number);
  }

  /** Drops the largest that is on its way, the most likely one that a broker does not want. */
  dropLargestSent(): Outgoing | undefined {
    const sent = [...this.#entries.values()].filter((entry) => entry.isSent);
    const [largest] = sent.sort((a, b) => sizeOf(b.message) - sizeOf(a.message));
    if (largest !== undefined) this.drop(largest.number);
    return largest?.message;
  }

  /** What waits and may be another gateway's is given up: that one has it. */
  withdraw(): void {
    for (const entry of this.#entries.values())
      if (!entry.isSent && entry.message.standing !== undefined) this.#remove(entry);
  }

  /** The connection broke: what was not acknowledged is sent again, in its old place. */
  requeue(): void {
    for (const entry of this.#entries.values()) entry.isSent = false;
    this.#sent = 0;
  }

  #dropOldest(): boolean {
    for (const entry of this.#entries.values()) {
      if (entry.isSent) continue;
      this.#remove(entry);
      this.dropped++;
      return true;
    }
    return false;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.number);
    if (this.#latest.get(entry.message.topic) === entry) this.#latest.delete(entry.message.topic);
    if (entry.isSent) this.#sent--;
    this.#bytes -= sizeOf(entry.message);
  }
}

export function sizeOf(message: Outgoing): number {
  return message.topic.length + message.payload.length;
}
