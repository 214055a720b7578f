import { type Random, randomBelow } from '../kernel/random.js';
import { CONNECTION_ID_MAX, LONG_CONNECTION_ID_MIN } from '../packet/connection-id.js';

/** Who has given out connection ids of this node. */
export interface IdHolder {
  holdsConnection(connection: number): boolean;
  /** How many it holds. */
  readonly connectionCount: number;
}

/** Ids of one byte are given out while fewer than this are in use. */
const SHORT_IDS_MAX = 128;
const TRIES_MAX = 64;

/** Chooses the ids that packets to this node carry: at random, and none twice at a time. */
export class ConnectionIds {
  readonly #random: Random;
  readonly #holders: readonly IdHolder[];

  constructor(random: Random, holders: readonly IdHolder[]) {
    this.#random = random;
    this.#holders = holders;
  }

  /** On a short link of one byte, while there are enough of them. */
  choose(isShortLink: boolean): number {
    if (isShortLink && this.#count() < SHORT_IDS_MAX) {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const id = randomBelow(this.#random, LONG_CONNECTION_ID_MIN);
        if (!this.#isTaken(id)) return id;
      }
    }
    for (;;) {
      const long = randomBelow(this.#random, CONNECTION_ID_MAX + 1 - LONG_CONNECTION_ID_MIN);
      if (!this.#isTaken(LONG_CONNECTION_ID_MIN + long)) return LONG_CONNECTION_ID_MIN + long;
    }
  }

  #count(): number {
    let count = 0;
    for (const holder of this.#holders) count += holder.connectionCount;
    return count;
  }

  #isTaken(id: number): boolean {
    for (const holder of this.#holders) if (holder.holdsConnection(id)) return true;
    return false;
  }
}
