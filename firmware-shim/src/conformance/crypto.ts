import { type CryptoSuite, equalBytes, fromHex, type TagLength, toHex } from '@fogwisp/protocol';

/**
 * What every CryptoSuite must do, for any test runner: `register` is the runner's describe and it. A few
 * known answers stand here; the long lists of vectors (protocol/vectors/wycheproof-*.json) are handed in by
 * whoever can read files.
 */
export interface Register {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void): void;
}

export interface DhVector {
  readonly id: number;
  readonly public: string;
  readonly private: string;
  readonly shared: string;
}
export interface SignatureVector {
  readonly id: number;
  readonly public: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}
export interface AeadVector {
  readonly id: number;
  readonly key: string;
  readonly nonce: string;
  readonly ad: string;
  readonly plain: string;
  readonly cipher: string;
  readonly tag: string;
  readonly valid: boolean;
}
export interface CryptoVectors {
  readonly dh: readonly DhVector[];
  readonly signature: readonly SignatureVector[];
}

/** What a suite builds its seal and open on: the same with any nonce, which is what AEAD vectors have. */
export interface Aead {
  aeadSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    plain: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array;
  aeadOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    ad: Uint8Array,
    sealed: Uint8Array,
    tagLength: TagLength,
  ): Uint8Array | undefined;
}

const NO_VECTORS: CryptoVectors = { dh: [], signature: [] };
const TAG_LENGTHS: readonly TagLength[] = [16, 8, 4];
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';

export function cryptoConformance(
  make: () => CryptoSuite,
  register: Register,
  vectors: CryptoVectors = NO_VECTORS,
): void {
  const suite = make();
  register.describe('hashes', () => hashes(suite, register));
  register.describe('X25519', () => keyAgreement(suite, register, vectors.dh));
  register.describe('Ed25519', () => signatures(suite, register, vectors.signature));
  register.describe('birational map', () => birationalMap(suite, register));
  register.describe('ChaCha20-Poly1305', () => sealing(suite, register));
}

/** Nonces that are not 12 bytes long are skipped: no caller can ask for one. */
export function aeadConformance(aead: Aead, register: Register, vectors: readonly AeadVector[]): void {
  register.it(`agrees with ${vectors.length} AEAD vectors, with tags whole and cut`, () => {
    for (const vector of vectors) if (vector.nonce.length === 24) checkAead(aead, vector);
  });
}

function hashes(suite: CryptoSuite, { it }: Register): void {
  it('knows SHA-256 of "abc" and of nothing (FIPS 180-4)', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expectHex('abc', suite.hash(bytes('616263')), abc);
    const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expectHex('nothing', suite.hash(new Uint8Array(0)), nothing);
  });
  it('knows HMAC-SHA-256 with a short, an empty and a long key (RFC 4231, RFC 2104)', () => {
    const hiThere = bytes('4869205468657265');
    const short = 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7';
    expectHex('20-byte key', suite.hmac(new Uint8Array(20).fill(0x0b), hiThere), short);
    const empty = 'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad';
    expectHex('no key', suite.hmac(new Uint8Array(0), new Uint8Array(0)), empty);
    const text =
      '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b657920';
    const long = '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54';
    expectHex('131-byte key', suite.hmac(new Uint8Array(131).fill(0xaa), bytes(`${text}4669727374`)), long);
  });
}

function keyAgreement(suite: CryptoSuite, { it }: Register, vectors: readonly DhVector[]): void {
  it('makes the public keys and the shared secret of RFC 7748 §6.1', () => {
    const alice = suite.dhKeyPair(bytes('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'));
    const bob = suite.dhKeyPair(bytes('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
    expectHex('public', alice.publicKey, '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
    expectHex('shared', suite.dh(alice.secretKey, bob.publicKey), shared);
    expectHex('shared', suite.dh(bob.secretKey, alice.publicKey), shared);
  });
  it('gives nothing for a point of small order', () => {
    const { secretKey } = suite.dhKeyPair(bytes(SEED));
    expectHex('zero', suite.dh(secretKey, new Uint8Array(32)), undefined);
    expectHex('one', suite.dh(secretKey, bytes(`01${'00'.repeat(31)}`)), undefined);
    expectHex('minus one', suite.dh(secretKey, bytes(`ec${'ff'.repeat(30)}7f`)), undefined);
  });
  if (vectors.length === 0) return;
  it(`agrees with ${vectors.length} X25519 vectors`, () => {
    for (const { id, ...vector } of vectors) {
      const shared = vector.shared === '00'.repeat(32) ? undefined : vector.shared;
      expectHex(`vector ${id}`, suite.dh(bytes(vector.private), bytes(vector.public)), shared);
    }
  });
}

function signatures(suite: CryptoSuite, { it }: Register, vectors: readonly SignatureVector[]): void {
  it('signs and verifies the first test of RFC 8032 §7.1', () => {
    const pair = suite.signKeyPair(bytes(SEED));
    const publicKey = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
    expectHex('public', pair.publicKey, publicKey);
    expectHex('secret', pair.secretKey, SEED);
    const signature = suite.sign(pair.secretKey, new Uint8Array(0));
    const r = 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155';
    expectHex('signature', signature, `${r}5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b`);
    expect('its own signature', suite.verify(pair.publicKey, new Uint8Array(0), signature));
    expect('no other message', !suite.verify(pair.publicKey, new Uint8Array(1), signature));
    expect('no cut signature', !suite.verify(pair.publicKey, new Uint8Array(0), signature.subarray(1)));
    expect('no cut key', !suite.verify(pair.publicKey.subarray(1), new Uint8Array(0), signature));
  });
  it('follows a secret whose array is written to', () => {
    const secret = bytes(SEED);
    const before = suite.sign(secret, new Uint8Array(3));
    secret.fill(7);
    const { publicKey } = suite.signKeyPair(secret);
    const after = suite.sign(secret, new Uint8Array(3));
    expect('another signature', !equalBytes(before, after));
    expect('by the new key', suite.verify(publicKey, new Uint8Array(3), after));
  });
  if (vectors.length === 0) return;
  it(`agrees with ${vectors.length} Ed25519 vectors`, () => {
    for (const { id, valid, ...vector } of vectors) {
      const verified = suite.verify(bytes(vector.public), bytes(vector.message), bytes(vector.signature));
      expect(`vector ${id} is ${valid ? 'valid' : 'invalid'}`, verified === valid);
    }
  });
}

function birationalMap(suite: CryptoSuite, { it }: Register): void {
  it('maps the base point to the base point (RFC 7748 §4.1)', () => {
    const edwards = `58${'66'.repeat(31)}`;
    const montgomery = `09${'00'.repeat(31)}`;
    expectHex('u', suite.dhPublicFromSign(bytes(edwards)), montgomery);
  });
  it('gives matching X25519 keys for an Ed25519 pair', () => {
    for (let i = 0; i < 8; i++) {
      const seed = new Uint8Array(32).fill(i);
      const { publicKey } = suite.signKeyPair(seed);
      const dh = suite.dhKeyPair(suite.dhSecretFromSign(seed));
      expectHex('public', suite.dhPublicFromSign(publicKey), toHex(dh.publicKey));
    }
  });
  it('takes any 32 bytes, with 1 / 0 = 0', () => {
    expectHex('y = 1', suite.dhPublicFromSign(bytes(`01${'00'.repeat(31)}`)), '00'.repeat(32));
    expectHex('y = p - 1', suite.dhPublicFromSign(bytes(`ec${'ff'.repeat(30)}7f`)), '00'.repeat(32));
    expectHex(
      'u of 2^255 - 1',
      suite.dhPublicFromSign(new Uint8Array(32).fill(0xff)),
      `3f${'4b'.repeat(31)}`,
    );
  });
}

function sealing(suite: CryptoSuite, { it }: Register): void {
  const key = bytes(SEED);
  const ad = bytes('a0a1a2');
  const plain = new Uint8Array(100).fill(0x5a);
  it('writes the counter as Noise does, up to 2^53 - 1 (Noise §12)', () => {
    expectHex('counter 0', suite.seal(key, 0, ad, bytes('01'), 16), 'e801eb6f5a7d41b123172926ab505cc502');
    expectHex(
      'counter 2^32 + 5',
      suite.seal(key, 2 ** 32 + 5, ad, bytes('01'), 16),
      'a0cfeda64161d0c4461c57233a5d2e1e14',
    );
    expectHex(
      'counter 2^53 - 1',
      suite.seal(key, 2 ** 53 - 1, ad, bytes('01'), 16),
      '1f404c876d40310185eebb3f6ed2f6194e',
    );
  });
  it('seals behind the associated data as by itself, if it does', () => {
    for (const length of [0, 100, 16_000]) {
      const text = new Uint8Array(length).fill(0xa5);
      const whole = suite.sealBehind?.(key, 9, ad, text, 8);
      const expected = toHex(ad) + toHex(suite.seal(key, 9, ad, text, 8));
      if (whole !== undefined) expectHex(`${length} bytes`, whole, expected);
    }
  });
  for (const tagLength of TAG_LENGTHS) {
    it(`opens what it sealed and nothing else (tag of ${tagLength})`, () => {
      const sealed = suite.seal(key, 9, ad, plain, tagLength);
      expect('length', sealed.length === plain.length + tagLength);
      expectHex('whole tag cut', sealed, toHex(suite.seal(key, 9, ad, plain, 16).subarray(0, sealed.length)));
      expectHex('opened', suite.open(key, 9, ad, sealed, tagLength), toHex(plain));
      expectHex('other counter', suite.open(key, 10, ad, sealed, tagLength), undefined);
      expectHex('other data', suite.open(key, 9, plain, sealed, tagLength), undefined);
      expectHex('shorter', suite.open(key, 9, ad, sealed.subarray(1), tagLength), undefined);
      expectHex('too short', suite.open(key, 9, ad, sealed.subarray(0, tagLength - 1), tagLength), undefined);
      for (const at of [0, 99, 100, sealed.length - 1]) {
        const changed = new Uint8Array(sealed);
        changed[at] = (changed[at] ?? 0) ^ 1;
        expectHex(`byte ${at} changed`, suite.open(key, 9, ad, changed, tagLength), undefined);
      }
      const nothing = suite.seal(key, 0, ad, new Uint8Array(0), tagLength);
      expectHex('empty', suite.open(key, 0, ad, nothing, tagLength), '');
    });
  }
}

function checkAead(aead: Aead, { id, valid, ...vector }: AeadVector): void {
  const [key, nonce, ad] = [bytes(vector.key), bytes(vector.nonce), bytes(vector.ad)];
  const whole = vector.cipher + vector.tag;
  if (valid) expectHex(`vector ${id}`, aead.aeadSeal(key, nonce, ad, bytes(vector.plain), 16), whole);
  for (const tagLength of valid ? TAG_LENGTHS : TAG_LENGTHS.slice(0, 1)) {
    const sealed = bytes(whole.substring(0, vector.cipher.length + 2 * tagLength));
    const plain = aead.aeadOpen(key, nonce, ad, sealed, tagLength);
    expectHex(`vector ${id}, tag of ${tagLength}`, plain, valid ? vector.plain : undefined);
  }
}

function bytes(hex: string): Uint8Array {
  const parsed = fromHex(hex);
  if (parsed === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return parsed;
}

function expect(what: string, holds: boolean): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

function expectHex(what: string, actual: Uint8Array | undefined, expected: string | undefined): void {
  const found = actual === undefined ? undefined : toHex(actual);
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}
