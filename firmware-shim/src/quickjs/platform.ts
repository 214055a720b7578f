import type { CryptoSuite, Instant, Random } from '@fogwisp/protocol';
import { MemoryStore } from '../memory-store.js';
import { nativeRandom } from '../native-random.js';
import { nativeSuite } from '../native-suite.js';
import type { Platform, Store } from '../platform.js';
import type { QuickJsDoors, QuickJsOs } from './doors.js';

/** QuickJS with its standard module `os`, as its own interpreter and boards have it. */
export class QuickJsPlatform implements Platform {
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly store: Store;
  readonly #doors: QuickJsDoors;
  readonly #os: QuickJsOs;
  #timer: unknown;

  /** Without a store the node is somebody new at each start. */
  constructor(doors: QuickJsDoors, os: QuickJsOs, store: Store = new MemoryStore()) {
    this.random = nativeRandom(doors);
    this.crypto = nativeSuite(doors);
    this.store = store;
    this.#doors = doors;
    this.#os = os;
  }

  now(): Instant {
    return Math.floor(this.#doors.now());
  }

  wakeAt(at: Instant | undefined, wake: () => void): void {
    if (this.#timer !== undefined) this.#os.clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === undefined) return;
    this.#timer = this.#os.setTimeout(
      () => {
        this.#timer = undefined;
        if (this.now() < at) this.wakeAt(at, wake);
        else wake();
      },
      Math.max(0, at - this.now()),
    );
  }
}
