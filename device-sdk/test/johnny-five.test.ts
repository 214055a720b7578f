import { createRequire } from 'node:module';
import { describe, expect, it, vi } from 'vitest';
import { type RemoteBoard, remotePins } from '../src/hardware/johnny-five.js';
import { type Device, type PinCall, RecordedPins, type ServePinsOptions, servePins } from '../src/index.js';
import { FakeNetwork } from './fake-network.js';

/** johnny-five has no types: what these tests use of it. */
interface Component {
  on(event: string, listener: (argument?: unknown) => void): void;
}
interface JohnnyFive {
  Board: new (options: object) => Component;
  Led: new (options: object) => Component & { on(): void; off(): void; brightness(value: number): void };
  Servo: new (options: object) => Component & { to(degrees: number): void };
  Button: new (options: object) => Component;
  Sensor: new (options: object) => Component & { readonly raw: number };
}
const five: JohnnyFive = createRequire(import.meta.url)('johnny-five');

interface Bench {
  readonly network: FakeNetwork;
  readonly pins: RecordedPins;
  readonly shed: Device;
  readonly desk: Device;
  readonly io: RemoteBoard;
}

async function bench(options: ServePinsOptions = {}): Promise<Bench> {
  const network = new FakeNetwork();
  const shed = network.device('shed');
  const desk = network.device('desk');
  const pins = new RecordedPins();
  servePins(shed, pins, options);
  const found = remotePins(desk, 'shed');
  await network.settle();
  return { network, pins, shed, desk, io: await found };
}

/** A johnny-five board on it; it becomes ready in a later turn of the event loop. */
async function boardOn(io: RemoteBoard): Promise<Component> {
  const board = new five.Board({ io, repl: false, debug: false, sigint: false });
  await new Promise<void>((resolve) => board.on('ready', () => resolve()));
  return board;
}

/** The last mode and value of each pin, in the order of the pins. */
function lastOf(pins: RecordedPins): readonly PinCall[] {
  const last = new Map(pins.calls.map((call) => [`${call.kind} ${call.pin}`, call]));
  return [...last.values()].sort((a, b) => a.pin - b.pin || a.kind.localeCompare(b.kind));
}

describe('johnny-five on the pins of a peer', () => {
  it('lights a LED, dims one and turns a servo there', async () => {
    const { network, pins, io } = await bench();
    const board = await boardOn(io);
    new five.Led({ pin: 13, board }).on();
    new five.Led({ pin: 9, board }).brightness(128);
    new five.Servo({ pin: 10, board }).to(90);
    io.servoConfig(11, 600, 2400);
    io.servoWrite(11, 90);
    await network.settle();
    expect(lastOf(pins)).toEqual<PinCall[]>([
      { kind: 'mode', pin: 9, mode: 'pwm' },
      { kind: 'write', pin: 9, value: 128 },
      { kind: 'mode', pin: 10, mode: 'servo' },
      { kind: 'write', pin: 10, value: 1500 }, // johnny-five says 90 degrees in microseconds
      { kind: 'mode', pin: 11, mode: 'servo', servoRange: { minUs: 600, maxUs: 2400 } },
      { kind: 'write', pin: 11, value: 90 },
      { kind: 'mode', pin: 13, mode: 'output' },
      { kind: 'write', pin: 13, value: 1 },
    ]);
  });

  it('hears a button and a sensor there', async () => {
    const { network, pins, io } = await bench();
    const board = await boardOn(io);
    const heard: string[] = [];
    new five.Button({ pin: 2, board, isPullup: true }).on('press', () => heard.push('press'));
    const sensor = new five.Sensor({ pin: 'A1', board, freq: 1 });
    await network.settle();
    pins.input(2, 1);
    await network.settle();
    pins.input(2, 0);
    pins.input(15, 700);
    await network.settle();
    await vi.waitUntil(() => heard.length > 0, { timeout: 5000 }); // johnny-five debounces on its own clock
    expect(heard).toEqual(['press']);
    expect(sensor.raw).toBe(700);
    expect(lastOf(pins)).toEqual<PinCall[]>([
      { kind: 'mode', pin: 2, mode: 'pullUp' },
      { kind: 'mode', pin: 15, mode: 'analog' },
    ]);
  });
});

describe('remote pins', () => {
  it('send the newest wish of each pin and nothing that is out of date', async () => {
    const { network, pins, io } = await bench();
    for (const value of [1, 0, 1, 0, 1, 0]) io.digitalWrite(13, value);
    await network.settle();
    expect(pins.calls.filter((call) => call.kind === 'write').map((call) => call.value)).toEqual([1, 0]);
  });

  it('reject at once when the peer serves none, and when there is no peer', async () => {
    const network = new FakeNetwork();
    const desk = network.device('desk');
    network.device('shed');
    const none = remotePins(desk, 'shed').catch((error: unknown) => error);
    const nobody = remotePins(desk, 'barn', { timeoutMs: 100 }).catch((error: unknown) => error);
    await network.advance(100);
    expect(await none).toMatchObject({ code: 'notFound' });
    expect(await nobody).toMatchObject({ code: 'unknownPeer' });
  });

  it('refuse pins and modes that the board does not have', async () => {
    const { network, io, desk } = await bench();
    expect(() => io.digitalWrite(77, 1)).toThrow('"shed" has no pin 77');
    expect(() => io.normalize('A9')).toThrow('"shed" has no pin A9');
    expect(() => io.pinMode(13, 6)).toThrow('no mode 6');
    const wrong = desk.request('shed', 'pins/set', { pin: 13, mode: 'pwm' }).catch((error: unknown) => error);
    const missing = desk
      .request('shed', 'pins/set', { pin: 0, mode: 'output' })
      .catch((error: unknown) => error);
    await network.settle();
    expect(await wrong).toMatchObject({
      code: 'badRequest',
      message: expect.stringContaining('cannot be pwm'),
    });
    expect(await missing).toMatchObject({ code: 'badRequest', message: expect.stringContaining('no pin 0') });
  });

  it('obey only those who are allowed', async () => {
    const { network, pins, io } = await bench({ allows: (from) => from.name !== 'desk' });
    const errors: unknown[] = [];
    io.on('error', (error) => errors.push(error));
    io.digitalWrite(13, 1);
    io.digitalRead(2, () => undefined);
    await network.settle();
    expect(errors).toMatchObject([{ code: 'refused' }, { code: 'refused' }]);
    expect(pins.calls).toEqual([]);
  });

  it('get everything said again when the peer was away', async () => {
    const { network, pins, io } = await bench();
    const events: string[] = [];
    io.on('disconnect', () => events.push('disconnect'));
    io.on('connect', () => events.push('connect'));
    io.digitalWrite(13, 1);
    io.pinMode(3, io.MODES.INPUT);
    io.analogRead('A0', () => undefined);
    await network.settle();
    pins.calls.length = 0;
    const shed = network.find('shed');
    const desk = network.find('desk');
    if (shed === undefined || desk === undefined) return expect.unreachable();
    desk.tell({ kind: 'peer', peer: shed.report('offline') });
    await network.settle();
    desk.tell({ kind: 'peer', peer: shed.report('online') });
    await network.settle();
    expect(events).toEqual(['disconnect', 'connect']);
    expect(lastOf(pins)).toEqual<PinCall[]>([
      { kind: 'mode', pin: 3, mode: 'input' },
      { kind: 'mode', pin: 13, mode: 'output' },
      { kind: 'write', pin: 13, value: 1 },
      { kind: 'mode', pin: 14, mode: 'analog' },
    ]);
    io.close();
    desk.tell({ kind: 'peer', peer: shed.report('offline') });
    await network.settle();
    expect(events).toHaveLength(2);
  });

  it('stop being served by the disposer', async () => {
    const network = new FakeNetwork();
    const shed = network.device('shed');
    const desk = network.device('desk');
    const pins = new RecordedPins();
    const dispose = servePins(shed, pins);
    const io = remotePins(desk, 'shed');
    await network.settle();
    const heard: number[] = [];
    (await io).digitalRead(2, (value) => heard.push(value));
    await network.settle();
    dispose();
    await network.settle();
    pins.input(2, 1);
    await network.settle();
    expect(heard).toEqual([0]);
  });
});
