/**
 * A johnny-five program whose LED is on another machine. The pins of the shed are recorded here, so it runs
 * without a board; with one, serve `ioPins(io)` of a firmata-io board on the machine that has the cable.
 * Run: node examples/dist/08-johnny-five-led.js
 */
import { createNetwork, Device, RecordedPins, servePins, unoPins } from '@fogwisp/device-sdk';
import { remotePins } from '@fogwisp/device-sdk/johnny-five';
import five from 'johnny-five';
import { type Print, runAsProgram } from './program.js';

export async function run(print: Print): Promise<void> {
  const options = {
    network: createNetwork(),
    links: [{ kind: 'lan', loopbackOnly: true }],
    stateDirectory: false,
  } as const;
  const shed = await Device.start({ name: 'shed', ...options });
  const desk = await Device.start({ name: 'desk', ...options });

  let seen = (_value: number) => {};
  const pins = new RecordedPins(unoPins(), (call) => {
    if (call.kind !== 'write') return;
    print(`shed: pin ${call.pin} is ${call.value}`);
    seen(call.value);
  });
  servePins(shed, pins, { allows: (from) => from.name === 'desk' });
  const written = (wanted: number) =>
    new Promise<void>((resolve) => {
      seen = (value) => (value === wanted ? resolve() : undefined);
    });

  const io = await remotePins(desk, 'shed');
  const board = new five.Board({ io, repl: false, debug: false, sigint: false });
  await new Promise<void>((resolve) => board.on('ready', resolve));
  const led = new five.Led({ pin: 13, board });
  for (const [value, act] of [
    [1, () => led.on()],
    [0, () => led.off()],
  ] as const) {
    const done = written(value);
    act();
    await done;
  }
  print(`desk: the shed is ${(await desk.ping('shed')).path.kind}`);

  io.close();
  for (const device of [desk, shed]) await device.stop();
}

await runAsProgram(import.meta.url, run);
