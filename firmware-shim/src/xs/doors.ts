import type { NativeRandom } from '../native-random.js';
import type { NativeCrypto } from '../native-suite.js';

/**
 * What a firmware with XS gives its program, as functions in C: cryptography, random bytes, a clock with one
 * alarm, and a line of bytes (a UART, or stdin and stdout). The program sets the two that are called.
 */
export interface XsDoors extends NativeCrypto, NativeRandom {
  /** Milliseconds of a monotonic clock, with their fraction. */
  now(): number;
  /** `onAlarm` is called then, once; undefined stops it. */
  alarm(atMs: number | undefined): void;
  /** All or nothing. */
  write(bytes: Uint8Array): boolean;
  onAlarm?: () => void;
  onBytes?: (bytes: ArrayBuffer) => void;
}
