import type { Dispose } from '../answers.js';

/** What a pin may be used for. */
export const PIN_MODES = ['input', 'pullUp', 'output', 'pwm', 'servo', 'analog'] as const;
/** One of PIN_MODES. */
export type PinMode = (typeof PIN_MODES)[number];

/** What one pin can do. */
export interface PinDescription {
  /** As printed on the board. */
  readonly pin: number;
  readonly modes: readonly PinMode[];
  /** The x of "Ax", for pins that can measure a voltage. */
  readonly analogChannel?: number;
}

/** Pulse lengths at 0 and 180 degrees, microseconds. */
export interface ServoRange {
  readonly minUs: number;
  readonly maxUs: number;
}

/** The pins of a board as far as others may use them: all that a hardware adapter has to implement. */
export interface Pins {
  readonly descriptions: readonly PinDescription[];
  /** Only modes of its description are asked for. */
  setMode(pin: number, mode: PinMode, servoRange?: ServoRange): void | Promise<void>;
  /** output: 0 or 1. pwm: 0 to 255. servo: degrees, or microseconds from 544 on. */
  write(pin: number, value: number): void | Promise<void>;
  /**
   * Calls `listener` at each change of an input (0 or 1) or analog (0 to 1023) pin; gives the present value.
   */
  watch(pin: number, listener: (value: number) => void): WatchedPin | Promise<WatchedPin>;
}

/** A pin that is being watched. */
export interface WatchedPin {
  /** When the watching began. */
  readonly value: number;
  readonly stop: Dispose;
}
