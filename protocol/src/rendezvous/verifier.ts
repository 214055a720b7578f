import type { CryptoSuite } from '../crypto/suite.js';
import type { DropReason } from '../kernel/fault.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Reading } from './reading.js';

/** Signatures are checked and made only so often, whatever others send. */
export class Verifier {
  readonly #suite: CryptoSuite;
  readonly #perSecondMax: number;
  #from: Instant = -Infinity;
  #count = 0;

  constructor(suite: CryptoSuite, perSecondMax: number) {
    this.#suite = suite;
    this.#perSecondMax = perSecondMax;
  }

  /** Takes one of this second's; false when there is none left. */
  spend(now: Instant): boolean {
    if (now >= this.#from + SECOND_MS) {
      this.#from = now;
      this.#count = 0;
    }
    this.#count++;
    return this.#count <= this.#perSecondMax;
  }

  /** Why a record is not taken; undefined when its signature is right. */
  refusal(now: Instant, { publicKey, signed, signature }: Reading): DropReason | undefined {
    if (!this.spend(now)) return 'overLimit';
    return this.#suite.verify(publicKey, signed, signature) ? undefined : 'authentication';
  }
}
