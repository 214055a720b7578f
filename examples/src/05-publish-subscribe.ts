/**
 * One peer publishes, two listen: one to it by name, one to the topic of anybody. Nobody in between keeps anything;
 * the publisher knows how many got it.
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

  hall.subscribe('porch/door', (state) => print(`hall: the porch door is ${state}`), { qos: 1 });
  const dispose = bell.subscribe('*/door', (state, { from }) => print(`bell: ${from.name} door ${state}`));

  // A subscription travels to the publisher first: until both are there, fewer are reached.
  while ((await porch.publish('door', 'locked', { qos: 1 })).subscribers < 2) await pause(50);

  // qos 1: resolves when each subscriber that is there has confirmed it.
  const { subscribers, lost } = await porch.publish('door', 'open', { qos: 1 });
  print(`porch: ${subscribers} subscribers, ${lost} lost`);

  dispose();
  for (const device of [porch, hall, bell]) await device.stop();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await runAsProgram(import.meta.url, run);
