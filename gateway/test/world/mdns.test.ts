import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '@fogwisp/device-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, run } from '../command-line.js';

const ON = ', mdns: true';
const OFF = ', mdns: false';

const network = createNetwork();
const started: CommandLine[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
});

afterEach(async () => {
  for (const each of started.splice(0)) if (each.child.exitCode === null) await each.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** On loopback. Each has a beacon port of its own, as if the network let no beacon through. */
async function startGateway(name: string, beaconPort: number, mdns = '', text = network) {
  const file = join(folder, `${name}.yaml`);
  const lan = `{ loopbackOnly: true, port: ${beaconPort}${mdns} }`;
  const socket = join(folder, `${name}.sock`);
  const lines = [`name: ${name}`, `network: ${text}`, `socket: ${socket}`, `links: { lan: ${lan} }`];
  writeFileSync(file, [...lines, 'mqtt: { broker: none }', ''].join('\n'));
  const environment = { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder };
  const gateway = new CommandLine(['up', '--config', file], environment, folder);
  started.push(gateway);
  await gateway.until('next ');
  const peers = async () => (await run(['peers', '--json', '--socket', socket], environment)).stdout;
  return { gateway, peers };
}

describe('two gateways that hear none of each other’s beacons', () => {
  it('meet by mDNS, and only by mDNS', async () => {
    const deaf = await startGateway('deaf', 46_001, OFF);
    const mute = await startGateway('mute', 46_002);
    const stranger = await startGateway('stranger', 46_003, ON, createNetwork());
    const attic = await startGateway('attic', 46_004, ON);
    const shed = await startGateway('shed', 46_005, ON);
    await attic.gateway.until(/^shed {2}online {2}direct\(lan\)$/m);
    await shed.gateway.until(/^attic {2}online {2}direct\(lan\)$/m);
    for (const control of [deaf, mute, stranger]) expect(JSON.parse(await control.peers())).toEqual([]);
    for (const each of [deaf, mute, stranger, attic, shed]) expect(each.gateway.stderr).toBe('');
  });
});
