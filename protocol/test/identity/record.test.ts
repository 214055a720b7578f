import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CborWriter } from '../../src/cbor/writer.js';
import { nobleSuite } from '../../src/crypto/noble.js';
import { decodeCertificate, encodeCertificate, verifyCertificate } from '../../src/identity/certificate.js';
import { createIdentity } from '../../src/identity/identity.js';
import {
  decodeRecord,
  isNodeName,
  type NodeRecord,
  RECORD_BYTES_MAX,
  signRecord,
  verifyRecord,
} from '../../src/identity/record.js';
import { signAs } from '../../src/identity/signature.js';
import { concatBytes } from '../../src/kernel/bytes.js';
import { testRandom } from '../support/random.js';

const suite = nobleSuite();
const alice = createIdentity(suite, testRandom(21));
const bob = createIdentity(suite, testRandom(22));

function recordOf(change: Partial<NodeRecord> = {}): NodeRecord {
  const { publicKey } = alice;
  return {
    publicKey,
    boot: 3,
    sequence: 9,
    name: 'greenhouse-2',
    claimedAt: 1_760_000_000,
    flags: 0,
    ...change,
  };
}

describe('node records (SPEC §5.4)', () => {
  it('come back verified as they were signed, and are no larger than said', () => {
    const field = fc.record({
      boot: fc.nat(0xffff),
      sequence: fc.nat(0xffff),
      claimedAt: fc.nat(0xffff_ffff),
      flags: fc.nat(0xffff),
      name: fc.stringMatching(/^[a-z0-9-]{0,32}$/),
    });
    fc.assert(
      fc.property(field, (change) => {
        const bytes = signRecord(suite, alice, recordOf(change));
        expect(bytes.length).toBeLessThanOrEqual(RECORD_BYTES_MAX);
        expect(verifyRecord(suite, bytes)).toEqual(recordOf(change));
      }),
      { numRuns: 20 },
    );
    const largest = recordOf({
      boot: 65535,
      sequence: 65535,
      claimedAt: 2 ** 32 - 1,
      flags: 65535,
      name: 'z'.repeat(32),
    });
    expect(signRecord(suite, alice, largest)).toHaveLength(RECORD_BYTES_MAX);
  });

  it('do not verify with any one bit changed', () => {
    const bytes = signRecord(suite, alice, recordOf());
    for (let at = 0; at < bytes.length; at++) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect(verifyRecord(suite, changed), `byte ${at}`).toBeUndefined();
    }
  });

  it('do not decode when cut, longer, or anything else', () => {
    const bytes = signRecord(suite, alice, recordOf());
    for (let length = 0; length < bytes.length; length++)
      expect(decodeRecord(bytes.subarray(0, length))).toBeUndefined();
    expect(decodeRecord(concatBytes(bytes, new Uint8Array(1)))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), (junk) => {
        expect(decodeRecord(junk)).toBeUndefined();
      }),
    );
  });

  it('do not verify when the signature lacks its context', () => {
    const decoded = decodeRecord(signRecord(suite, alice, recordOf()));
    const body = decoded?.signed.subarray('fogwisp record'.length + 1) ?? new Uint8Array();
    const forged = concatBytes(body, new Uint8Array([0x58, 64]), suite.sign(alice.seed, body));
    expect(decodeRecord(forged)?.record).toEqual(recordOf());
    expect(verifyRecord(suite, forged)).toBeUndefined();
  });

  it('do not decode with a name that is none, or a key of small order, however well signed', () => {
    const written = (name: string, publicKey = alice.publicKey): Uint8Array => {
      const { boot, sequence, claimedAt, flags } = recordOf();
      const body = new CborWriter().bytes(publicKey).uint(boot).uint(sequence).text(name);
      body.uint(claimedAt).uint(flags);
      return body.bytes(signAs(suite, 'fogwisp record', alice.seed, body.finish())).finish();
    };
    expect(verifyRecord(suite, written('greenhouse-2'))).toEqual(recordOf());
    for (const name of ['Greenhouse', 'a b', 'a/b', '\u00e9', 'a~1234', '\n']) {
      expect(decodeRecord(written(name)), name).toBeUndefined();
    }
    expect(decodeRecord(written('greenhouse-2', new Uint8Array(32)))).toBeUndefined();
  });

  it('are signed for oneself and with a plain name only', () => {
    expect(() => signRecord(suite, bob, recordOf())).toThrow('its own record');
    for (const name of ['Greenhouse', 'a b', 'ä', 'x'.repeat(33), 'a/b', 'a~1', 'a\n']) {
      expect(isNodeName(name), name).toBe(false);
      expect(() => signRecord(suite, alice, recordOf({ name }))).toThrow(
        expect.objectContaining({ code: 'badName' }),
      );
    }
    expect(isNodeName('')).toBe(true);
  });
});

describe('certificates (SPEC §5.5)', () => {
  const network = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
  const claim = { subject: bob.publicKey, issuerKey: alice.publicKey, network, unixS: 1_000_000 };
  const terms = { network, expiresAt: 2_000_000_000, roles: 5 };
  const bytes = encodeCertificate(suite, alice, bob.publicKey, terms);

  it('have 82 bytes and say whose key to look for', () => {
    expect(bytes).toHaveLength(82);
    expect(decodeCertificate(bytes)).toEqual({ ...terms, issuer: alice.id.subarray(0, 4) });
    expect(verifyCertificate(suite, bytes, claim)).toEqual(decodeCertificate(bytes));
  });

  it('do not verify for another subject, issuer, network or time', () => {
    const others = [
      { subject: alice.publicKey },
      { issuerKey: bob.publicKey },
      { issuerKey: new Uint8Array(32) },
      { network: new Uint8Array(8) },
      { unixS: 2_000_000_000 },
    ];
    for (const other of others)
      expect(verifyCertificate(suite, bytes, { ...claim, ...other })).toBeUndefined();
    expect(verifyCertificate(suite, bytes, { ...claim, unixS: undefined })).toBeDefined();
  });

  it('do not verify with any one bit changed, cut or longer', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = new Uint8Array(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect(verifyCertificate(suite, changed, claim), `byte ${at}`).toBeUndefined();
    }
    expect(decodeCertificate(bytes.subarray(1))).toBeUndefined();
    expect(decodeCertificate(concatBytes(bytes, bytes))).toBeUndefined();
  });
});
