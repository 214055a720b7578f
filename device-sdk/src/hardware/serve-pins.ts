import type { PeerName } from '@fogwisp/protocol';
import type { Dispose } from '../answers.js';
import type { CallOptions } from '../calls.js';
import { integer, list, number, oneOf, optional, record } from '../check.js';
import type { Device } from '../device.js';
import { RequestError } from '../errors.js';
import { defineService, type Service } from '../service.js';
import { Newest } from './newest.js';
import { PIN_MODES, type PinDescription, type PinMode, type Pins } from './pin.js';

/** As in Firmata. Seven items each are 896 of the 1,024 that one value may have. */
const PIN_COUNT_MAX = 128;
const pin = integer({ min: 0, max: PIN_COUNT_MAX - 1 });
const value = number({ min: 0, max: 65_535 });
const mode = oneOf(...PIN_MODES);
/** Bit i: the i-th of PIN_MODES. */
const modeBits = integer({ min: 0, max: 2 ** PIN_MODES.length - 1 });
const pulseUs = integer({ min: 0, max: 20_000 });

/** The pins of a board for others: their wanted state is set by requests, changes of inputs are published. */
const shape = {
  name: 'pins',
  requests: {
    describe: {
      answer: list(record({ pin, modes: modeBits, analogChannel: optional(integer({ min: 0 })) }), {
        countMax: PIN_COUNT_MAX,
      }),
    },
    /** The whole wanted state, so that a repeated or late request does no harm. */
    set: {
      body: record({
        pin,
        mode,
        value: optional(value),
        servoRange: optional(record({ minUs: pulseUs, maxUs: pulseUs })),
      }),
    },
    /** Publishes `changed` for this pin from now on; the answer is its present value. */
    watch: { body: record({ pin, mode }), answer: value },
  },
  topics: { changed: record({ pin, value }) },
} as const;
/** The requests and the topic of `servePins`, for those who use the pins from elsewhere. */
export const pinService: Service<typeof shape> = defineService(shape);

/** Who may use the pins. */
export interface ServePinsOptions {
  /** Default: everybody on the network. */
  readonly allows?: (from: PeerName) => boolean;
}

/** Lets peers use these pins, until the disposer is called. */
export function servePins(device: Device, pins: Pins, options: ServePinsOptions = {}): Dispose {
  const board = new ServedPins(device, pins);
  const checkAllowed = (from: PeerName) => {
    if (options.allows?.(from) === false)
      throw new RequestError('refused', `${from.name} may not use these pins`);
  };
  const dispose = pinService.serve(device, {
    describe: () => pins.descriptions.map((each) => ({ ...each, modes: bitsOf(each.modes) })),
    set: async (wanted, { from }) => {
      checkAllowed(from);
      board.assertCan(wanted.pin, wanted.mode);
      await pins.setMode(wanted.pin, wanted.mode, wanted.servoRange);
      if (wanted.value !== undefined) await pins.write(wanted.pin, wanted.value);
    },
    watch: async (wanted, { from }) => {
      checkAllowed(from);
      board.assertCan(wanted.pin, wanted.mode);
      await pins.setMode(wanted.pin, wanted.mode);
      return board.watch(wanted.pin);
    },
  });
  return () => {
    dispose();
    board.stop();
  };
}

function bitsOf(modes: readonly PinMode[]): number {
  return PIN_MODES.reduce((bits, mode, i) => bits + (modes.includes(mode) ? 2 ** i : 0), 0);
}

/** The pins of a peer that serves them. Rejects with a `FogError` when it does not. */
export async function describePins(
  device: Device,
  peer: string,
  options: CallOptions = {},
): Promise<readonly PinDescription[]> {
  const descriptions = await pinService.at(device, peer).request('describe', undefined, options);
  return descriptions.map((each) => ({
    ...each,
    modes: PIN_MODES.filter((_, i) => ((each.modes >> i) & 1) === 1),
  }));
}

interface Watched {
  value(): number;
  readonly stop: Dispose;
}

class ServedPins {
  readonly #device: Device;
  readonly #pins: Pins;
  readonly #descriptions: ReadonlyMap<number, PinDescription>;
  readonly #watched = new Map<number, Promise<Watched>>();

  constructor(device: Device, pins: Pins) {
    this.#device = device;
    this.#pins = pins;
    this.#descriptions = new Map(pins.descriptions.map((each) => [each.pin, each]));
  }

  assertCan(pin: number, mode: PinDescription['modes'][number]): void {
    const description = this.#descriptions.get(pin);
    if (description === undefined)
      throw new RequestError('badRequest', `there is no pin ${pin} on this board`);
    if (description.modes.includes(mode)) return;
    throw new RequestError(
      'badRequest',
      `pin ${pin} cannot be ${mode}, only ${description.modes.join(', ')}`,
    );
  }

  /** Any number of peers may watch a pin; it is watched once. */
  async watch(pin: number): Promise<number> {
    let watched = this.#watched.get(pin);
    if (watched === undefined) {
      watched = this.#start(pin);
      this.#watched.set(pin, watched);
    }
    return (await watched).value();
  }

  stop(): void {
    for (const watched of this.#watched.values()) void watched.then((each) => each.stop());
    this.#watched.clear();
  }

  async #start(pin: number): Promise<Watched> {
    const changes = new Newest<number>(
      (value) => pinService.publish(this.#device, 'changed', { pin, value }, { qos: 1 }),
      () => undefined, // the device stopped: there is nobody left to tell
    );
    let newest: number | undefined;
    const started = await this.#pins.watch(pin, (value) => {
      newest = value;
      changes.put(value);
    });
    return { value: () => newest ?? started.value, stop: started.stop };
  }
}
