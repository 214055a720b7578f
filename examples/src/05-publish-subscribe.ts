/**
 * One peer publishes, two listen: one to it by name, one to the topic of anybody. There is nobody in between;
 * the publisher keeps the last value for those who come later, and knows how many got it.
 * Run: node examples/dist/05-publish-subscribe.js
 */
import { createNetwork, Device } from '@fogwisp/device-sdk';
import { type Print, runAsProgram } from './program.js';

export async function run(print: Print): Promise<void> {
  const options = {
    network: createNetwork(),
    links: [{ kind: 'lan', loopbackOnly: true }],
    stateDirectory: false,
  } as const;
  const porch = await Device.start({ name: 'porch', ...options });
  const hall = await Device.start({ name: 'hall', ...options });
  const bell = await Device.start({ name: 'bell', ...options });

  await porch.publish('door', 'locked', { qos: 1 }); // nobody listens yet

  const heard = { hall: later(), bell: later() };
  hall.subscribe(
    'porch/door',
    (state) => {
      print(`hall: the porch door is ${state}`);
      heard.hall.resolve();
    },
    { qos: 1 },
  );
  const dispose = bell.subscribe(
    '*/door',
    (state, { from }) => {
      print(`bell: ${from.name} door ${state}`);
      heard.bell.resolve();
    },
    { qos: 1 },
  );
  await Promise.all([heard.hall.promise, heard.bell.promise]);

  // qos 1: resolves when each subscriber has confirmed it.
  const { subscribers, lost } = await porch.publish('door', 'open', { qos: 1 });
  print(`porch: ${subscribers} subscribers, ${lost} lost`);

  dispose();
  for (const device of [porch, hall, bell]) await device.stop();
}

/** A promise to be resolved from outside. */
function later(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

await runAsProgram(import.meta.url, run);
