import type { Instant, StoreKey } from '@fogwisp/protocol';
import type { Platform } from './platform.js';

/** A full disk is seldom empty again sooner. */
const RETRY_MS = 5000;

export interface PersisterOwner {
  persisted(key: StoreKey): void;
  storeFailed(key: StoreKey, error: unknown): void;
}

/** Writes what the node wants persisted, and again when the store refuses: the newest value of each key. */
export class Persister {
  readonly #platform: Pick<Platform, 'now' | 'store'>;
  readonly #owner: PersisterOwner;
  readonly #failed = new Map<StoreKey, Uint8Array | undefined>();
  /** Counts writes per key, so that a failed old value never follows a newer one. */
  readonly #latest = new Map<StoreKey, number>();
  readonly #underWay = new Set<Promise<void>>();
  #retryAt: Instant | undefined;

  constructor(platform: Pick<Platform, 'now' | 'store'>, owner: PersisterOwner) {
    this.#platform = platform;
    this.#owner = owner;
  }

  get retryAt(): Instant | undefined {
    return this.#retryAt;
  }

  write(key: StoreKey, value: Uint8Array | undefined): void {
    const version = (this.#latest.get(key) ?? 0) + 1;
    this.#latest.set(key, version);
    this.#failed.delete(key);
    const writing = this.#write(key, value, version).finally(() => this.#underWay.delete(writing));
    this.#underWay.add(writing);
  }

  /** Writes what failed again, once it is time. */
  retry(now: Instant): void {
    if (this.#retryAt === undefined || now < this.#retryAt) return;
    this.#retryAt = undefined;
    for (const [key, value] of [...this.#failed]) this.write(key, value);
  }

  /** Resolves when nothing is being written; values that the store refused are tried once more before. */
  async settle(): Promise<void> {
    this.#retryAt = undefined;
    await Promise.all(this.#underWay);
    for (const [key, value] of [...this.#failed]) this.write(key, value);
    await Promise.all(this.#underWay);
  }

  async #write(key: StoreKey, value: Uint8Array | undefined, version: number): Promise<void> {
    try {
      await this.#platform.store.write(key, value);
    } catch (error) {
      if (this.#latest.get(key) === version) {
        this.#failed.set(key, value);
        this.#retryAt ??= this.#platform.now() + RETRY_MS;
      }
      this.#owner.storeFailed(key, error);
      return;
    }
    // An older value that is durable says nothing of the one that follows it.
    if (this.#latest.get(key) === version) this.#owner.persisted(key);
  }
}
