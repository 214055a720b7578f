/**
 * A valve on a battery is awake for moments. It says when it means to be back; until then others show it as
 * asleep and send it nothing, and a request that may wait so long is answered when it is awake.
 * Run: node examples/dist/09-sleeper.js
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createNetwork, Device } from '@fogwisp/device-sdk';
import { type Print, runAsProgram } from './program.js';

const SLEEP_MS = 2000;

export async function run(print: Print): Promise<void> {
  const network = createNetwork();
  const links = [{ kind: 'lan', loopbackOnly: true }] as const;
  // Who it is, it must know again each time that it wakes up.
  const stateDirectory = await mkdtemp(join(tmpdir(), 'valve-'));
  let position = 0;

  const wake = async (): Promise<Device> => {
    const valve = await Device.start({ name: 'valve', network, links, stateDirectory });
    valve.serve('turn', (percent) => {
      position = Number(percent);
      print(`valve: ${position} %`);
      return position;
    });
    return valve;
  };

  const boiler = await Device.start({ name: 'boiler', network, links, stateDirectory: false });
  let valve = await wake();
  await boiler.request('valve', 'turn', 10);
  await valve.sleep(SLEEP_MS);

  while (boiler.peers()[0]?.status !== 'asleep') await pause(20);
  print('boiler: the valve is asleep');
  const answer = boiler.request('valve', 'turn', 80, { timeoutMs: 60_000 });

  await pause(SLEEP_MS);
  valve = await wake();
  print(`boiler: the valve is at ${await answer} %`);

  for (const device of [boiler, valve]) await device.stop();
  await rm(stateDirectory, { recursive: true });
}

await runAsProgram(import.meta.url, run);
