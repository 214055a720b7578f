import { createCipheriv, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { type CborValue, decodeValue, encodeValue } from '@fogwisp/protocol';
import { type Bench, rounded } from './row.js';

/** What one process does without any socket. */

const RUN_MS = 300;
const ROUNDS = 3;
const SEALED_BYTES = 1200;
const TAG_BYTES = 16;
const STEP = 64;

/** Of several rounds the best: other programs only ever make one slower. */
export function perSecond(step: () => void): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let count = 0;
    const startedAt = performance.now();
    let tookMs = 0;
    while (tookMs < RUN_MS) {
      for (let i = 0; i < STEP; i++) step();
      count += STEP;
      tookMs = performance.now() - startedAt;
    }
    best = Math.max(best, (count * 1000) / tookMs);
  }
  return best;
}

const READING: CborValue = {
  at: 1_764_000_000,
  humidity: 48,
  name: 'attic',
  temperature: 21.5,
  tags: ['a', 7],
};

/** A reading to bytes and back; raw: JSON of the runtime. */
export const codecBench: Bench = {
  names: ['codec'],
  async run() {
    const value = perSecond(() => decodeValue(encodeValue(READING)));
    const raw = perSecond(() => JSON.parse(JSON.stringify(READING)));
    return [{ name: 'codec', value: rounded(value), unit: 'values/s', raw: rounded(raw) }];
  },
};

/** One packet; raw: the same cipher called without a suite around it. */
export const sealBench: Bench = {
  names: ['seal', 'open'],
  async run() {
    const suite = nodeSuite();
    const key = new Uint8Array(32).fill(7);
    const head = new Uint8Array(5);
    const plain = new Uint8Array(SEALED_BYTES);
    const sealed = suite.seal(key, 1, head, plain, TAG_BYTES);
    const raw = rounded(perSecond(() => sealBare(key, head, plain)));
    const seal = perSecond(() => suite.seal(key, 1, head, plain, TAG_BYTES));
    const open = perSecond(() => suite.open(key, 1, head, sealed, TAG_BYTES));
    return [
      { name: 'seal', value: rounded(seal), unit: 'packets/s', raw },
      { name: 'open', value: rounded(open), unit: 'packets/s', raw },
    ];
  },
};

function sealBare(key: Uint8Array, head: Uint8Array, plain: Uint8Array): void {
  const nonce = new Uint8Array(12);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(head, { plaintextLength: plain.length });
  cipher.update(plain);
  cipher.final();
  cipher.getAuthTag();
}

/** The operations on the curve that both ends of one XX handshake need, and nothing else. */
export function curveWork(): () => void {
  const near = generateKeyPairSync('x25519');
  const far = generateKeyPairSync('x25519');
  return () => {
    const a = generateKeyPairSync('x25519');
    const b = generateKeyPairSync('x25519');
    for (const [mine, theirs] of [
      [a, b],
      [a, far],
      [near, b],
    ] as const) {
      diffieHellman({ privateKey: mine.privateKey, publicKey: theirs.publicKey });
      diffieHellman({ privateKey: theirs.privateKey, publicKey: mine.publicKey });
    }
  };
}
