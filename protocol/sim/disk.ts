import type { StoreKey } from '@fogwisp/protocol';
import type { Prng } from './prng.js';

/**
 * What a power cut leaves of writes that were not confirmed. The store is atomic per key, so a torn write is
 * the old value or the new one, by chance and key by key; `lost` empties the whole store, as a replaced SD
 * card does.
 */
export type StoreFault = 'torn' | 'old' | 'new' | 'lost';

interface Write {
  readonly key: StoreKey;
  readonly value: Uint8Array | undefined;
}

/** Larger values are a bug of the machine: stores on boards have pages. */
export const VALUE_BYTES_MAX = 4096;

/** The key-value store of one host: what is on it, and what is still being written. */
export class Disk {
  readonly #stored = new Map<StoreKey, Uint8Array>();
  #pending: Write[] = [];
  /** Confirmed writes. */
  writeCount = 0;

  get stored(): ReadonlyMap<StoreKey, Uint8Array> {
    return this.#stored;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  begin(key: StoreKey, value: Uint8Array | undefined): void {
    this.#pending.push({ key, value });
  }

  /** The oldest write is on the disk; gives its key. */
  finish(): StoreKey | undefined {
    const write = this.#pending.shift();
    if (write === undefined) return undefined;
    this.#apply(write);
    this.writeCount++;
    return write.key;
  }

  crash(fault: StoreFault, random: Prng): void {
    const pending = this.#pending;
    this.#pending = [];
    if (fault === 'lost') return this.#stored.clear();
    if (fault === 'old') return;
    const stopped = new Set<StoreKey>();
    for (const write of pending) {
      if (stopped.has(write.key)) continue;
      if (fault === 'torn' && random.chance(0.5)) stopped.add(write.key);
      else this.#apply(write);
    }
  }

  /** What another tool did to the store between two runs. */
  put(key: StoreKey, value: Uint8Array | undefined): void {
    this.#apply({ key, value });
  }

  #apply(write: Write): void {
    if (write.value === undefined) this.#stored.delete(write.key);
    else this.#stored.set(write.key, write.value);
  }
}
