import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isJsonMap, parseJson } from '../bridge/json.js';

/** One running gateway of this user. */
export interface Registration {
  /** Of this gateway alone, even when one process runs two. */
  readonly key: string;
  readonly pid: number;
  readonly name: string;
  /** Those of one network give the same answers. */
  readonly networkId: string;
  /** What it was started as. */
  readonly kind: 'demo' | 'up';
  /** The process that started it. */
  readonly parent: number;
  readonly socket: string;
  readonly startedAt: number;
}

/** Socket addresses are at most 107 bytes; a runtime directory is short, a state directory need not be. */
const SOCKET_PATH_MAX = 107;

/**
 * A folder of this user with one small file for each running gateway, so that a command in another terminal
 * finds it. It lives as long as the session or the machine, not longer.
 */
export class Registry {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  static newKey(): string {
    return `${process.pid}-${randomBytes(3).toString('hex')}`;
  }

  static ofUser(environment: NodeJS.ProcessEnv = process.env): Registry {
    const runtime = environment['XDG_RUNTIME_DIR'];
    if (runtime !== undefined && runtime !== '') return new Registry(join(runtime, 'fogwisp'));
    const { uid, username } = userInfo();
    return new Registry(join(tmpdir(), `fogwisp-${uid >= 0 ? uid : username}`));
  }

  /** Where a gateway listens unless it is told otherwise. */
  socketPath(key: string): string {
    if (process.platform === 'win32') return `\\\\.\\pipe\\fogwisp-${key}`;
    const path = join(this.directory, `${key}.sock`);
    return Buffer.byteLength(path) <= SOCKET_PATH_MAX ? path : join(tmpdir(), `fogwisp-${key}.sock`);
  }

  /** Makes the folder, and refuses one that somebody else may have laid there. */
  prepare(): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    if (process.getuid === undefined) return;
    const { uid, mode } = statSync(this.directory);
    if (uid === process.getuid() && (mode & 0o077) === 0) return;
    throw new Error(`${this.directory} is open to other users: remove it, then start again`);
  }

  add(registration: Registration): void {
    this.prepare();
    const path = this.#fileOf(registration.key);
    writeFileSync(`${path}.new`, JSON.stringify(registration), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  remove(key: string): void {
    removeIfThere(this.#fileOf(key));
  }

  /** The gateways that run, newest first. What a killed one left behind is cleared away. */
  list(): Registration[] {
    const found: Registration[] = [];
    for (const file of filesIn(this.directory)) {
      const registration = readRegistration(join(this.directory, file));
      if (registration === undefined) continue;
      if (isRunning(registration.pid)) found.push(registration);
      else this.#clear(registration);
    }
    return found.sort((a, b) => b.startedAt - a.startedAt);
  }

  #clear(dead: Registration): void {
    this.remove(dead.key);
    if (dead.socket.startsWith(this.directory)) removeIfThere(dead.socket);
  }

  #fileOf(key: string): string {
    return join(this.directory, `${key}.json`);
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((file) => file.endsWith('.json'));
  } catch {
    return []; // nothing was ever started
  }
}

function readRegistration(path: string): Registration | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined; // it ended between the listing and now
  }
  const json = parseJson(text);
  if (!isJsonMap(json)) return undefined;
  const { key, pid, name, networkId, kind, parent, socket, startedAt } = json;
  if (
    typeof key !== 'string' ||
    typeof pid !== 'number' ||
    typeof parent !== 'number' ||
    typeof name !== 'string' ||
    typeof networkId !== 'string' ||
    typeof socket !== 'string'
  )
    return undefined;
  if (typeof startedAt !== 'number' || (kind !== 'demo' && kind !== 'up')) return undefined;
  return { key, pid, name, networkId, kind, parent, socket, startedAt };
}

/** Signal 0 asks without doing anything. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // gone already
  }
}
