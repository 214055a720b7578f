import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createNetwork, Device } from '@fogwisp/device-sdk';
import { describe, expect, it } from 'vitest';
import { until } from '../fake-mesh.js';
import { ROOT } from '../readme.js';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Our column of the table, by the words of its row. */
function told(row: string): number {
  const line = README.split('\n').find((each) => each.startsWith(`| ${row} |`)) ?? '';
  return Number(line.split('|')[2]);
}

function sentBytes(device: Device): number {
  return device.counters.links.reduce((sum, { counters }) => sum + counters.sentBytes, 0);
}

describe('the figures of the README', () => {
  it('are those that `npm run sizes` counts', async () => {
    const program = join(ROOT, 'gateway/dist/tools/sizes.js');
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--json']);
    const { handshake, reading20, request20, idle10s } = JSON.parse(stdout);
    expect({
      handshake: told('handshake of two who know each other'),
      reading: told('a 20-byte reading'),
      acknowledged: told('the same, acknowledged'),
      request: told('20 bytes there, 20 bytes back'),
    }).toEqual({
      handshake: handshake.KK,
      reading: reading20.qos0,
      acknowledged: reading20.qos1,
      request: request20,
    });
    expect(README).toContain(`strangers need ${handshake.XX} bytes`);
    expect(Math.abs(told('at rest, in 10 s') - idle10s)).toBeLessThan(8); // a heartbeat more or less
  });

  it('tell what a first contact takes in all', async () => {
    const options = { network: createNetwork(), stateDirectory: false } as const;
    const udp = { kind: 'udp', bind: '127.0.0.1' } as const;
    const near = await Device.start({ name: 'near', ...options, links: [{ ...udp, port: 0 }] });
    const address = near.counters.links[0]?.info?.name ?? '';
    const links = [{ ...udp, port: 0, connect: [address] }];
    const far = await Device.start({ name: 'far', ...options, links });
    await far.ping('near');
    const bytes = () => sentBytes(near) + sentBytes(far);
    await until('900 bytes or so', () => bytes() > 800);
    expect(bytes()).toBeLessThan(1000);
    expect(README).toMatch(/about 900\s+until/);
    await far.stop();
    await near.stop();
  });
});
