import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { nodeSuite, pipeLink } from '@fogwisp/firmware-shim/node';
import { parseNetworkKey } from '@fogwisp/protocol';
import type { Gateway } from '../src/gateway.js';

/**
 * Two more peers, in the engines of boards: XS and QuickJS, each its own process on a line of bytes. Only in
 * a clone, where their sources are, and only with a C compiler; the first time they come half a minute later.
 */
const ENGINES = [
  { engine: 'xs', asks: { name: 'attic', path: 'load' } },
  { engine: 'quickjs', asks: { name: 'greenhouse', path: 'uptime' } },
] as const;

/** Packets of a board. */
const MTU = 480;
const GOODBYE_MS_MAX = 500;

/** Of the tools of the workspace, which are no part of the package. */
interface EngineTools {
  readonly EngineProcess: {
    start(engine: string, role: object, hosts: unknown, parent: string): Promise<EngineProcess>;
  };
}

interface EngineProcess {
  readonly readable: Readable;
  readonly writable: Writable;
  stop(msMax: number): Promise<void>;
}

export class EnginePeers {
  readonly #gateway: Gateway;
  readonly #folder: string;
  #builder: ChildProcess | undefined;
  #processes: EngineProcess[] = [];
  #isStopped = false;

  constructor(gateway: Gateway, folder: string) {
    this.#gateway = gateway;
    this.#folder = folder;
  }

  get count(): number {
    return this.#processes.length;
  }

  /** Returns at once. Where they cannot be built, the demo goes on without them. */
  start(network: string): void {
    const tools = toolsFolder();
    if (tools === undefined) return;
    // The leader of a group, so that it can be ended with the compilers that it started.
    this.#builder = fork(join(tools, 'prepare.js'), {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#builder.once('message', (hosts) => {
      this.#play(tools, network, hosts).catch(() => undefined);
    });
    this.#builder.on('error', () => undefined);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#builder?.connected === true) this.#builder.disconnect();
    await Promise.all(this.#processes.map((each) => each.stop(GOODBYE_MS_MAX)));
  }

  async #play(tools: string, network: string, hosts: unknown): Promise<void> {
    const key = parseNetworkKey(nodeSuite(), network)?.key;
    const entry = pathToFileURL(join(tools, 'engine-process.js')).href;
    const { EngineProcess } = (await import(entry)) as EngineTools; // of the same clone
    for (const { engine, asks } of ENGINES) {
      const name = `engine-${engine}`;
      const role = { name, network: key, asks };
      const started = await EngineProcess.start(engine, role, hosts, this.#folder);
      this.#processes.push(started);
      if (this.#isStopped) return started.stop(GOODBYE_MS_MAX);
      const link = pipeLink(started.readable, started.writable, { name: engine, mtu: MTU });
      this.#gateway.links.add(link, `engine ${engine}`, name);
    }
  }
}

function toolsFolder(): string | undefined {
  const shim = dirname(dirname(createRequire(import.meta.url).resolve('@fogwisp/firmware-shim')));
  const folder = join(shim, 'dist-engines');
  return existsSync(join(folder, 'prepare.js')) ? folder : undefined;
}
