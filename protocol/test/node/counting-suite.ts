import type { CryptoSuite } from '@fogwisp/protocol';

/** A suite that counts its expensive operations: X25519 and Ed25519. */
export interface CountingSuite extends CryptoSuite {
  readonly counts: { dh: number; verify: number };
}

export function countingSuite(suite: CryptoSuite): CountingSuite {
  const counts = { dh: 0, verify: 0 };
  return {
    ...suite,
    counts,
    dhKeyPair: (seed) => {
      counts.dh++;
      return suite.dhKeyPair(seed);
    },
    dh: (secret, theirs) => {
      counts.dh++;
      return suite.dh(secret, theirs);
    },
    verify: (theirs, message, signature) => {
      counts.verify++;
      return suite.verify(theirs, message, signature);
    },
  };
}
