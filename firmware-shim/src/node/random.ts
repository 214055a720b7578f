import { randomFillSync } from 'node:crypto';
import type { Random } from '@fogwisp/protocol';

/** The CSPRNG of the system. */
export const nodeRandom: Random = {
  fill(bytes: Uint8Array): void {
    randomFillSync(bytes);
  },
};
