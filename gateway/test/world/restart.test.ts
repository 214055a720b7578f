import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetwork } from '@fogwisp/device-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoleLink } from '../../demo/cast.js';
import { openPtyLine } from '../../demo/line.js';
import { CommandLine } from '../command-line.js';
import { until } from '../fake-mesh.js';
import { needs } from '../needs.js';
import { endAll, startBroker } from '../test-broker.js';

const PEER = fileURLToPath(new URL('../../dist/demo/peer.js', import.meta.url));
/** A peer that only publishes has nothing else to notice it by than the hold time of 112 s. */
const BACK_MS_MAX = 240_000;

const socat = needs('socat', 'a gateway that is killed and started again');
const network = createNetwork();
const ends: (() => unknown)[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  ends.push(() => rmSync(folder, { recursive: true }));
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await endAll();
});

function startGateway(): CommandLine {
  const gateway = new CommandLine(['up'], { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder }, folder);
  ends.push(() => (gateway.child.exitCode === null ? gateway.end('SIGKILL') : undefined));
  return gateway;
}

function startPeer(name: string, link: RoleLink): ChildProcess {
  const peer = fork(PEER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  peer.send({ name, link, topics: ['load'], network, asks: undefined });
  ends.push(() => peer.kill('SIGKILL'));
  return peer;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.skipIf(socat.isMissing)(socat.title, () => {
  it('gets the readings of its serial and its UDP peer again', async () => {
    const line = await openPtyLine(folder);
    if (line === undefined) throw new Error('socat opened no line');
    ends.push(() => line.close());
    // socat ends when nobody has its end open any more, as a cable would not.
    const hold = openSync(line.gatewayPath, constants.O_RDWR | constants.O_NOCTTY);
    ends.push(() => closeSync(hold));
    const broker = await startBroker();
    const port = await freePort();
    const links = `{ udp: { bind: 127.0.0.1, port: ${port} }, serial: ${line.gatewayPath} }`;
    const file = `name: hearth\nnetwork: ${network}\nlinks: ${links}\nmqtt: { broker: "${broker.url}" }\n`;
    writeFileSync(join(folder, 'fogwisp.yaml'), file);
    const first = startGateway();
    startPeer('bench', { kind: 'serial', path: line.peerPath });
    startPeer('shed', { kind: 'udp', connect: `127.0.0.1:${port}` });
    const readingsOf = (name: string) => broker.got.filter((each) => each.startsWith(`fog/${name} {`)).length;
    await until('both', () => readingsOf('bench') > 0 && readingsOf('shed') > 0, 60_000);
    await first.end('SIGKILL');
    await until('the last will', () => broker.got.at(-1) === 'fog/bridge/state {"state":"offline"}');
    const before = { bench: readingsOf('bench'), shed: readingsOf('shed') };
    const killedAt = performance.now();
    startGateway();
    for (const name of ['bench', 'shed'] as const) {
      await until(`readings of ${name}`, () => readingsOf(name) > before[name] + 1, BACK_MS_MAX);
      const seconds = Math.round((performance.now() - killedAt) / 1000);
      console.log(`${name} is back after ${seconds} s`);
    }
    expect(broker.got).toContain('fog/shed/availability {"state":"online"}');
  });
});
