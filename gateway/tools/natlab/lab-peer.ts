import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Namespaces } from '../../demo/nat/namespaces.js';
import type { Json } from '../../src/bridge/json.js';
import { asPeers } from '../../src/cli/answers.js';
import { ControlClient } from '../../src/control/client.js';
import type { ControlRequest } from '../../src/control/protocol.js';
import type { PeerView } from '../../src/peer-view.js';

const LAUNCHER = fileURLToPath(new URL('../../../bin/fogwisp.js', import.meta.url));
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5000;
const LOOK_MS = 20;

export interface LabPeerOptions {
  readonly namespaces: Namespaces;
  readonly space: string;
  readonly name: string;
  readonly network: string;
  /** Of this peer alone. */
  readonly folder: string;
  /** YAML, below `links:`. */
  readonly links: string;
}

/** What went over the wire of its namespace, with IP headers and without Ethernet's. */
export interface Wire {
  readonly bytes: number;
  readonly packets: number;
}

/** A `fogwisp up` in a namespace, asked over its socket as the command line does. */
export class LabPeer {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #client: ControlClient;

  private constructor(name: string, child: ChildProcess, client: ControlClient) {
    this.name = name;
    this.#child = child;
    this.#client = client;
  }

  static async start(options: LabPeerOptions): Promise<LabPeer> {
    const { namespaces, space, name, network, folder, links } = options;
    mkdirSync(folder, { recursive: true });
    const [config, socket] = [join(folder, 'fogwisp.yaml'), join(folder, 's')];
    const state = join(folder, 'state');
    const lines = [`name: ${name}`, `network: ${network}`, `state: ${state}`, `socket: ${socket}`];
    writeFileSync(config, [...lines, 'mqtt: { broker: none }', `links: ${links}`, ''].join('\n'));
    const child = namespaces.spawn(space, process.execPath, [LAUNCHER, 'up', '--config', config], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr?.on('data', (bytes) => {
      complaint = `${complaint}${String(bytes)}`.slice(-500);
    });
    const until = performance.now() + START_MS_MAX;
    for (;;) {
      const client = await ControlClient.open(socket).catch(() => undefined);
      if (client !== undefined) return new LabPeer(name, child, client);
      if (child.exitCode !== null || performance.now() > until) {
        child.kill('SIGKILL');
        throw new Error(`${name} did not start: ${complaint}`);
      }
      await sleep(LOOK_MS);
    }
  }

  ask(request: ControlRequest): Promise<Json> {
    return this.#client.call(request);
  }

  async peers(): Promise<readonly PeerView[]> {
    return asPeers(await this.ask({ verb: 'peers' }));
  }

  async peer(name: string): Promise<PeerView | undefined> {
    return (await this.peers()).find((each) => each.name === name);
  }

  wire(): Wire {
    return wireOf(readFileSync(`/proc/${this.#child.pid}/net/dev`, 'utf8'));
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#client.close();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    child.kill('SIGTERM');
    await once(child, 'close');
    clearTimeout(timer);
  }
}

const ETHERNET_BYTES = 14;

/** Both directions of all interfaces but loopback, from /proc/net/dev. */
export function wireOf(table: string): Wire {
  let bytes = 0;
  let packets = 0;
  for (const line of table.split('\n')) {
    const [, name, rest = ''] = /^\s*([^:\s]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || name === 'lo') continue;
    const columns = rest.trim().split(/\s+/).map(Number);
    for (const at of [0, 8]) {
      const count = columns[at + 1] ?? 0;
      packets += count;
      bytes += (columns[at] ?? 0) - count * ETHERNET_BYTES;
    }
  }
  return { bytes, packets };
}
