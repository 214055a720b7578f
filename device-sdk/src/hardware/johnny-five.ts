import type { Dispose } from '../answers.js';
import type { CallOptions } from '../calls.js';
import type { Device } from '../device.js';
import { FogError } from '../errors.js';
import { Newest } from './newest.js';
import type { PinDescription, PinMode, ServoRange } from './pin.js';
import { describePins, pinService } from './serve-pins.js';

/** The numbers that johnny-five and Firmata use. */
const MODES = { INPUT: 0, OUTPUT: 1, ANALOG: 2, PWM: 3, SERVO: 4, PULLUP: 11 } as const;

const MODE_NUMBERS = {
  input: MODES.INPUT,
  pullUp: MODES.PULLUP,
  output: MODES.OUTPUT,
  analog: MODES.ANALOG,
  pwm: MODES.PWM,
  servo: MODES.SERVO,
} as const satisfies Record<PinMode, number>;

/** What a pin of a peer should be: sent whole, so that the last wish always wins. */
interface Wanted {
  readonly mode: PinMode;
  readonly value?: number;
  readonly servoRange?: ServoRange;
}

interface Row {
  readonly supportedModes: readonly number[];
  readonly analogChannel: number;
  mode: number | undefined;
  value: number;
  report: number;
}

type Listener = (argument?: unknown) => void;
type Address = number | string;

/**
 * The pins of `peer` as the `io` of a johnny-five board: `new five.Board({ io: await remotePins(device,
 * 'shed') })`. Rejects when the peer does not come or does not serve its pins.
 */
export async function remotePins(
  device: Device,
  peer: string,
  options: CallOptions = {},
): Promise<RemoteBoard> {
  return new RemoteBoard(device, peer, await describePins(device, peer, options));
}

/** An IO plugin as johnny-five expects it. Writes never block: the newest wish for each pin is on its way. */
export class RemoteBoard {
  readonly name: string;
  readonly MODES = MODES;
  readonly HIGH = 1;
  readonly LOW = 0;
  readonly RESOLUTION = { ADC: 1023, DAC: null, PWM: 255 };
  readonly isReady = true;
  /** Index = pin number; numbers that the peer does not have support nothing. */
  readonly pins: Row[] = [];
  /** Index = analog channel, value = pin number. */
  readonly analogPins: number[] = [];
  readonly defaultLed = 13;
  readonly #remote;
  readonly #wanted = new Map<number, Wanted>();
  readonly #outgoing = new Map<number, Newest<Wanted>>();
  readonly #readers = new Map<number, ((value: number) => void)[]>();
  readonly #listeners = new Map<string, Listener[]>();
  readonly #disposers: Dispose[] = [];
  #isLost = false;

  constructor(device: Device, peer: string, descriptions: readonly PinDescription[]) {
    this.name = peer;
    this.#remote = pinService.at(device, peer);
    for (const each of descriptions) this.#addRow(each);
    this.#disposers.push(
      device.on('peer', (report) => {
        if (report.name !== peer && report.id !== peer) return;
        if (report.status === 'offline' || report.status === 'asleep') this.#lose(undefined);
        else if (report.status === 'online' && this.#isLost) this.#restore();
      }),
    );
  }

  pinMode(address: Address, mode: number): void {
    const pin = this.normalize(address);
    const found = Object.entries(MODE_NUMBERS).find(([, number]) => number === mode);
    if (found === undefined) throw new FogError('misuse', `pins of a peer have no mode ${mode}`);
    this.#want(pin, { mode: found[0] as PinMode }); // a key of the table above
  }

  digitalWrite(address: Address, value: number): void {
    const pin = this.normalize(address);
    const mode = this.#wanted.get(pin)?.mode;
    // Firmata's way to ask for the pull-up resistor is to write to an input.
    if (mode === 'input' || mode === 'pullUp') this.#want(pin, { mode: value === 0 ? 'input' : 'pullUp' });
    else this.#want(pin, { mode: 'output', value: value === 0 ? 0 : 1 });
  }

  analogWrite(address: Address, value: number): void {
    this.#want(this.normalize(address), { mode: 'pwm', value });
  }

  pwmWrite(address: Address, value: number): void {
    this.analogWrite(address, value);
  }

  servoConfig(address: Address, minUs: number, maxUs: number): void {
    this.#want(this.normalize(address), { mode: 'servo', servoRange: { minUs, maxUs } });
  }

  servoWrite(address: Address, value: number): void {
    const pin = this.normalize(address);
    const servoRange = this.#wanted.get(pin)?.servoRange;
    this.#want(
      pin,
      servoRange === undefined ? { mode: 'servo', value } : { mode: 'servo', value, servoRange },
    );
  }

  digitalRead(address: Address, listener: (value: number) => void): void {
    const pin = this.normalize(address);
    const mode = this.#wanted.get(pin)?.mode;
    this.#read(pin, mode === 'pullUp' ? 'pullUp' : 'input', listener);
  }

  analogRead(address: Address, listener: (value: number) => void): void {
    this.#read(this.normalize(address), 'analog', listener);
  }

  /** 'A0' and the like to pin numbers; johnny-five calls it for every pin of every component. */
  normalize(address: Address): number {
    const named = /^A(\d+)$/.exec(String(address));
    const pin = named === null ? Number(address) : this.analogPins[Number(named[1])];
    const row = pin === undefined ? undefined : this.pins[pin];
    if (pin !== undefined && row !== undefined && row.supportedModes.length > 0) return pin;
    throw new FogError('misuse', `"${this.name}" has no pin ${address}`, { peer: this.name });
  }

  queryPinState(_pin: number, listener: () => void): void {
    listener();
  }

  /** johnny-five asks for it at construction; the serving side reports changes, whenever they happen. */
  setSamplingInterval(): void {}

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  once(event: string, listener: Listener): this {
    const first: Listener = (argument) => {
      this.removeListener(event, first);
      listener(argument);
    };
    return this.on(event, first);
  }

  removeListener(event: string, listener: Listener): this {
    const rest = (this.#listeners.get(event) ?? []).filter((each) => each !== listener);
    this.#listeners.set(event, rest);
    return this;
  }

  emit(event: string, argument?: unknown): boolean {
    const listeners = this.#listeners.get(event) ?? [];
    for (const listener of [...listeners]) listener(argument);
    return listeners.length > 0;
  }

  /** Stops listening to the peer; its pins stay as they are. */
  close(): void {
    for (const dispose of this.#disposers.splice(0)) dispose();
  }

  #addRow({ pin, modes, analogChannel }: PinDescription): void {
    while (this.pins.length <= pin) this.pins.push(emptyRow());
    const supportedModes = modes.map((mode) => MODE_NUMBERS[mode]);
    this.pins[pin] = { ...emptyRow(), supportedModes, analogChannel: analogChannel ?? NO_ANALOG };
    if (analogChannel !== undefined) this.analogPins[analogChannel] = pin;
  }

  #want(pin: number, wanted: Wanted): void {
    this.#wanted.set(pin, wanted);
    const row = this.pins[pin];
    if (row !== undefined) {
      row.mode = MODE_NUMBERS[wanted.mode];
      row.value = wanted.value ?? row.value;
    }
    let outgoing = this.#outgoing.get(pin);
    if (outgoing === undefined) {
      outgoing = new Newest(
        async (next) => {
          await this.#remote.request('set', { pin, ...next });
          if (this.#isLost) this.#restore();
        },
        (thrown) => this.#fail(thrown),
      );
      this.#outgoing.set(pin, outgoing);
    }
    outgoing.put(wanted);
  }

  #read(pin: number, mode: 'input' | 'pullUp' | 'analog', listener: (value: number) => void): void {
    if (this.#readers.size === 0) {
      const onChange = ({ pin, value }: { readonly pin: number; readonly value: number }) =>
        this.#tell(pin, value);
      this.#disposers.push(this.#remote.subscribe('changed', onChange, { qos: 1 }));
    }
    this.#readers.set(pin, [...(this.#readers.get(pin) ?? []), listener]);
    this.#wanted.set(pin, { mode });
    void this.#watch(pin, mode);
  }

  async #watch(pin: number, mode: 'input' | 'pullUp' | 'analog'): Promise<void> {
    try {
      this.#tell(pin, await this.#remote.request('watch', { pin, mode }));
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #tell(pin: number, value: number): void {
    const row = this.pins[pin];
    if (row !== undefined) row.value = value;
    for (const listener of this.#readers.get(pin) ?? []) listener(value);
  }

  /**
   * What passes by itself is a lost peer; what does not (refused, no such pin) is an error of the program.
   */
  #fail(thrown: unknown): void {
    const code = thrown instanceof FogError ? thrown.code : undefined;
    if (code === 'stopped') return;
    if (code === 'timeout' || code === 'unreachable' || code === 'unknownPeer' || code === 'busy')
      this.#lose(thrown);
    else this.emit('error', thrown);
  }

  /** johnny-five passes `disconnect` on to the board, where the program may listen or not. */
  #lose(thrown: unknown): void {
    if (!this.#isLost) this.emit('disconnect', thrown);
    this.#isLost = true;
  }

  /** The peer is back and may have restarted: everything wanted is said again. */
  #restore(): void {
    this.#isLost = false;
    for (const [pin, wanted] of this.#wanted) {
      const { mode } = wanted;
      const isRead = mode === 'input' || mode === 'pullUp' || mode === 'analog';
      if (isRead && this.#readers.has(pin)) void this.#watch(pin, mode);
      else this.#want(pin, wanted);
    }
    this.emit('connect');
  }
}

/** johnny-five's mark for "no analog channel". */
const NO_ANALOG = 127;

function emptyRow(): Row {
  return { supportedModes: [], analogChannel: NO_ANALOG, mode: undefined, value: 0, report: 1 };
}
