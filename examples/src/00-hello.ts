/**
 * The program of the README: as many as there are tell everybody their load, and greet each other.
 * Run, in two terminals: node examples/dist/00-hello.js attic
 *                        node examples/dist/00-hello.js cellar
 * They read fog.network, which is made by: npx --no fogwisp network create fog.network
 */
import { Device } from '@fogwisp/device-sdk';
import { readLoad } from '@fogwisp/device-sdk/machine';

const device = await Device.start({
  name: process.argv[2] ?? 'attic',
  network: 'fog.network', // the same file on each machine: whoever has it is in
  links: [{ kind: 'lan', loopbackOnly: true }], // without this line: the whole local network
});

device.serve('greet', (_, { from }) => `hello ${from.name}`);
device.subscribe('*/load', async (load, { from }) => {
  console.log(`${from.name}: load ${load}, ${await device.request(from.id, 'greet')}`);
});
setInterval(() => device.publish('load', readLoad() ?? 0), 2000);
