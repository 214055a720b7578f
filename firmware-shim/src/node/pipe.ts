import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Link } from '../platform.js';
import { ShimError } from '../shim-error.js';
import { type BytePipe, type ByteSink, StreamLink } from '../stream-link.js';
import { BoundedWriter } from './bounded-writer.js';
import { monotonicMs } from './clock.js';
import { messageOf } from './system-error.js';
import { DATAGRAM_MTU } from './udp.js';

/** A reader that is stopped costs at most this much. */
const QUEUE_BYTES_MAX = 1024 * 1024;

export interface PipeOptions {
  /** For display. */
  readonly name?: string;
  readonly mtu?: number;
}

/** Two Node streams; when one of them ends, the pipe is down for good. */
class NodeStreamPipe implements BytePipe {
  readonly #readable: Readable;
  readonly #writable: Writable;
  readonly #writer: BoundedWriter;
  readonly #options: PipeOptions;
  #sink: ByteSink | undefined;

  constructor(readable: Readable, writable: Writable, options: PipeOptions) {
    this.#readable = readable;
    this.#writable = writable;
    this.#writer = new BoundedWriter(writable, QUEUE_BYTES_MAX);
    this.#options = options;
  }

  open(sink: ByteSink): void {
    this.#sink = sink;
    const ended = () => this.#end('the other end closed the pipe');
    const failed = (error: Error) => this.#end(`the pipe failed: ${messageOf(error)}`);
    for (const stream of new Set([this.#readable, this.#writable]))
      stream.on('error', failed).on('close', ended);
    this.#readable.on('end', ended);
    queueMicrotask(() => this.#start());
  }

  write(bytes: Uint8Array): boolean {
    return this.#sink !== undefined && this.#writer.write(bytes);
  }

  close(): void {
    this.#sink = undefined;
    this.#writable.end();
    this.#readable.destroy();
  }

  #start(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    if (this.#readable.readableEnded || this.#readable.destroyed || !this.#writable.writable) {
      this.#end('the pipe was closed already');
      return;
    }
    sink.up({
      kind: 'serial (pipe)',
      name: this.#options.name ?? 'pipe',
      mtu: this.#options.mtu ?? DATAGRAM_MTU,
      flow: 'stream',
      cast: 'point',
      reliable: true,
      bitrate: 0,
    });
    this.#readable.on('data', (chunk: Uint8Array) => this.#sink?.bytes(chunk));
  }

  #end(reason: string): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.down(reason, new ShimError('pipeClosed', `${reason}: start the program at its other end again`));
  }
}

/** A link over byte streams that exist already: child processes, sockets, anything of Node. */
export function pipeLink(readable: Readable, writable: Writable, options: PipeOptions = {}): Link {
  return new StreamLink(new NodeStreamPipe(readable, writable, options), monotonicMs);
}

/** For a child process that was spawned with a pipe as file descriptor `fd` (`stdio: [..., 'pipe']`). */
export function fdPipeLink(fd: number, options: PipeOptions = {}): Link {
  const socket = new Socket({ fd, readable: true, writable: true });
  return pipeLink(socket, socket, { name: `fd ${fd}`, ...options });
}
