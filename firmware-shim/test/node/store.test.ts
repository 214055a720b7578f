import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { storeConformance } from '../../src/conformance/index.js';
import { FileStore } from '../../src/node/index.js';
import { conform } from '../conform.js';
import { PowerFiles } from './power.js';
import { scratchDirectory } from './scratch.js';

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);

/** The permissions of a file, as an octal text. */
function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

async function loaded(directory: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const store = new FileStore(directory);
  const values = await store.load();
  await store.close();
  return values;
}

async function stored(directory: string, ...values: readonly Uint8Array[]): Promise<void> {
  const store = new FileStore(directory);
  await store.load();
  for (const value of values) await store.write('key', value);
  await store.close();
}

conform(
  'a store in a directory',
  storeConformance(() => {
    const directory = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
    let store: FileStore | undefined;
    return {
      open: async () => {
        await store?.close();
        store = new FileStore(directory);
        return store;
      },
      release: async () => {
        await store?.close();
        rmSync(directory, { recursive: true });
      },
    };
  }),
);

describe('the directory of a store', () => {
  it('is made, for its owner alone', async () => {
    const directory = join(scratchDirectory(), 'deep', 'state');
    await stored(directory, ONE);
    expect(modeOf(directory)).toBe('700');
    const names = readdirSync(directory);
    expect(names.sort()).toEqual(['key.0', 'key.1']);
    for (const name of names) expect(modeOf(join(directory, name))).toBe('600');
  });

  it('keeps a value when one of its two files is damaged', async () => {
    for (const damaged of ['key.0', 'key.1']) {
      for (const length of [0, 3, 16]) {
        const directory = scratchDirectory();
        await stored(directory, ONE);
        truncateSync(join(directory, damaged), length);
        expect((await loaded(directory)).get('key')).toEqual(ONE);
        await stored(directory, TWO);
        expect((await loaded(directory)).get('key')).toEqual(TWO);
      }
    }
  });

  it('is refused, with the next step, when both files are damaged', async () => {
    const directory = scratchDirectory();
    await stored(directory, ONE);
    for (const name of ['key.0', 'key.1']) writeFileSync(join(directory, name), 'scribble');
    await expect(loaded(directory)).rejects.toMatchObject({
      code: 'stateCorrupt',
      message: expect.stringMatching(
        /both copies of key in .* are damaged: restore key\.0 .* or remove both to begin/,
      ),
    });
    expect(readdirSync(directory).sort()).toEqual(['key.0', 'key.1']); // and given free again
  });

  it('may hold other files, which are left alone', async () => {
    const directory = scratchDirectory();
    writeFileSync(join(directory, 'README'), 'mine');
    await stored(directory, ONE);
    expect((await loaded(directory)).size).toBe(1);
    expect(readFileSync(join(directory, 'README'), 'utf8')).toBe('mine');
  });

  it('is refused when a file is in the way, with what to do', async () => {
    const directory = scratchDirectory();
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'state')]) {
      await expect(loaded(path)).rejects.toMatchObject({
        name: 'ShimError',
        code: 'stateUnwritable',
        message:
          `state directory ${path} is no directory: a file is in the way; ` +
          'move it, or choose another directory',
      });
    }
  });
});

describe('a store', () => {
  it('tells what failed, keeps the old value and goes on when the disk is full', async () => {
    const files = new PowerFiles();
    const store = new FileStore('disk', files);
    await store.load();
    await store.write('key', ONE);
    const write = files.write.bind(files);
    files.write = async (name, bytes) => {
      await write(name, bytes.subarray(0, 5));
      throw new Error('ENOSPC: no space left on device');
    };
    await expect(store.write('key', TWO)).rejects.toMatchObject({
      code: 'storeFailed',
      message: expect.stringMatching(
        /writing key .* failed: ENOSPC: no space left on device; check its space/,
      ),
    });
    expect((await new FileStore('disk', files.afterKill()).load()).get('key')).toEqual(ONE);
    files.write = write;
    await store.write('key', TWO);
    expect((await new FileStore('disk', files.afterKill()).load()).get('key')).toEqual(TWO);
  });

  it('writes the newest of several values that wait for the disk, and not those before', async () => {
    const files = new PowerFiles();
    const store = new FileStore('disk', files);
    await store.load();
    await store.write('key', ONE);
    const before = files.stepCount;
    await store.write('key', TWO);
    const oneWrite = files.stepCount - before;
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.write('key', Uint8Array.of(i))));
    expect(files.stepCount - before).toBe(2 * oneWrite + oneWrite); // one under way, one for all the others
  });

  it('is loaded once before it is written, and not written after it is closed', async () => {
    const store = new FileStore('disk', new PowerFiles());
    await expect(store.write('key', ONE)).rejects.toMatchObject({ code: 'storeClosed' });
    await store.load();
    await expect(store.load()).rejects.toMatchObject({ code: 'storeClosed' });
    const last = store.write('key', ONE);
    await store.close();
    await last;
    await expect(store.write('key', TWO)).rejects.toMatchObject({ code: 'storeClosed' });
  });
});
