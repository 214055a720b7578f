import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commandName } from '../src/cli/command-name.js';
import { hostCounters } from '../src/host/counters.js';
import { shareCounters } from '../src/host/share.js';
import type { Reading } from '../src/readings.js';
import { defaultName, networkIn, ownNetwork, stateDirectoryOf, writeNetworkFile } from '../src/setup.js';
import { FakeMesh } from './fake-mesh.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

describe('where things are', () => {
  it('the state is by name, below what the service manager or the user gives', () => {
    expect(stateDirectoryOf('hearth', { STATE_DIRECTORY: '/var/lib/fogwisp:/other' })).toBe(
      '/var/lib/fogwisp/hearth',
    );
    expect(stateDirectoryOf('hearth', { XDG_STATE_HOME: '/x' })).toBe('/x/fogwisp/hearth');
    expect(stateDirectoryOf('hearth', {})).toBe(join(homedir(), '.local/state/fogwisp/hearth'));
  });

  it('the name is that of the machine, as far as it can be one', () => {
    expect(['pi4.local', 'My_PC', '---', 'x'.repeat(40)].map(defaultName)).toEqual([
      'pi4',
      'my-pc',
      'gateway',
      'x'.repeat(32),
    ]);
  });

  it('the command is written as it works there', () => {
    expect(commandName('file:///home/me/fogwisp/gateway/dist/src/cli/command-name.js')).toBe(
      'npx --no fogwisp',
    );
    expect(commandName('file:///usr/lib/node_modules/@fogwisp/gateway/dist/src/cli/command-name.js')).toBe(
      'fogwisp',
    );
  });
});

describe('a network file', () => {
  it('is read past the lines for people, and never overwritten', () => {
    const file = join(folder, 'network.key');
    writeNetworkFile(file, 'fog1-abc');
    expect(networkIn(file)).toEqual({ text: 'fog1-abc', addresses: [] });
    expect(() => writeNetworkFile(file, 'fog1-def')).toThrow(/EEXIST/);
    writeFileSync(file, '\n# a comment\n\n  fog1-xyz  \n');
    expect(networkIn(file).text).toBe('fog1-xyz');
    writeNetworkFile(file, 'fog1-new', ['udp://a:1'], true);
    expect(networkIn(file)).toEqual({ text: 'fog1-new', addresses: ['udp://a:1'] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is made once beside the identity', () => {
    const state = join(folder, 'state', 'hearth');
    let made = 0;
    const create = () => `fog1-${++made}`;
    expect(ownNetwork(state, create)).toMatchObject({ text: 'fog1-1', isNew: true });
    expect(ownNetwork(state, create)).toMatchObject({ text: 'fog1-1', isNew: false });
    expect(readFileSync(join(state, 'network.key'), 'utf8')).toContain('fog1-1');
  });
});

describe('the counters of this machine', () => {
  it('are its own', () => {
    const counters = hostCounters();
    expect([...counters.keys()]).toEqual(expect.arrayContaining(['load', 'memory', 'uptime']));
    for (const read of counters.values()) expect(read()).toBeGreaterThanOrEqual(0);
    expect(counters.get('memory')?.()).toBeLessThanOrEqual(100);
  });

  it('are served, published, and told to ourselves, until it ends', () => {
    vi.useFakeTimers();
    const mesh = new FakeMesh();
    const readings: Reading[] = [];
    const counters = new Map([['load', () => 0.5] as const]);
    const end = shareCounters(mesh, (reading) => readings.push(reading), { counters, everyMs: 1000 });
    vi.advanceTimersByTime(2000);
    expect(mesh.published).toEqual(Array.from({ length: 3 }, () => ({ topic: 'load', value: 0.5 })));
    expect(readings.map((each) => each.peer.name)).toEqual(['hearth', 'hearth', 'hearth']);
    expect(mesh.served.get('load')?.(undefined)).toBe(0.5);
    end();
    vi.advanceTimersByTime(5000);
    expect(mesh.published).toHaveLength(3);
    expect(mesh.served.size).toBe(0);
  });
});
