import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { copyBytes } from '../kernel/bytes.js';
import { type Identity, isAcceptableKey, KEY_BYTES } from './identity.js';
import { SIGNATURE_BYTES, signAs, signedBytes } from './signature.js';

/** "I publish what has this key", or "I listen to it" (SPEC §5.8): a CBOR sequence, then the signature. */
export interface IndexEntry {
  readonly publicKey: Uint8Array;
  /** As in the node's record. */
  readonly boot: number;
  readonly subject: number;
  /** 8 bytes. */
  readonly key: Uint8Array;
}

export interface DecodedEntry {
  readonly entry: IndexEntry;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const INDEX_KEY_BYTES = 8;
/** 34 + 3 + 1 + 9 + 66 */
const ENTRY_BYTES_MAX = 113;
const U16_MAX = 0xffff;
const SUBJECT_MAX = 23;

export function signEntry(
  suite: CryptoSuite,
  identity: Identity,
  { boot, subject, key }: Omit<IndexEntry, 'publicKey'>,
): Uint8Array {
  const { publicKey, seed } = identity;
  const body = new CborWriter(ENTRY_BYTES_MAX).bytes(publicKey).uint(boot).uint(subject).bytes(key);
  const signature = signAs(suite, 'fogwisp entry', seed, body.finish());
  return body.bytes(signature).finish();
}

/** Well-formed, but not verified yet. */
export function decodeEntry(bytes: Uint8Array): DecodedEntry | undefined {
  if (bytes.length > ENTRY_BYTES_MAX) return undefined;
  const reader = new CborReader(bytes);
  const entry = {
    publicKey: copyBytes(reader.bytes(KEY_BYTES)),
    boot: reader.uint(U16_MAX),
    subject: reader.uint(SUBJECT_MAX),
    key: copyBytes(reader.bytes(INDEX_KEY_BYTES)),
  };
  const body = bytes.subarray(0, reader.position);
  const signature = copyBytes(reader.bytes(SIGNATURE_BYTES));
  if (reader.failed || !reader.isAtEnd || signature.length !== SIGNATURE_BYTES) return undefined;
  if (entry.key.length !== INDEX_KEY_BYTES || !isAcceptableKey(entry.publicKey)) return undefined;
  return { entry, signed: signedBytes('fogwisp entry', body), signature };
}
