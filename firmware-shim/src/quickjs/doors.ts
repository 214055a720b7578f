import type { NativeRandom } from '../native-random.js';
import type { NativeCrypto } from '../native-suite.js';

/** What QuickJS itself lacks, as functions in C. */
export interface QuickJsDoors extends NativeCrypto, NativeRandom {
  /** Milliseconds of a monotonic clock, with their fraction. */
  now(): number;
}

/** The parts of the standard module `os` that are used. */
export interface QuickJsOs {
  setTimeout(then: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  setReadHandler(file: number, then: (() => void) | null): void;
  /** How many bytes, 0 at the end of the file, less than 0 for an error. */
  read(file: number, buffer: ArrayBuffer, offset: number, length: number): number;
  write(file: number, buffer: ArrayBuffer, offset: number, length: number): number;
}
