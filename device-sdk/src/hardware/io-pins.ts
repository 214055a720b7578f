import type { PinDescription, PinMode, Pins, ServoRange, WatchedPin } from './pin.js';

/** The part of a johnny-five IO plugin (firmata-io among them) that drives local pins. */
export interface PinIo {
  readonly MODES: Readonly<Record<string, number>>;
  readonly pins: readonly { readonly supportedModes: readonly number[]; readonly analogChannel?: number }[];
  pinMode(pin: number, mode: number): void;
  digitalWrite(pin: number, value: number): void;
  /** Called pwmWrite by some. */
  analogWrite?(pin: number, value: number): void;
  pwmWrite?(pin: number, value: number): void;
  servoWrite?(pin: number, value: number): void;
  servoConfig?(pin: number, minUs: number, maxUs: number): void;
  digitalRead(pin: number, listener: (value: number) => void): void;
  /** By channel, as Firmata has it. */
  analogRead?(channel: number, listener: (value: number) => void): void;
}

const NAMES = {
  input: 'INPUT',
  pullUp: 'PULLUP',
  output: 'OUTPUT',
  pwm: 'PWM',
  servo: 'SERVO',
  analog: 'ANALOG',
} as const satisfies Record<PinMode, string>;

/** What Firmata reports for pins that cannot measure. */
const NO_ANALOG = 127;

/**
 * The pins of an Arduino on a cable, through a ready firmata-io or other IO plugin: give them to `servePins`.
 */
export function ioPins(io: PinIo): Pins {
  return new IoPins(io);
}

class IoPins implements Pins {
  readonly descriptions: readonly PinDescription[];
  readonly #io: PinIo;
  readonly #modes = new Map<number, PinMode>();

  constructor(io: PinIo) {
    this.#io = io;
    const all = io.pins.map((row, pin) => {
      const known = Object.entries(NAMES).filter(([, name]) =>
        row.supportedModes.includes(io.MODES[name] ?? -1),
      );
      const modes = known.map(([mode]) => mode as PinMode); // keys of the table above
      const analogChannel = row.analogChannel ?? NO_ANALOG;
      return analogChannel === NO_ANALOG ? { pin, modes } : { pin, modes, analogChannel };
    });
    this.descriptions = all.filter((each) => each.modes.length > 0);
  }

  setMode(pin: number, mode: PinMode, servoRange?: ServoRange): void {
    if (servoRange !== undefined) this.#io.servoConfig?.(pin, servoRange.minUs, servoRange.maxUs);
    if (this.#modes.get(pin) === mode) return;
    this.#modes.set(pin, mode);
    const number = this.#io.MODES[NAMES[mode]];
    if (number !== undefined) this.#io.pinMode(pin, number);
  }

  write(pin: number, value: number): void {
    const mode = this.#modes.get(pin);
    if (mode === 'pwm') (this.#io.analogWrite ?? this.#io.pwmWrite)?.call(this.#io, pin, value);
    else if (mode === 'servo') this.#io.servoWrite?.(pin, value);
    else this.#io.digitalWrite(pin, value);
  }

  watch(pin: number, listener: (value: number) => void): WatchedPin {
    // IO plugins have no way to take a listener back, so a stopped one stays and says nothing.
    let isStopped = false;
    const stop = () => {
      isStopped = true;
    };
    const watched = { value: 0, stop };
    const onValue = (value: number) => {
      if (isStopped || value === watched.value) return; // Firmata repeats analog values at each sample
      watched.value = value;
      listener(value);
    };
    const channel = this.descriptions.find((each) => each.pin === pin)?.analogChannel;
    if (this.#modes.get(pin) === 'analog' && channel !== undefined) this.#io.analogRead?.(channel, onValue);
    else this.#io.digitalRead(pin, onValue);
    return watched;
  }
}
