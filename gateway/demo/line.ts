import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { GATEWAY_NAMES, type GatewayName, type RoleLink, SERIAL_NAME } from './cast.js';
import { PIPE_FD, type Troupe } from './troupe.js';

/**
 * A cable between two serial ports of this machine that are no hardware: both programs open a real terminal
 * device.
 */
export interface PtyLine {
  readonly gatewayPath: string;
  readonly peerPath: string;
  close(): void;
}

const OPEN_MS_MAX = 3000;

/** Undefined where socat is missing or does not work; a pipe takes its place then. */
export async function openPtyLine(directory: string, name = 'serial'): Promise<PtyLine | undefined> {
  if (process.platform === 'win32' || spawnSync('socat', ['-V'], { stdio: 'ignore' }).error !== undefined)
    return undefined;
  const gatewayPath = join(directory, `${name}-gateway`);
  const peerPath = join(directory, `${name}-peer`);
  const child = spawnGuarded(gatewayPath, peerPath);
  const until = performance.now() + OPEN_MS_MAX;
  while (!(existsSync(gatewayPath) && existsSync(peerPath))) {
    if (child.exitCode !== null || performance.now() > until) {
      child.stdin?.end();
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { gatewayPath, peerPath, close: () => child.stdin?.end() };
}

/**
 * socat would outlive a parent that is killed. So a shell starts it and reads from us: whatever ends us ends
 * what it reads, and then it ends socat.
 */
function spawnGuarded(gatewayPath: string, peerPath: string): ChildProcess {
  const script = 'socat "$1" "$2" & line=$!; cat >/dev/null; kill "$line"';
  const end = (path: string) => `pty,raw,echo=0,link=${path}`;
  // Its own group: Ctrl-C must not cut the cable before the peers have said goodbye.
  return spawn('sh', ['-c', script, 'sh', end(gatewayPath), end(peerPath)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}

/** A cable from the peer on serial lines to each gateway: real terminal devices, or pipes through us. */
export class Cables {
  readonly #lines: ReadonlyMap<GatewayName, PtyLine>;
  readonly #held: readonly number[];

  private constructor(lines: ReadonlyMap<GatewayName, PtyLine>) {
    this.#lines = lines;
    // socat ends when nobody has its end open any more, as a cable would not.
    const paths = [...lines.values()].map(({ gatewayPath }) => gatewayPath);
    this.#held = paths.map((path) => openSync(path, constants.O_RDWR | constants.O_NOCTTY));
  }

  static async lay(directory: string): Promise<Cables> {
    const lines = new Map<GatewayName, PtyLine>();
    for (const name of GATEWAY_NAMES) {
      const line = await openPtyLine(directory, name);
      if (line !== undefined) lines.set(name, line);
    }
    if (lines.size === GATEWAY_NAMES.length) return new Cables(lines);
    for (const line of lines.values()) line.close();
    return new Cables(new Map());
  }

  get arePipes(): boolean {
    return this.#lines.size === 0;
  }

  /** The ends of the peer. */
  get peerLinks(): readonly RoleLink[] {
    return GATEWAY_NAMES.map((name, at) => {
      const path = this.#lines.get(name)?.peerPath;
      return path === undefined ? { kind: 'pipe', fd: PIPE_FD + at } : { kind: 'serial', path };
    });
  }

  /** Undefined where it is a pipe. */
  gatewayPath(name: GatewayName): string | undefined {
    return this.#lines.get(name)?.gatewayPath;
  }

  /** Joins the pipes of a gateway and the peer, once both are there; terminals need no joining. */
  plug(name: GatewayName, troupe: Troupe): void {
    if (!this.arePipes) return;
    const gateway = troupe.pipeOf(name);
    const peer = troupe.pipeOf(SERIAL_NAME, GATEWAY_NAMES.indexOf(name));
    if (gateway === undefined || peer === undefined) return;
    carry(gateway, peer);
    carry(peer, gateway);
  }

  close(): void {
    for (const file of this.#held) closeSync(file);
    for (const line of this.#lines.values()) line.close();
  }
}

/** What one end says while the other is away is lost, as on a cable. */
export function carry(from: Readable, to: Writable): void {
  from.removeAllListeners('data');
  from.on('data', (bytes: Uint8Array) => {
    if (to.writable) to.write(bytes);
  });
  from.on('error', () => undefined); // the process of that end was killed
}
