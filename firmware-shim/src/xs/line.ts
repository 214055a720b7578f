import type { LinkInfo } from '@fogwisp/protocol';
import { type BytePipe, type ByteSink, StreamLink } from '../stream-link.js';
import type { XsDoors } from './doors.js';

/** The line of bytes that the doors have, as a link. */
export function xsLine(doors: XsDoors, info: LinkInfo): StreamLink {
  return new StreamLink(new DoorPipe(doors, info), () => doors.now());
}

class DoorPipe implements BytePipe {
  readonly #doors: XsDoors;
  readonly #info: LinkInfo;
  #sink: ByteSink | undefined;

  constructor(doors: XsDoors, info: LinkInfo) {
    this.#doors = doors;
    this.#info = info;
  }

  open(sink: ByteSink): void {
    this.#sink = sink;
    this.#doors.onBytes = (bytes) => this.#sink?.bytes(new Uint8Array(bytes));
    // `up` is never told inside `open`.
    Promise.resolve().then(() => this.#sink?.up(this.#info));
  }

  write(bytes: Uint8Array): boolean {
    return this.#sink !== undefined && this.#doors.write(bytes);
  }

  close(): void {
    this.#sink = undefined;
    delete this.#doors.onBytes;
  }
}
