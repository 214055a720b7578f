import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { parseNetworkKey } from '@fogwisp/protocol';
import { carry } from './line.js';
import type { Troupe } from './troupe.js';

/**
 * Two more peers, in the engines of boards: XS and QuickJS, each its own process, whose only link is a line
 * to a peer on the local network. Only in a clone, where their sources are, and only with a C compiler; the
 * first time they come half a minute later.
 */
const ENGINES = [
  { engine: 'xs', on: 'attic', asks: { name: 'shed', path: 'load' } },
  { engine: 'quickjs', on: 'greenhouse', asks: { name: 'attic', path: 'uptime' } },
] as const;

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
  readonly #troupe: Troupe;
  readonly #folder: string;
  readonly #tools = toolsFolder();
  #builder: ChildProcess | undefined;
  #processes: EngineProcess[] = [];
  #isStopped = false;

  constructor(troupe: Troupe, folder: string) {
    this.#troupe = troupe;
    this.#folder = folder;
  }

  /** The peers that need a pipe for them; none where they cannot be built. */
  get hosts(): readonly string[] {
    return this.#tools === undefined ? [] : ENGINES.map(({ on }) => on);
  }

  /** Returns at once. Where they cannot be built, the demo goes on without them. */
  start(network: string): void {
    const tools = this.#tools;
    if (tools === undefined) return;
    for (const name of this.hosts) this.#troupe.pipeOf(name)?.resume(); // as on a line with nobody at its end
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
    for (const { engine, on, asks } of ENGINES) {
      const role = { name: `engine-${engine}`, network: key, asks };
      const started = await EngineProcess.start(engine, role, hosts, this.#folder);
      this.#processes.push(started);
      if (this.#isStopped) return started.stop(GOODBYE_MS_MAX);
      const pipe = this.#troupe.pipeOf(on);
      if (pipe === undefined) continue;
      carry(pipe, started.writable);
      carry(started.readable, pipe);
    }
  }
}

function toolsFolder(): string | undefined {
  const entry = createRequire(import.meta.url).resolve('@fogwisp/firmware-shim');
  const shim = entry.substring(0, entry.lastIndexOf(`${sep}dist${sep}`));
  const folder = join(shim, 'dist-engines');
  return existsSync(join(folder, 'prepare.js')) ? folder : undefined;
}
