import { StringDecoder } from 'node:string_decoder';
import { LINE_BYTES_MAX } from './protocol.js';

/** Cuts a byte stream into lines; bounded, so that nobody fills our memory with a line that never ends. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The lines that are complete, or undefined when one is too long. */
  push(bytes: Buffer): string[] | undefined {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_BYTES_MAX) return undefined;
    return lines.filter((line) => line.trim() !== '');
  }
}
