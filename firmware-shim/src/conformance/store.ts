import { equalBytes } from '@fogwisp/protocol';
import { STORE_KEY_LENGTH_MAX, STORE_VALUE_BYTES_MAX, type Store } from '../platform.js';
import { type ConformanceCase, check } from './case.js';

/** Something empty to store in. */
export interface StoreFixture {
  /** A store over what was written so far, as after a restart; the one of the last call is done with. */
  open(): Promise<Store>;
  release?(): Promise<void> | void;
}

/** Names that a file system, a flash index or a careless join of paths may get wrong. */
const ODD_KEYS = [
  'a',
  'A',
  'a.b',
  'a/b',
  '../a',
  '..',
  '.',
  '~',
  'lock',
  '%41',
  'a%2fb',
  'CON',
  'x'.repeat(64),
];
const BAD_KEYS = ['', ' ', 'a b', 'a\n', 'ä', '\0', 'x'.repeat(STORE_KEY_LENGTH_MAX + 1)];

/** What every Store must do; that it survives power loss is for a test that can cut the power. */
export function storeConformance(
  make: () => Promise<StoreFixture> | StoreFixture,
): readonly ConformanceCase[] {
  const stored = (name: string, run: (fixture: StoreFixture) => Promise<void>): ConformanceCase => ({
    name,
    run: async () => {
      const fixture = await make();
      try {
        await run(fixture);
      } finally {
        await fixture.release?.();
      }
    },
  });
  return [
    stored('is empty at first', startsEmpty),
    stored('keeps a value over a restart, and the newest of several', keepsNewest),
    stored('forgets what was deleted, and takes it again', deletes),
    stored('tells an empty value from none', keepsEmpty),
    stored('keeps a value of the largest size and refuses a larger one', keepsLargest),
    stored('keeps every key apart', keepsKeysApart),
    stored('refuses keys that are none', refusesKeys),
    stored('copies the value before write returns', copies),
    stored('ends with the last of many writes that were not waited for', endsWithLast),
  ];
}

async function startsEmpty(fixture: StoreFixture): Promise<void> {
  check((await (await fixture.open()).load()).size === 0, 'a new store has nothing');
}

async function keepsNewest(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  for (let i = 1; i <= 5; i++) await store.write('key', bytesOf(i));
  await expectValue(fixture, 'key', bytesOf(5));
  const again = await opened(fixture);
  await again.write('key', bytesOf(6));
  await expectValue(fixture, 'key', bytesOf(6));
}

async function deletes(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  await store.write('absent', undefined);
  await store.write('key', bytesOf(1));
  await store.write('key', undefined);
  await expectValue(fixture, 'key', undefined);
  await expectValue(fixture, 'key', undefined); // also after what was deleted is cleared away
  const again = await opened(fixture);
  await again.write('key', bytesOf(2));
  await expectValue(fixture, 'key', bytesOf(2));
}

async function keepsEmpty(fixture: StoreFixture): Promise<void> {
  await (await opened(fixture)).write('key', new Uint8Array(0));
  await expectValue(fixture, 'key', new Uint8Array(0));
}

async function keepsLargest(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  const largest = new Uint8Array(STORE_VALUE_BYTES_MAX).fill(7);
  await store.write('key', largest);
  check(await isRefused(store.write('key', new Uint8Array(STORE_VALUE_BYTES_MAX + 1))), 'larger is refused');
  await expectValue(fixture, 'key', largest);
}

async function keepsKeysApart(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  for (const [i, key] of ODD_KEYS.entries()) await store.write(key, bytesOf(i));
  const values = await (await fixture.open()).load();
  check(values.size === ODD_KEYS.length, 'there are as many values as keys');
  for (const [i, key] of ODD_KEYS.entries()) {
    check(isSame(values.get(key), bytesOf(i)), `the key ${JSON.stringify(key)} has its own value`);
  }
}

async function refusesKeys(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  for (const key of BAD_KEYS) {
    check(await isRefused(store.write(key, bytesOf(1))), `the key ${JSON.stringify(key)} is refused`);
  }
  check((await (await fixture.open()).load()).size === 0, 'nothing was written under such a key');
}

async function copies(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  const value = bytesOf(1);
  const written = store.write('key', value);
  value.fill(255);
  await written;
  await expectValue(fixture, 'key', bytesOf(1));
}

async function endsWithLast(fixture: StoreFixture): Promise<void> {
  const store = await opened(fixture);
  const writes: Promise<void>[] = [];
  for (let i = 0; i < 40; i++) {
    writes.push(store.write('one', bytesOf(i)), store.write('other', i % 2 === 0 ? bytesOf(i) : undefined));
  }
  await Promise.all(writes);
  await expectValue(fixture, 'one', bytesOf(39));
  await expectValue(fixture, 'other', undefined);
}

async function opened(fixture: StoreFixture): Promise<Store> {
  const store = await fixture.open();
  await store.load();
  return store;
}

async function expectValue(fixture: StoreFixture, key: string, value: Uint8Array | undefined): Promise<void> {
  const values = await (await fixture.open()).load();
  check(isSame(values.get(key), value), `${key} is found again as it was written last`);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

async function isRefused(write: Promise<void>): Promise<boolean> {
  return write.then(
    () => false,
    () => true,
  );
}

function bytesOf(n: number): Uint8Array {
  return Uint8Array.of(n, 0, 255, n);
}
