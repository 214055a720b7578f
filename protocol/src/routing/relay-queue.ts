import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';

/**
 * Frames of others that wait for a slow link (SPEC §8.11), for one neighbour: a queue for each neighbour that
 * they come from, served in turns by bytes (deficit round robin), so that whoever sends too much only waits
 * for itself. When they take more than `bytesMax`, the longest queue loses its oldest frame, which is the one
 * that is least worth waiting for.
 */

/** What a queue may send in one turn, saved up for larger frames. */
const TURN_BYTES = 512;
/** Frames may be given to the link so much ahead: it has a queue of its own. */
const AHEAD_MS = 20;
/** On a serial line; a radio has other overhead. */
const BITS_PER_BYTE = 10;

export interface WaitingFrame {
  readonly from: number;
  readonly frame: Uint8Array;
  readonly flow: Uint32Array;
  readonly hopsLeft: number;
}

interface Line {
  readonly from: number;
  readonly frames: WaitingFrame[];
  bytes: number;
  deficit: number;
}

export class RelayQueue {
  readonly #bytesMax: number;
  /** Whose turn it is comes first. */
  #lines: Line[] = [];
  #bytes = 0;
  /** When the link has sent all that it was given. */
  #freeAt: Instant = -Infinity;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Whether a frame may go at once. */
  isFree(now: Instant): boolean {
    return this.isEmpty && this.#freeAt <= now + AHEAD_MS;
  }

  /** The link was given so much. */
  spend(now: Instant, bytes: number, bitrate: number): void {
    this.#freeAt = Math.max(this.#freeAt, now) + (bytes * BITS_PER_BYTE * SECOND_MS) / bitrate;
  }

  nextTimeout(): Instant {
    return this.isEmpty ? Infinity : Math.ceil(this.#freeAt - AHEAD_MS);
  }

  /** Returns how many frames were lost for it. */
  push(waiting: WaitingFrame): number {
    let line = this.#lines.find(({ from }) => from === waiting.from);
    if (line === undefined) {
      line = { from: waiting.from, frames: [], bytes: 0, deficit: 0 };
      this.#lines.push(line);
    }
    line.frames.push(waiting);
    line.bytes += waiting.frame.length;
    this.#bytes += waiting.frame.length;
    let lost = 0;
    for (; this.#bytes > this.#bytesMax; lost++) this.#takeFrom(this.#longest());
    return lost;
  }

  /** The next frame, if the link is free for it. */
  shift(now: Instant): WaitingFrame | undefined {
    if (this.#freeAt > now + AHEAD_MS) return undefined;
    for (let line = this.#lines[0]; line !== undefined; line = this.#lines[0]) {
      const size = line.frames[0]?.frame.length ?? 0;
      if (line.deficit >= size) {
        line.deficit -= size;
        return this.#takeFrom(line);
      }
      line.deficit += TURN_BYTES;
      this.#lines.push(line);
      this.#lines.shift();
    }
    return undefined;
  }

  #longest(): Line | undefined {
    let longest = this.#lines[0];
    for (const line of this.#lines) if (line.bytes > (longest?.bytes ?? 0)) longest = line;
    return longest;
  }

  #takeFrom(line: Line | undefined): WaitingFrame | undefined {
    const waiting = line?.frames.shift();
    if (line === undefined || waiting === undefined) return undefined;
    line.bytes -= waiting.frame.length;
    this.#bytes -= waiting.frame.length;
    if (line.frames.length === 0) this.#lines = this.#lines.filter((other) => other !== line);
    return waiting;
  }
}
