/**
 * Everybody on the local network tells everybody their load: no addresses, no server, any number of machines.
 * Run on each machine, with a file made by `fogwisp network create`:
 *   node examples/dist/03-lan-peers.js NAME fog.network
 * Run to see it here: node examples/dist/03-lan-peers.js
 */
import { createNetwork, Device, type LinkSpec, type PeerReport } from '@fogwisp/device-sdk';
import { readLoad } from '@fogwisp/device-sdk/machine';
import { type Print, runAsProgram } from './program.js';

export interface LanPeer {
  readonly name: string;
  readonly network: string;
  readonly links: readonly LinkSpec[];
  readonly print: Print;
}

/** Serves its own load and asks each peer that comes online for theirs. */
export async function joinLan({ name, network, links, print }: LanPeer): Promise<Device> {
  const device = await Device.start({ name, network, links, stateDirectory: false });
  device.serve('load', () => readLoad() ?? 0);
  const asked = new Set<string>();
  device.on('peer', async (peer: PeerReport) => {
    if (peer.status !== 'online' || peer.name === '') asked.delete(peer.id);
    else if (!asked.has(peer.id)) {
      asked.add(peer.id);
      print(`${name}: the load of ${peer.name} is ${await device.request(peer.id, 'load')}`);
    }
  });
  return device;
}

export async function run(print: Print): Promise<void> {
  const [name, network] = process.argv.slice(2);
  if (name !== undefined && network !== undefined) {
    await joinLan({ name, network, links: [{ kind: 'lan' }], print });
    return; // it goes on until it is interrupted
  }
  await among(['attic', 'cellar', 'shed'], print);
}

/** Several peers in this process, on loopback; done when each has heard of each. */
export async function among(names: readonly string[], print: Print): Promise<void> {
  const network = createNetwork();
  let missing = names.length * (names.length - 1);
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const count = (line: string) => {
    print(line);
    if (--missing === 0) finish();
  };
  const links = [{ kind: 'lan', loopbackOnly: true }] as const;
  const joining = names.map((name) => joinLan({ name, network, links, print: count }));
  const devices = await Promise.all(joining);
  await finished;
  for (const device of devices) await device.stop();
}

await runAsProgram(import.meta.url, run);
