import type { QuickJsDoors } from '@fogwisp/firmware-shim/quickjs';

/** The global `host` of our programs (host/*-doors.c); quickjs-wasi has the first three. */
export interface EngineHost extends QuickJsDoors {
  /** A line for whoever started the program. */
  print(text: string): void;
  /** Collects garbage, then reports what is in use. */
  measure(label: string): void;
  /** The next record of the script; undefined at its end. */
  next(): ArrayBuffer | undefined;
}
