import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileStore } from '../../src/node/index.js';
import { scratchDirectory } from './scratch.js';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Takes the directory, counts its starts there, says how it went and stays. */
const HOLDER = `
  import { FileStore } from '@fogwisp/firmware-shim/node';
  const store = new FileStore(process.argv[1]);
  try {
    const values = await store.load();
    const count = (values.get('count')?.[0] ?? 0) + 1;
    await store.write('count', Uint8Array.of(count));
    console.log('holds ' + count);
  } catch (error) {
    console.log(error.code + ' ' + error.message);
    process.exit();
  }
  process.stdin.on('end', () => store.close().then(() => process.exit())).resume();
`;

interface Holder {
  readonly process: ChildProcess;
  /** The first line that it says. */
  readonly says: string;
}

async function startHolder(directory: string): Promise<Holder> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, directory], {
    cwd: REPOSITORY,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const says = await new Promise<string>((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
      if (text.includes('\n')) resolve(text.trim());
    });
    child.once('exit', () => resolve(text.trim()));
  });
  return { process: child, says };
}

/** Ends when the system has buried the process. */
async function end(holder: Holder, way: 'SIGKILL' | 'politely'): Promise<void> {
  if (holder.process.exitCode !== null || holder.process.signalCode !== null) return;
  const gone = new Promise((resolve) => holder.process.once('exit', resolve));
  if (way === 'SIGKILL') holder.process.kill('SIGKILL');
  else holder.process.stdin?.end();
  await gone;
}

describe('one process per state directory', () => {
  it('refuses a second process, naming the first, until that ends', async () => {
    const directory = scratchDirectory();
    const holder = await startHolder(directory);
    expect(holder.says).toBe('holds 1');
    const second = new FileStore(directory);
    await expect(second.load()).rejects.toMatchObject({
      code: 'stateLocked',
      message:
        `state directory ${directory} is in use by process ${holder.process.pid}: ` +
        'stop it, or give this node a state directory of its own',
    });
    expect((await startHolder(directory)).says).toContain(`in use by process ${holder.process.pid}`);
    await end(holder, 'politely');
    const third = new FileStore(directory);
    expect((await third.load()).get('count')).toEqual(Uint8Array.of(1));
    await third.close();
    expect(readdirSync(directory).filter((name) => name.startsWith('lock'))).toEqual([]);
  });

  it('takes over after the first was killed, time and again', async () => {
    const directory = scratchDirectory();
    for (let count = 1; count <= 4; count++) {
      const holder = await startHolder(directory);
      expect(holder.says).toBe(`holds ${count}`);
      await end(holder, 'SIGKILL');
      expect(readdirSync(directory).filter((name) => name.startsWith('lock'))).toHaveLength(1);
    }
  });

  it('lets at most one of many that start together have it', async () => {
    const directory = scratchDirectory();
    const holders = await Promise.all(Array.from({ length: 5 }, () => startHolder(directory)));
    const says = holders.map((holder) => holder.says.split(' ')[0]);
    expect(says.filter((word) => word === 'holds').length).toBeLessThanOrEqual(1);
    expect(says.every((word) => word === 'holds' || word === 'stateLocked')).toBe(true);
    for (const holder of holders) await end(holder, 'SIGKILL');
    const after = await startHolder(directory);
    expect(after.says).toMatch(/^holds/);
  });

  it('refuses a second store of the same process', async () => {
    const directory = scratchDirectory();
    const store = new FileStore(directory);
    await store.load();
    await expect(new FileStore(directory).load()).rejects.toMatchObject({
      code: 'stateLocked',
      message: expect.stringContaining('in use by this very process'),
    });
    await store.close();
  });

  it('knows a lock of a process that is gone though its number lives again', async () => {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    for (const name of [
      `lock-1-999999999-${boot}`,
      `lock-${process.ppid}-123456-00000000`,
      `lock-4194304-5-${boot}`,
    ]) {
      const directory = scratchDirectory();
      writeFileSync(join(directory, name), '');
      const store = new FileStore(directory);
      await store.load();
      expect(readdirSync(directory)).not.toContain(name);
      await store.close();
    }
  });
});
