import type { NativeCrypto } from '@fogwisp/firmware-shim';

/** The global `host` of our XS and QuickJS programs (host/*-doors.c); quickjs-wasi has the first three. */
export interface EngineHost extends NativeCrypto {
  /** A line for whoever started the program. */
  print(text: string): void;
  /** Collects garbage, then reports what is in use. */
  measure(label: string): void;
  /** The next record of the script; undefined at its end. */
  next(): ArrayBuffer | undefined;
  random(length: number): ArrayBuffer;
  /** Milliseconds of a monotonic clock, with their fraction. */
  now(): number;
  /** `onAlarm` is called then; undefined stops it. */
  alarm(atMs: number | undefined): void;
  /** All or nothing. */
  write(bytes: Uint8Array): boolean;
  onAlarm?: () => void;
  onBytes?: (bytes: ArrayBuffer) => void;
}
