import { type Checksum, Framer, type Instant, type LinkAddress, type LinkInfo } from '@fogwisp/protocol';
import type { Link, LinkSink } from './platform.js';
import type { ShimError } from './shim-error.js';

/** A line that was quiet for this long may have picked up noise that is no frame of ours. */
const IDLE_MS = 100;

/** Damaged frames, and not one whole, before a person is asked about the baud rate. */
const DAMAGED_COUNT_SUSPICIOUS = 8;

/** Where a byte pipe tells what happened; the rules of `LinkSink` hold. */
export interface ByteSink {
  up(info: LinkInfo): void;
  /** Borrowed until return. */
  bytes(chunk: Uint8Array): void;
  down(reason: string, error?: ShimError): void;
  notice?(text: string): void;
}

/** Two-way bytes in order, as a porter has them: a UART, a socket. Opens again by itself until `close`. */
export interface BytePipe {
  open(sink: ByteSink): void;
  /** False when nothing of it was taken: down, or full. Takes ownership of `bytes`. */
  write(bytes: Uint8Array): boolean;
  close(): void;
}

/**
 * A byte pipe and a Framer make a link (SPEC §2.4): frames are found again after noise, damage or a
 * reconnect.
 */
export class StreamLink implements Link {
  readonly #pipe: BytePipe;
  readonly #now: (() => Instant) | undefined;
  readonly #checksum: Checksum | undefined;
  #sink: LinkSink | undefined;
  #info: LinkInfo | undefined;
  #framer: Framer;
  #damagedBefore = 0;
  #received = 0;
  #hasAsked = false;
  #wroteAt: Instant | undefined;
  #isClosed = false;

  /**
   * Without `now` each frame on a line that is not reliable is led by a delimiter. `checksum`: where the host
   * has a fast one.
   */
  constructor(pipe: BytePipe, now?: () => Instant, checksum?: Checksum) {
    this.#pipe = pipe;
    this.#now = now;
    this.#checksum = checksum;
    this.#framer = new Framer(undefined, checksum);
  }

  /** Frames that came damaged, since the link was made: noise, a wrong baud rate, overruns. */
  get damagedFrames(): number {
    return this.#damagedBefore + this.#framer.dropped;
  }

  open(sink: LinkSink): void {
    this.#sink = sink;
    this.#pipe.open({
      up: (info) => this.#up(info),
      bytes: (chunk) => this.#bytes(chunk),
      down: (reason, error) => this.#down(reason, error),
      notice: (text) => sink.notice?.(text),
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    const info = this.#info;
    if (info === undefined || to !== '' || bytes.length === 0 || bytes.length > info.mtu) return false;
    const frame = this.#framer.encodeFrame(bytes);
    if (!this.#pipe.write(this.#isIdle(info) ? ledByDelimiter(frame) : frame)) return false;
    this.#wroteAt = this.#now?.() ?? 0;
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#info = undefined;
    this.#pipe.close();
  }

  /** Whether the far end may be in the middle of something that is no frame. */
  #isIdle(info: LinkInfo): boolean {
    if (this.#wroteAt === undefined) return true;
    if (info.reliable) return false;
    return this.#now === undefined || this.#now() - this.#wroteAt >= IDLE_MS;
  }

  #up(info: LinkInfo): void {
    if (this.#isClosed) return;
    this.#damagedBefore += this.#framer.dropped;
    this.#framer = new Framer(info.mtu, this.#checksum);
    this.#received = 0;
    this.#hasAsked = false;
    this.#wroteAt = undefined;
    this.#info = info;
    this.#sink?.up(info);
  }

  #down(reason: string, error: ShimError | undefined): void {
    this.#info = undefined;
    if (!this.#isClosed) this.#sink?.down(reason, error);
  }

  #bytes(chunk: Uint8Array): void {
    if (this.#info === undefined) return;
    const framer = this.#framer;
    framer.push(chunk);
    for (;;) {
      const packet = framer.shift();
      if (packet === undefined) break;
      if (packet.length === 0 || packet.length > this.#info.mtu) continue;
      this.#received++;
      this.#sink?.packet('', packet);
      if (this.#info === undefined) return; // closed by what the packet caused
    }
    if (this.#received > 0 || framer.dropped < DAMAGED_COUNT_SUSPICIOUS || this.#hasAsked) return;
    this.#hasAsked = true;
    this.#sink?.notice?.(suspicion(framer.dropped, this.#info));
  }
}

function suspicion(damaged: number, info: LinkInfo): string {
  const rate = info.bitrate > 0 ? `is ${info.bitrate} the rate of the other end too` : 'is it fogwisp';
  return `${damaged} damaged frames from ${info.name} and not one whole: ${rate}?`;
}

function ledByDelimiter(frame: Uint8Array): Uint8Array {
  const led = new Uint8Array(frame.length + 1);
  led.set(frame, 1);
  return led;
}
