import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetwork } from '@fogwisp/device-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../demo/cast.js';
import { freePort } from '../tools/free-port.js';
import { CommandLine, run } from './command-line.js';
import { until } from './fake-mesh.js';
import { endAll, startBroker } from './test-broker.js';

const PEER = fileURLToPath(new URL('../dist/demo/peer.js', import.meta.url));

let folder = '';
let environment: NodeJS.ProcessEnv = {};
const network = createNetwork();
const started: CommandLine[] = [];
const peers: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  environment = { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, 'state') };
});

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.kill('SIGKILL');
  for (const each of started.splice(0)) if (each.child.exitCode === null) await each.end('SIGKILL');
  await endAll();
  rmSync(folder, { recursive: true });
});

function start(...words: string[]): CommandLine {
  const command = new CommandLine(words, environment, folder);
  started.push(command);
  return command;
}

/** A peer of the demo, without the demo. */
function startPeer(role: Omit<Role, 'network' | 'asks'>): void {
  const peer = fork(PEER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  peer.send({ ...role, network, asks: undefined });
  peers.push(peer);
}

function writeConfig(lines: string): string {
  const text = `name: hearth\nnetwork: ${network}\n${lines}`;
  writeFileSync(join(folder, 'fogwisp.yaml'), text);
  return text;
}

describe('fogwisp up', () => {
  it('publishes the readings of a UDP peer to the broker of its file, and leaves the file alone', {
    timeout: 60_000,
  }, async () => {
    const broker = await startBroker();
    const port = await freePort();
    const text = writeConfig(
      `links: { udp: { bind: 127.0.0.1, port: ${port} } }\nmqtt: { broker: "${broker.url}" }\n`,
    );
    const gateway = start('up');
    await gateway.until(`broker  ${broker.url}`);
    startPeer({ name: 'shed', links: [{ kind: 'udp', connect: [`127.0.0.1:${port}`] }], topics: ['load'] });
    await until('a reading', () => broker.got.some((each) => /^fog\/shed \{.*"load"/.test(each)), 30_000);
    expect(broker.got).toContain('fog/shed/availability {"state":"online"}');
    await gateway.until(/^shed {2}online {2}direct\(udp\)$/m);
    expect(readFileSync(join(folder, 'fogwisp.yaml'), 'utf8')).toBe(text);
  });

  it('carries a set on the broker to the device, and its answer back', { timeout: 60_000 }, async () => {
    const broker = await startBroker();
    const port = await freePort();
    writeConfig(`links: { udp: { bind: 127.0.0.1, port: ${port} } }\nmqtt: { broker: "${broker.url}" }\n`);
    start('up');
    startPeer({ name: 'shed', links: [{ kind: 'udp', connect: [`127.0.0.1:${port}`] }], topics: ['load'] });
    await until('the peer', () => broker.got.includes('fog/shed/availability {"state":"online"}'), 30_000);
    broker.publish('fog/shed/set', '{"led":true}');
    await until('the answer', () => broker.got.some((each) => each.startsWith('fog/shed/response')));
    expect(broker.got).toContain('fog/shed/response {"path":"led","status":"ok","value":true}');
    await until('the state', () => broker.got.some((each) => /^fog\/shed \{.*"led":true/.test(each)));
  });

  it('starts without its broker, and publishes when that comes', { timeout: 60_000 }, async () => {
    const port = await freePort();
    writeConfig(`links: {}\nmqtt: { broker: "mqtt://127.0.0.1:${port}" }\nshare: true\n`);
    const gateway = start('up');
    await until('a word about it', () => gateway.stderr.includes('nobody listens there'), 20_000);
    const status = await run(['status'], environment);
    expect(status.stdout).toMatch(/^broker .* (offline|connecting), .* waiting, nobody listens there$/m);
    const broker = await startBroker({ port });
    await until(
      'own readings',
      () => broker.got.some((each) => /^fog\/hearth \{.*"load"/.test(each)),
      30_000,
    );
    expect((await gateway.end('SIGTERM')).code).toBe(0);
    const states = broker.got.filter((each) => each.startsWith('fog/bridge/state '));
    expect(states.at(-1)).toBe('fog/bridge/state {"state":"offline"}');
    expect(broker.got.filter((each) => each.startsWith('fog/bridge/hearth/state ')).at(-1)).toContain(
      'offline',
    );
  });

  it('refuses a state directory that another uses, and one it cannot write', {
    timeout: 60_000,
  }, async () => {
    const state = join(folder, 'mine');
    const words = ['up', '--network', network, '--name', 'hearth', '--no-lan', '--broker', 'none', '--state'];
    const first = start(...words, state);
    await first.until('hearth');
    const second = await start(...words, state).ended;
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(/^fogwisp: state directory .*mine is in use by .*\n$/);
    writeFileSync(join(folder, 'file'), '');
    const third = await start(...words, join(folder, 'file', 'state')).ended;
    expect(third).toMatchObject({ code: 6, stdout: '' });
    expect(third.stderr).toMatch(/^fogwisp: state directory .*\n$/);
  });

  it('stops at mistakes in its file', async () => {
    writeConfig('links:\n  upd: true\n');
    expect(await start('up').ended).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'reading fogwisp.yaml\n' +
        'fogwisp: fogwisp.yaml:4:3: unknown key "upd" in "links"; did you mean "udp"?\n',
    });
  });

  it('makes a network of its own when it is told none, and keeps it', { timeout: 60_000 }, async () => {
    const words = ['up', '--name', 'hearth', '--no-lan', '--broker', 'none'];
    const first = start(...words);
    await first.until('next ');
    expect(first.stderr).toContain('a new network was made; `npx --no fogwisp network show` prints the text');
    const { stdout } = await run(['network', 'show'], environment);
    await first.end();
    const second = start(...words);
    await second.until('next ');
    expect(second.stderr).toBe('');
    expect((await run(['network', 'show'], environment)).stdout).toBe(stdout);
  });

  it('ends when it was told to, and by itself', { timeout: 60_000 }, async () => {
    const words = ['up', '--network', network, '--no-lan', '--broker', 'none'];
    expect((await start(...words, '--for', '300ms', '--name', 'a').ended).code).toBe(0);
    const interrupted = start(...words, '--name', 'b');
    await interrupted.until('next ');
    expect((await interrupted.end('SIGINT')).code).toBe(0);
    expect((await run(['status'], environment)).code).toBe(3);
  });
});
