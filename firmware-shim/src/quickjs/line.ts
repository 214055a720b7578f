import type { LinkInfo } from '@fogwisp/protocol';
import { type BytePipe, type ByteSink, StreamLink } from '../stream-link.js';
import type { QuickJsOs } from './doors.js';

const CHUNK_BYTES = 512;

export interface QuickJsLineOptions {
  /** File descriptors that are open already: 0 and 1 for stdin and stdout. */
  readonly input: number;
  readonly output: number;
  readonly info: LinkInfo;
}

/** Two open files as a link, for good: when the input ends, it is down. */
export function quickJsLine(os: QuickJsOs, options: QuickJsLineOptions): StreamLink {
  return new StreamLink(new FilePipe(os, options));
}

class FilePipe implements BytePipe {
  readonly #os: QuickJsOs;
  readonly #options: QuickJsLineOptions;
  readonly #chunk = new ArrayBuffer(CHUNK_BYTES);
  #sink: ByteSink | undefined;

  constructor(os: QuickJsOs, options: QuickJsLineOptions) {
    this.#os = os;
    this.#options = options;
  }

  open(sink: ByteSink): void {
    this.#sink = sink;
    // `up` is never told inside `open`.
    Promise.resolve().then(() => {
      if (this.#sink === undefined) return;
      this.#sink.up(this.#options.info);
      this.#os.setReadHandler(this.#options.input, () => this.#read());
    });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#sink === undefined) return false;
    const end = bytes.byteOffset + bytes.length;
    for (let at = bytes.byteOffset; at < end; ) {
      const written = this.#os.write(this.#options.output, bytes.buffer as ArrayBuffer, at, end - at);
      if (written <= 0) return false;
      at += written;
    }
    return true;
  }

  close(): void {
    this.#sink = undefined;
    this.#os.setReadHandler(this.#options.input, null);
  }

  #read(): void {
    const length = this.#os.read(this.#options.input, this.#chunk, 0, CHUNK_BYTES);
    if (length > 0) {
      this.#sink?.bytes(new Uint8Array(this.#chunk, 0, length));
      return;
    }
    const sink = this.#sink;
    this.close();
    sink?.down('the other end closed it');
  }
}
