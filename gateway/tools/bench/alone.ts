import { createCipheriv, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { type CborValue, decodeValue, encodeValue } from '@fogwisp/protocol';
import { type Bench, rounded } from './row.js';

/** What one process does without any socket. */

const RUN_MS = 200;
const ROUNDS = 5;
const SEALED_BYTES = 1200;
const TAG_BYTES = 16;
const STEP = 64;

interface Speeds {
  readonly value: number;
  readonly raw: number;
}

/** Per second, in turns; of several rounds the best, as other programs only ever make one slower. */
export function speedsOf(step: () => void, rawStep: () => void): Speeds {
  let [value, raw] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    raw = Math.max(raw, perSecond(rawStep));
    value = Math.max(value, perSecond(step));
  }
  return { value: rounded(value), raw: rounded(raw) };
}

function perSecond(step: () => void): number {
  let count = 0;
  const startedAt = performance.now();
  let tookMs = 0;
  while (tookMs < RUN_MS) {
    for (let i = 0; i < STEP; i++) step();
    count += STEP;
    tookMs = performance.now() - startedAt;
  }
  return (count * 1000) / tookMs;
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
    const speeds = speedsOf(
      () => decodeValue(encodeValue(READING)),
      () => JSON.parse(JSON.stringify(READING)),
    );
    return [{ name: 'codec', unit: 'values/s', ...speeds }];
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
    const raw = () => sealBare(key, head, plain);
    const seal = speedsOf(() => suite.seal(key, 1, head, plain, TAG_BYTES), raw);
    const open = speedsOf(() => suite.open(key, 1, head, sealed, TAG_BYTES), raw);
    return [
      { name: 'seal', unit: 'packets/s', ...seal },
      { name: 'open', unit: 'packets/s', ...open },
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
