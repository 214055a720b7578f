/**
 * Two peers in one process find each other and talk. Either may ask: there is no server.
 * Run: node examples/dist/01-two-peers.js
 */
import { createNetwork, Device } from '@fogwisp/device-sdk';
import { type Print, runAsProgram } from './program.js';

export async function run(print: Print): Promise<void> {
  const options = {
    network: createNetwork(), // usually a file that you copy to each machine: network: 'fog.network'
    links: [{ kind: 'lan', loopbackOnly: true }], // usually left out: the whole local network
    stateDirectory: false, // usually left out: a peer then keeps its identity over restarts
  } as const;
  const attic = await Device.start({ name: 'attic', ...options });
  const cellar = await Device.start({ name: 'cellar', ...options });

  attic.serve('greet', (name) => `hello ${name}, this is the attic`);
  cellar.serve('greet', (_body, { from }) => `hello ${from.name}, this is the cellar`);

  print(`cellar asks: ${await cellar.request('attic', 'greet', 'cellar')}`);
  print(`attic asks: ${await attic.request('cellar', 'greet')}`);

  await attic.stop();
  await cellar.stop();
}

await runAsProgram(import.meta.url, run);
