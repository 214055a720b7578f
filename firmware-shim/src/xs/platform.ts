import type { CryptoSuite, Instant, Random } from '@fogwisp/protocol';
import { MemoryStore } from '../memory-store.js';
import { nativeRandom } from '../native-random.js';
import { nativeSuite } from '../native-suite.js';
import type { Platform, Store } from '../platform.js';
import { XsAlarm } from './alarm.js';
import type { XsDoors } from './doors.js';

const DRIVER = 0;

/** XS on whatever has the doors: a board, or a program for tests. */
export class XsPlatform implements Platform {
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly store: Store;
  readonly #doors: XsDoors;
  readonly #alarm: XsAlarm;

  /** Without a store the node is somebody new at each start. */
  constructor(doors: XsDoors, store: Store = new MemoryStore()) {
    this.random = nativeRandom(doors);
    this.crypto = nativeSuite(doors);
    this.store = store;
    this.#doors = doors;
    this.#alarm = new XsAlarm(doors);
  }

  now(): Instant {
    return Math.floor(this.#doors.now());
  }

  wakeAt(at: Instant | undefined, wake: () => void): void {
    this.#alarm.set(DRIVER, at, wake);
  }

  /** A timer of the program beside that of the driver; `timer` is 1 or more. */
  setTimer(timer: number, at: Instant | undefined, wake: () => void): void {
    this.#alarm.set(timer, at, wake);
  }
}
