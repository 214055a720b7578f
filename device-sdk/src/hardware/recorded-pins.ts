import type { PinDescription, PinMode, Pins, ServoRange, WatchedPin } from './pin.js';

/** One call that would have reached the board. */
export type PinCall =
  | { readonly kind: 'mode'; readonly pin: number; readonly mode: PinMode; readonly servoRange?: ServoRange }
  | { readonly kind: 'write'; readonly pin: number; readonly value: number };

/** Pins without a board: they remember what was done to them, and inputs are what the author says. */
export class RecordedPins implements Pins {
  readonly descriptions: readonly PinDescription[];
  /** All of them, in order. */
  readonly calls: PinCall[] = [];
  readonly #inputs = new Map<number, number>();
  readonly #listeners = new Map<symbol, { readonly pin: number; listener(value: number): void }>();
  readonly #onCall: (call: PinCall) => void;

  /** Default: the pins of an Arduino Uno. */
  constructor(
    descriptions: readonly PinDescription[] = unoPins(),
    onCall: (call: PinCall) => void = () => {},
  ) {
    this.descriptions = descriptions;
    this.#onCall = onCall;
  }

  setMode(pin: number, mode: PinMode, servoRange?: ServoRange): void {
    this.#record(
      servoRange === undefined ? { kind: 'mode', pin, mode } : { kind: 'mode', pin, mode, servoRange },
    );
  }

  write(pin: number, value: number): void {
    this.#record({ kind: 'write', pin, value });
  }

  watch(pin: number, listener: (value: number) => void): WatchedPin {
    const key = Symbol();
    this.#listeners.set(key, { pin, listener });
    return { value: this.#inputs.get(pin) ?? 0, stop: () => this.#listeners.delete(key) };
  }

  /** What the world does to an input. */
  input(pin: number, value: number): void {
    this.#inputs.set(pin, value);
    for (const each of [...this.#listeners.values()]) if (each.pin === pin) each.listener(value);
  }

  #record(call: PinCall): void {
    this.calls.push(call);
    this.#onCall(call);
  }
}

const UNO_PWM_PINS = [3, 5, 6, 9, 10, 11] as const;
const UNO_FIRST_ANALOG = 14;
const UNO_PIN_COUNT = 20;

/** Digital pins 2 to 13, of which six do PWM, and A0 to A5 as pins 14 to 19. 0 and 1 are the serial cable. */
export function unoPins(): readonly PinDescription[] {
  const pins: PinDescription[] = [];
  for (let pin = 2; pin < UNO_PIN_COUNT; pin++) {
    const modes: PinMode[] = ['input', 'pullUp', 'output', 'servo'];
    if (UNO_PWM_PINS.some((each) => each === pin)) modes.push('pwm');
    if (pin < UNO_FIRST_ANALOG) pins.push({ pin, modes });
    else pins.push({ pin, modes: [...modes, 'analog'], analogChannel: pin - UNO_FIRST_ANALOG });
  }
  return pins;
}
