import { existsSync, lstatSync } from 'node:fs';
import type { SerialPort } from 'serialport';
import { Backoff } from '../backoff.js';
import { ShimError } from '../shim-error.js';
import type { BytePipe, ByteSink, StreamLink } from '../stream-link.js';
import { BoundedWriter } from './bounded-writer.js';
import { nodeRandom } from './random.js';
import { loadSerialPort } from './serial-list.js';
import { streamLink } from './stream.js';
import { messageOf, userName } from './system-error.js';
import { DATAGRAM_MTU } from './udp.js';

const BAUD_RATE = 115_200;
const QUEUE_BYTES_MIN = 4096;
const WATCH_MS = 500;
const DRAIN_MS_MAX = 1000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5000;

/** Which port, and at which speed. */
export interface SerialOptions {
  /** '/dev/serial/by-id/...' stays the same over replugging; '/dev/ttyUSB0' may not. */
  readonly path: string;
  /** As at the other end; 115200 if left out. */
  readonly baudRate?: number;
  /** Largest packet, the same at both ends; 1200 if left out. */
  readonly mtu?: number;
  /** First delay, ms, before the port is opened again; it doubles up to 5 s. */
  readonly retryMsMin?: number;
}

/** Opens the port, and again after the cable was pulled. */
class SerialPipe implements BytePipe {
  readonly #options: SerialOptions;
  readonly #baudRate: number;
  readonly #backoff: Backoff;
  #sink: ByteSink | undefined;
  #port: SerialPort | undefined;
  #writer: BoundedWriter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #reason = '';

  constructor(options: SerialOptions) {
    this.#options = options;
    this.#baudRate = options.baudRate ?? BAUD_RATE;
    this.#backoff = new Backoff(nodeRandom, options.retryMsMin ?? RETRY_MS_MIN, RETRY_MS_MAX);
  }

  open(sink: ByteSink): void {
    this.#sink = sink;
    loadSerialPort().then(
      (Port) => this.#openPort(Port),
      (error: unknown) => this.#tellDown(error instanceof ShimError ? error : this.#failure(error)),
    );
  }

  write(bytes: Uint8Array): boolean {
    return this.#writer?.write(bytes) ?? false;
  }

  close(): void {
    this.#sink = undefined;
    this.#writer = undefined;
    clearTimeout(this.#timer);
    clearInterval(this.#watchTimer);
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) closeSoon(port);
  }

  #openPort(Port: typeof SerialPort): void {
    if (this.#sink === undefined) return;
    const port = new Port({ path: this.#options.path, baudRate: this.#baudRate, autoOpen: false });
    const lost = (cause: unknown) => {
      if (port.isOpen) port.close();
      if (this.#port === port) this.#onLost(Port, cause); // an error brings a close, often more errors
    };
    this.#port = port;
    port.on('data', (chunk: Uint8Array) => {
      if (this.#port === port) this.#sink?.bytes(chunk);
    });
    port.on('error', lost);
    port.on('close', lost);
    port.open((error) => {
      if (error) lost(error);
      else this.#onOpened(port, lost);
    });
  }

  #onOpened(port: SerialPort, lost: (cause: unknown) => void): void {
    if (this.#sink === undefined) {
      port.close(); // closed while it was being opened
      return;
    }
    this.#backoff.reset();
    this.#reason = '';
    this.#watch(lost);
    this.#writer = new BoundedWriter(port, Math.max(QUEUE_BYTES_MIN, this.#baudRate / 10));
    this.#sink.up({
      kind: 'serial',
      name: this.#options.path.replace(/^\/dev\/(serial\/by-id\/)?/, ''),
      mtu: this.#options.mtu ?? DATAGRAM_MTU,
      flow: 'stream',
      cast: 'point',
      reliable: false,
      bitrate: this.#baudRate, // on the line: 8N1 takes 10 bits for each byte
    });
  }

  /**
   * The bindings take the end of file that a hang-up gives for nothing to read yet and ask again for ever,
   * when the cable is pulled while bytes arrive. So the port itself is looked at.
   */
  #watch(lost: (cause: unknown) => void): void {
    const { path } = this.#options;
    const identity = identityOf(path);
    if (identity === undefined) return; // ports are no files here
    this.#watchTimer = setInterval(() => {
      if (identityOf(path) !== identity) lost(new Error('it was unplugged'));
    }, WATCH_MS);
  }

  #onLost(Port: typeof SerialPort, cause: unknown): void {
    this.#port = undefined;
    this.#writer = undefined;
    clearInterval(this.#watchTimer);
    if (this.#sink === undefined) return;
    this.#timer = setTimeout(() => this.#openPort(Port), this.#backoff.next());
    this.#tellDown(this.#failure(cause));
  }

  #tellDown(error: ShimError): void {
    if (error.message === this.#reason) return;
    this.#reason = error.message;
    this.#sink?.down(error.message, error);
  }

  /** The bindings give texts, not codes. */
  #failure(cause: unknown): ShimError {
    const { path } = this.#options;
    const text = messageOf(cause ?? 'it was closed');
    if (/permission|access denied/i.test(text)) {
      const user = userName();
      const step = `run 'sudo usermod -aG dialout ${user}' and log in again`;
      return new ShimError('permissionDenied', `user ${user} may not open ${path}: ${step}`, cause);
    }
    if (/lock|busy|temporarily unavailable/i.test(text)) {
      const step = `close the program that has it ('fuser ${path}' shows it); trying again`;
      return new ShimError('portBusy', `serial port ${path} is in use: ${step}`, cause);
    }
    if (/no such file|file not found|disconnect|unplugged/i.test(text) || isGone(path)) {
      const step = 'plug the board in, or see /dev/serial/by-id for another path; opens when it is there';
      return new ShimError('noSuchPort', `no serial port ${path}: ${step}`, cause);
    }
    const step = 'check that it is a serial port and knows this baud rate; trying again';
    return new ShimError('portFailed', `serial port ${path} at ${this.#baudRate}: ${text}; ${step}`, cause);
  }
}

/** Where ports are files, one that was pulled out is none any more, whatever the failed call says. */
function isGone(path: string): boolean {
  return process.platform !== 'win32' && !existsSync(path);
}

/** Differs when another port, or the same one plugged in again, has the path. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path);
    return process.platform === 'win32' ? undefined : `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** Once what was written is out, or soon in any case: a line with flow control may never take it. */
function closeSoon(port: SerialPort): void {
  const close = () => {
    clearTimeout(timer);
    if (port.isOpen) port.close();
  };
  const timer = setTimeout(close, DRAIN_MS_MAX);
  port.drain(close);
}

/** A serial line. Damaged frames, as with a wrong baud rate, are counted in `damagedFrames`. */
export function serialLink(options: SerialOptions): StreamLink {
  return streamLink(new SerialPipe(options));
}
