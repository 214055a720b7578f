import type { StoreKey } from '@fogwisp/protocol';
import { checkStoreEntry } from '../memory-store.js';
import type { Store } from '../platform.js';
import { ShimError } from '../shim-error.js';
import { DirectoryFiles, type StoreFiles } from './store-files.js';
import { decodeSlot, encodeSlot, type Slot } from './store-slot.js';
import { messageOf } from './system-error.js';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

interface PendingWrite {
  readonly value: Uint8Array | undefined;
  readonly waiters: Waiter[];
}

/**
 * Each key has two files that are written in turn, so the one that holds the present value is never touched:
 * a write that is cut at any byte leaves it as it was. The first value goes to both, so that afterwards a
 * single damaged file is never mistaken for a value that was not there yet. A deletion is written like a
 * value, and cleared away when the store is loaded: the old value first, then the deletion, with the
 * directory made durable in between.
 */
export class FileStore implements Store {
  readonly #directory: string;
  readonly #files: StoreFiles;
  /** Sequence of the newest slot of each key. */
  readonly #sequences = new Map<StoreKey, number>();
  /** Files that are known to survive. */
  readonly #names = new Set<string>();
  readonly #pending = new Map<StoreKey, PendingWrite>();
  #writing: Promise<void> | undefined;
  #phase: 'new' | 'open' | 'closed' = 'new';

  /** `files` stand in for the directory in tests; the directory then only names them in messages. */
  constructor(directory: string, files: StoreFiles = new DirectoryFiles(directory)) {
    this.#directory = directory;
    this.#files = files;
  }

  async load(): Promise<ReadonlyMap<StoreKey, Uint8Array>> {
    if (this.#phase !== 'new') throw this.#notOpen();
    await this.#files.open();
    this.#phase = 'open';
    try {
      return await this.#loadAll();
    } catch (error) {
      await this.close();
      throw error instanceof ShimError ? error : this.#failed('reading', error);
    }
  }

  write(key: StoreKey, value: Uint8Array | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      checkStoreEntry(key, value);
      if (this.#phase !== 'open') throw this.#notOpen();
      const waiters = this.#pending.get(key)?.waiters ?? [];
      waiters.push({ resolve, reject });
      this.#pending.set(key, { value: value && new Uint8Array(value), waiters });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Finishes what was asked to be written, and gives the directory free. */
  async close(): Promise<void> {
    if (this.#phase !== 'open') return;
    this.#phase = 'closed';
    await this.#writing;
    await this.#files.close();
  }

  async #loadAll(): Promise<Map<StoreKey, Uint8Array>> {
    const values = new Map<StoreKey, Uint8Array>();
    const names = new Set(await this.#files.list());
    await this.#files.sync(); // what a killed process left may not be on the disk yet
    for (const key of keysOf(names)) {
      const slot = await this.#newest(key, names);
      if (slot === undefined) continue; // the first write was cut short
      if (slot.value === undefined) {
        await this.#clear(key, slot.sequence, names);
        continue;
      }
      await this.#files.sync(slotName(key, slot.sequence)); // the other one is overwritten next
      this.#sequences.set(key, slot.sequence);
      values.set(key, slot.value);
    }
    return values;
  }

  async #newest(key: StoreKey, names: ReadonlySet<string>): Promise<Slot | undefined> {
    let newest: Slot | undefined;
    let damaged = 0;
    for (const name of [slotName(key, 0), slotName(key, 1)]) {
      if (!names.has(name)) continue;
      const slot = decodeSlot(await this.#files.read(name));
      this.#names.add(name);
      if (slot === undefined) damaged++;
      else if (newest === undefined || slot.sequence > newest.sequence) newest = slot;
    }
    if (damaged < 2) return newest;
    const step = `restore ${slotName(key, 0)} there from a backup, or remove both to begin without it`;
    throw new ShimError('stateCorrupt', `both copies of ${key} in ${this.#directory} are damaged: ${step}`);
  }

  async #clear(key: StoreKey, sequence: number, names: ReadonlySet<string>): Promise<void> {
    for (const name of [slotName(key, sequence + 1), slotName(key, sequence)]) {
      if (!names.has(name)) continue;
      await this.#files.remove(name);
      await this.#files.sync();
      this.#names.delete(name);
    }
  }

  async #writeAll(): Promise<void> {
    for (;;) {
      const next = this.#pending.entries().next();
      if (next.done === true) break;
      const [key, { value, waiters }] = next.value;
      this.#pending.delete(key);
      try {
        await this.#writeOne(key, value);
        for (const waiter of waiters) waiter.resolve();
      } catch (error) {
        const failure = this.#failed(`writing ${key}`, error);
        for (const waiter of waiters) waiter.reject(failure);
      }
    }
    this.#writing = undefined;
  }

  async #writeOne(key: StoreKey, value: Uint8Array | undefined): Promise<void> {
    const before = this.#sequences.get(key);
    if (before === undefined && value === undefined) return;
    if (before === undefined) await this.#put(key, { sequence: 0, value });
    await this.#put(key, { sequence: (before ?? 0) + 1, value });
  }

  async #put(key: StoreKey, slot: Slot): Promise<void> {
    const name = slotName(key, slot.sequence);
    await this.#files.write(name, encodeSlot(slot));
    if (!this.#names.has(name)) await this.#files.sync();
    this.#names.add(name);
    this.#sequences.set(key, slot.sequence);
  }

  #failed(doing: string, error: unknown): ShimError {
    const step = 'check its space and permissions';
    const what = `${doing} in state directory ${this.#directory} failed`;
    return new ShimError('storeFailed', `${what}: ${messageOf(error)}; ${step}`, error);
  }

  #notOpen(): ShimError {
    const phase = this.#phase === 'open' ? 'open already' : this.#phase;
    const what = `the store in ${this.#directory} is ${phase}`;
    return new ShimError('storeClosed', `${what}: load it once, write, then close it`);
  }
}

/** Characters that every file system keeps apart stay; the others, capitals among them, become %XX. */
function slotName(key: StoreKey, sequence: number): string {
  const safe = key.replace(/[^a-z0-9_-]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `${safe}.${sequence % 2}`;
}

function keysOf(names: ReadonlySet<string>): ReadonlySet<StoreKey> {
  const keys = new Set<StoreKey>();
  for (const name of names) {
    const match = /^([a-z0-9_%-]+)\.[01]$/.exec(name);
    if (match?.[1] === undefined) continue;
    keys.add(match[1].replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))));
  }
  return keys;
}
