import type { CryptoSuite, Instant, Random } from '@fogwisp/protocol';
import { MemoryStore } from '../memory-store.js';
import type { Platform, Store } from '../platform.js';
import { Alarm, monotonicMs } from './clock.js';
import { nodeSuite } from './crypto.js';
import { nodeRandom } from './random.js';
import { FileStore } from './store.js';

/** What is not taken from Node itself. */
export interface NodePlatformOptions {
  /** Where the node keeps its keys and counters; one node per directory. */
  readonly stateDirectory?: string;
  /** Instead of a directory. With neither, the node is somebody new at each start. */
  readonly store?: Store;
  readonly crypto?: CryptoSuite;
  readonly random?: Random;
}

/** Node.js as the machine that a node runs on. */
export class NodePlatform implements Platform {
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly store: Store;
  readonly #alarm = new Alarm();

  constructor(options: NodePlatformOptions = {}) {
    this.random = options.random ?? nodeRandom;
    this.crypto = options.crypto ?? nodeSuite();
    this.store = options.store ?? storeAt(options.stateDirectory);
  }

  now(): Instant {
    return monotonicMs();
  }

  wakeAt(at: Instant | undefined, wake: () => void): void {
    this.#alarm.set(at, wake);
  }

  /** Sockets are read in rounds of up to 32 packets, each of which is a turn of its own. */
  afterArrivals(then: () => void): void {
    setImmediate(then);
  }

  unixMs(): number {
    return Date.now();
  }

  /** After the driver has stopped: gives the state directory free. */
  async close(): Promise<void> {
    this.#alarm.set(undefined, () => {});
    if (this.store instanceof FileStore) await this.store.close();
  }
}

/** Throws a `ShimError` when the state directory cannot be used. */
export function nodePlatform(options: NodePlatformOptions = {}): NodePlatform {
  return new NodePlatform(options);
}

function storeAt(directory: string | undefined): Store {
  return directory === undefined ? new MemoryStore() : new FileStore(directory);
}
