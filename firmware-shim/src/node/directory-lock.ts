import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBelow } from '@fogwisp/protocol';
import { ShimError } from '../shim-error.js';
import { nodeRandom } from './random.js';
import { systemCode } from './system-error.js';

/** Two processes that start at the same moment both step back; so often they try again. */
const ATTEMPT_COUNT_MAX = 4;
const ATTEMPT_MS_MIN = 20;
const ATTEMPT_MS_JITTER = 60;

const NAME = /^lock-(\d+)-(\d+)-([0-9a-f]+)$/;

/** Where the kernel does not tell. */
const UNKNOWN = '0';

/** What this process holds, for systems on which a name does not tell two processes of one pid apart. */
const held = new Set<string>();

/**
 * One process per directory. The lock is an empty file named after its holder: pid, start of the process and
 * boot of the machine, so a name that outlived its process (SIGKILL, power loss) is known as such even when
 * the pid lives again, and removing it can never hit a lock of somebody else. Each process first makes its
 * own name and then looks for others: of two, at least the later one sees the other and steps back.
 * Containers that share a directory are not told apart, as neither sees the processes of the other.
 */
export class DirectoryLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async acquire(directory: string): Promise<DirectoryLock> {
    const name = `lock-${process.pid}-${startOf(process.pid) ?? UNKNOWN}-${bootOfMachine()}`;
    const path = join(directory, name);
    let holder: number | undefined;
    for (let attempt = 0; attempt < ATTEMPT_COUNT_MAX; attempt++) {
      if (attempt > 0) await pause(ATTEMPT_MS_MIN + randomBelow(nodeRandom, ATTEMPT_MS_JITTER));
      create(path, directory);
      holder = otherHolder(directory, name);
      if (holder === undefined) {
        held.add(path);
        return new DirectoryLock(path);
      }
      removeIfThere(path);
    }
    throw lockedBy(directory, `process ${holder}`);
  }

  release(): void {
    held.delete(this.#path);
    removeIfThere(this.#path);
  }
}

function create(path: string, directory: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    if (held.has(path) || !path.includes(`-${UNKNOWN}-`)) throw lockedBy(directory, 'this very process');
  }
}

function otherHolder(directory: string, own: string): number | undefined {
  for (const name of readdirSync(directory)) {
    const match = NAME.exec(name);
    if (match === null || name === own) continue;
    const pid = Number(match[1]);
    if (isAlive(pid, match[2] ?? UNKNOWN, match[3] ?? UNKNOWN)) return pid;
    removeIfThere(join(directory, name));
  }
  return undefined;
}

function isAlive(pid: number, start: string, boot: string): boolean {
  if (boot !== UNKNOWN && boot !== bootOfMachine()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM'; // alive, of another user
  }
  if (start === UNKNOWN) return true;
  const now = startOf(pid);
  return now === undefined ? isStatHidden(pid) : now === start;
}

/**
 * When the process started, in ticks since boot; undefined when it is gone, a zombie, or the kernel hides it.
 */
function startOf(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3 on, the state
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** With /proc mounted `hidepid`, a process of another user lives though nothing can be read of it. */
function isStatHidden(pid: number): boolean {
  return readText(`/proc/${pid}/stat`) === '' && readText(`/proc/${process.pid}/stat`) !== '';
}

function bootOfMachine(): string {
  return readText('/proc/sys/kernel/random/boot_id').slice(0, 8) || UNKNOWN;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

function lockedBy(directory: string, holder: string): ShimError {
  const step = 'stop it, or give this node a state directory of its own';
  return new ShimError('stateLocked', `state directory ${directory} is in use by ${holder}: ${step}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
