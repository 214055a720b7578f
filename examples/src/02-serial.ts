/**
 * Two machines on one cable. Without arguments a second process is started, and a pipe stands in for it.
 * Run: node examples/dist/02-serial.js
 * With a cable, on both machines: node examples/dist/02-serial.js NAME /dev/serial/by-id/... fog.network
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createNetwork, Device, type DeviceOptions } from '@fogwisp/device-sdk';
import { readUptimeSeconds } from '@fogwisp/device-sdk/machine';
import { pipeLink } from '@fogwisp/firmware-shim/node';
import { type Print, runAsProgram } from './program.js';

type Ends = Pick<DeviceOptions, 'network' | 'links'>;

/** Serves its uptime, and asks whoever is at the other end. */
async function talk(name: string, { network, links }: Ends, print: Print): Promise<Device> {
  const device = await Device.start({ name, network, links, stateDirectory: false });
  device.serve('uptime', () => readUptimeSeconds() ?? process.uptime());
  const asked = new Set<string>();
  device.on('peer', async (peer) => {
    if (peer.status !== 'online' || peer.name === '' || asked.has(peer.id)) return;
    asked.add(peer.id);
    const { path } = await device.ping(peer.name);
    print(
      `${name}: ${peer.name} is up ${await device.request(peer.name, 'uptime')} s, over ${path.link?.kind}`,
    );
  });
  return device;
}

export async function run(print: Print): Promise<void> {
  const [name, path, network] = process.argv.slice(2);
  if (name !== undefined && path !== undefined && network !== undefined) {
    await talk(name, { network, links: [{ kind: 'serial', path }] }, print);
  } else if (name === 'bench') {
    // The second process: stdin and stdout are the cable, so it talks to people on stderr.
    const links = [pipeLink(process.stdin, process.stdout)];
    const bench = await talk(name, { network: process.env['NETWORK'] ?? '', links }, (line) =>
      console.error(line),
    );
    process.stdin.on('end', () => bench.stop());
  } else {
    await overPipe(print);
  }
}

async function overPipe(print: Print): Promise<void> {
  const network = createNetwork();
  const env = { ...process.env, NETWORK: network };
  const program = new URL('./02-serial.js', import.meta.url);
  const child = spawn(process.execPath, [program.pathname, 'bench'], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const gone = once(child, 'exit');
  const heard = once(child.stderr.setEncoding('utf8'), 'data');
  let printed = () => {};
  const asked = new Promise<void>((resolve) => {
    printed = resolve;
  });
  const desk = await talk('desk', { network, links: [pipeLink(child.stdout, child.stdin)] }, (line) => {
    print(line);
    printed();
  });
  const [[fromBench]] = await Promise.all([heard, asked]);
  print(String(fromBench).trim());
  await desk.stop();
  child.kill(); // it need not have heard the goodbye, nor the end of the pipe
  await gone;
}

await runAsProgram(import.meta.url, run);
