import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetwork } from '@fogwisp/device-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoleLink } from '../../demo/cast.js';
import { openPtyLine } from '../../demo/line.js';
import { freePort } from '../../tools/free-port.js';
import { CommandLine } from '../command-line.js';
import { until } from '../fake-mesh.js';
import { type Listener, startListener, startMosquitto } from '../mosquitto.js';
import { needs } from '../needs.js';
import { atEnd, endAll } from '../test-broker.js';

const PEER = fileURLToPath(new URL('../../dist/demo/peer.js', import.meta.url));
const START_MS_MAX = 60_000;
/** Far below the 112 s after which a silent gateway would be given up: its peers notice the restart. */
const BACK_MS_MAX = 60_000;

const WHAT = 'a gateway between a serial peer, a UDP peer and Mosquitto';
const socat = needs('socat', WHAT);
const mosquitto = needs('mosquitto', WHAT);
const missing = [socat, mosquitto].find((program) => program.isMissing);

const network = createNetwork();
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  atEnd(() => rmSync(folder, { recursive: true }));
});

afterEach(endAll);

/** As a user starts it; each time with the same file, and so with the same state directory. */
function startGateway(file: string): CommandLine {
  const gateway = new CommandLine(['up', '--config', file], { XDG_RUNTIME_DIR: folder }, folder);
  atEnd(() => (gateway.child.exitCode === null ? gateway.end('SIGKILL') : undefined));
  return gateway;
}

function startPeer(name: string, link: RoleLink): ChildProcess {
  const peer = fork(PEER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  peer.send({ name, links: [link], topics: ['load'], network, asks: undefined });
  atEnd(() => peer.kill('SIGKILL'));
  return peer;
}

/** A cable with a socket at either end: two terminal devices. */
async function layLine(): Promise<{ gatewayPath: string; peerPath: string }> {
  const line = await openPtyLine(folder);
  if (line === undefined) throw new Error('socat opened no line');
  atEnd(() => line.close());
  // socat ends when nobody has its end open any more, as a cable would not.
  const hold = openSync(line.gatewayPath, constants.O_RDWR | constants.O_NOCTTY);
  atEnd(() => closeSync(hold));
  return line;
}

/** What another program on the broker sees of the two peers. */
class Witness {
  readonly #listener: Listener;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  get bridgeStates(): string[] {
    return this.#listener.textsOf('fog/bridge/state').map((text) => JSON.parse(text).state);
  }

  /** How many readings of each were published. */
  get counts(): Record<string, number> {
    return Object.fromEntries(['bench', 'shed'].map((name) => [name, this.#readingsOf(name)]));
  }

  async moreThan(before: Readonly<Record<string, number>>, msMax: number): Promise<void> {
    const startedAt = performance.now();
    for (const [name, count] of Object.entries(before)) {
      await until(`readings of ${name}`, () => this.#readingsOf(name) > count + 1, msMax);
      console.log(`${name}: readings after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    }
  }

  /** The answer that comes on the documented topic. */
  async ask(name: string, verb: 'set' | 'get', body: object): Promise<unknown> {
    const transaction = `${name}-${verb}-${Math.round(performance.now())}`;
    await this.#listener.publish(`fog/${name}/${verb}`, JSON.stringify({ ...body, transaction }));
    const answers = () =>
      this.#listener
        .textsOf(`fog/${name}/response`)
        .map((text) => JSON.parse(text))
        .filter((answer) => answer.transaction === transaction);
    await until(`the answer of ${name}`, () => answers().length > 0, START_MS_MAX);
    const { transaction: _, ...answer } = answers()[0];
    return answer;
  }

  #readingsOf(name: string): number {
    const states = this.#listener.textsOf(`fog/${name}`).map((text) => JSON.parse(text));
    return states.filter((state) => typeof state.load === 'number').length;
  }
}

describe.skipIf(missing !== undefined)(missing?.title ?? WHAT, () => {
  it('bridges both ways, and again after it was killed', async () => {
    const line = await layLine();
    const [brokerPort, port] = [await freePort(), await freePort()];
    await startMosquitto(brokerPort);
    const witness = new Witness(await startListener(brokerPort));
    const file = join(folder, 'gateway.yaml');
    writeFileSync(
      file,
      `
name: hearth
network: ${network}
state: ${join(folder, 'state')}
links: { udp: { bind: 127.0.0.1, port: ${port} }, serial: ${line.gatewayPath} }
mqtt: { broker: "mqtt://127.0.0.1:${brokerPort}" }
`,
    );
    const first = startGateway(file);
    startPeer('bench', { kind: 'serial', path: line.peerPath });
    startPeer('shed', { kind: 'udp', connect: [`127.0.0.1:${port}`] });
    await witness.moreThan({ bench: 0, shed: 0 }, START_MS_MAX);
    const isOn = { path: 'led', status: 'ok', value: true };
    expect(await witness.ask('bench', 'set', { led: true })).toEqual(isOn);
    expect(witness.bridgeStates).toEqual(['online']);

    await first.end('SIGKILL');
    await until('the last will', () => witness.bridgeStates.length === 2);
    expect(witness.bridgeStates).toEqual(['online', 'offline']);

    const before = witness.counts;
    startGateway(file);
    await witness.moreThan(before, BACK_MS_MAX);
    expect(witness.bridgeStates).toEqual(['online', 'offline', 'online']);
    expect(await witness.ask('bench', 'get', { led: '' })).toEqual(isOn); // the same peer as before
    expect(await witness.ask('bench', 'set', { led: false })).toEqual({ ...isOn, value: false });
    expect(await witness.ask('shed', 'set', { led: true })).toEqual(isOn);
  });
});
