import type { Readable, Stream, Writable } from 'node:stream';
import type { LinkInfo } from '@fogwisp/protocol';
import { ShimError } from '../shim-error.js';
import type { BytePipe, ByteSink } from '../stream-link.js';
import { BoundedWriter } from './bounded-writer.js';
import { messageOf } from './system-error.js';

/** For what was written last, such as a goodbye, to get out. */
const END_MS_MAX = 1000;

export interface StreamPipeOptions {
  readonly readable: Readable;
  readonly writable: Writable;
  readonly info: LinkInfo;
  /** What a reader that is stopped may cost. */
  readonly queueBytesMax: number;
  /** What a person does when it has ended. */
  readonly nextStep: string;
}

/** Node streams that are open already; when one of them ends, the pipe is down for good. */
export class StreamPipe implements BytePipe {
  readonly #options: StreamPipeOptions;
  readonly #writer: BoundedWriter;
  #sink: ByteSink | undefined;
  #isClosed = false;

  constructor(options: StreamPipeOptions) {
    this.#options = options;
    this.#writer = new BoundedWriter(options.writable, options.queueBytesMax);
  }

  open(sink: ByteSink): void {
    this.#sink = sink;
    const { readable, writable } = this.#options;
    const ended = () => this.#end('the other end closed it');
    const failed = (error: Error) => this.#end(messageOf(error));
    for (const stream of new Set([readable, writable])) stream.on('error', failed).on('close', ended);
    readable.on('end', ended);
    queueMicrotask(() => this.#start());
  }

  write(bytes: Uint8Array): boolean {
    return this.#sink !== undefined && this.#writer.write(bytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink = undefined;
    endSoon(this.#options.readable, this.#options.writable);
  }

  #start(): void {
    const { readable, writable, info } = this.#options;
    const sink = this.#sink;
    if (sink === undefined) return;
    if (readable.readableEnded || readable.destroyed || !writable.writable) {
      this.#end('it was closed before');
      return;
    }
    sink.up(info);
    readable.on('data', (chunk: Uint8Array) => this.#sink?.bytes(chunk));
  }

  #end(cause: string): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.close();
    const reason = `${this.#options.info.kind} ${this.#options.info.name} ended: ${cause}`;
    sink.down(reason, new ShimError('pipeClosed', `${reason}; ${this.#options.nextStep}`));
  }
}

/** Ends both streams once what was written is out, or soon in any case. */
export function endSoon(readable: Readable, writable: Writable): void {
  const isOne = (readable as Stream) === writable;
  if (!isOne) readable.destroy();
  const destroy = () => {
    clearTimeout(timer);
    writable.destroy();
    readable.destroy();
  };
  const timer = setTimeout(destroy, END_MS_MAX);
  timer.unref();
  writable.end(destroy);
}
