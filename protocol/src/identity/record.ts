import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import { type Identity, isAcceptableKey, KEY_BYTES } from './identity.js';
import { SIGNATURE_BYTES, signAs, signedBytes } from './signature.js';

/** What a node says of itself (SPEC §5.4): a CBOR sequence of these fields, then the signature. */
export interface NodeRecord {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Counts the starts of the node, 16 bits. */
  readonly boot: number;
  /** Counts the records of this boot, 16 bits; (boot, sequence) says which of two records is newer. */
  readonly sequence: number;
  /** See isNodeName. */
  readonly name: string;
  /** Unix seconds when the name was first taken, 0 when the node had no clock. */
  readonly claimedAt: number;
  /** 16 bits, unknown ones ignored. */
  readonly flags: number;
}

export interface DecodedRecord {
  readonly record: NodeRecord;
  /** What the signature is over. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

export const NAME_BYTES_MAX = 32;
/** 34 + 3 + 3 + 34 + 5 + 3 + 66 */
export const RECORD_BYTES_MAX = 148;

const KEY_AT = 2;
const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;

/** At most 32 of a-z, 0-9 and '-'; '' is no name. */
export function isNodeName(name: string): boolean {
  return name.length <= NAME_BYTES_MAX && /^[a-z0-9-]*$/.test(name);
}

/** At most 148 bytes. Throws UsageError `badName`; `record` has the key of `identity`. */
export function signRecord(suite: CryptoSuite, identity: Identity, record: NodeRecord): Uint8Array {
  assert(equalBytes(record.publicKey, identity.publicKey), 'a node signs its own record');
  if (!isNodeName(record.name)) {
    throw new UsageError('badName', `a name has at most ${NAME_BYTES_MAX} of a-z, 0-9 and '-'`);
  }
  const body = new CborWriter(RECORD_BYTES_MAX)
    .bytes(record.publicKey)
    .uint(record.boot)
    .uint(record.sequence)
    .text(record.name)
    .uint(record.claimedAt)
    .uint(record.flags);
  const signature = signAs(suite, 'fogwisp record', identity.seed, body.finish());
  return body.bytes(signature).finish();
}

/**
 * A view of the key in a record that was decoded before: it comes first, after the head of its byte string.
 */
export function keyInRecord(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(KEY_AT, KEY_AT + KEY_BYTES);
}

/** Well-formed, but not verified yet. */
export function decodeRecord(bytes: Uint8Array): DecodedRecord | undefined {
  if (bytes.length > RECORD_BYTES_MAX) return undefined;
  const reader = new CborReader(bytes);
  const record = {
    publicKey: copyBytes(reader.bytes(KEY_BYTES)),
    boot: reader.uint(U16_MAX),
    sequence: reader.uint(U16_MAX),
    name: reader.text(NAME_BYTES_MAX),
    claimedAt: reader.uint(U32_MAX),
    flags: reader.uint(U16_MAX),
  };
  const body = bytes.subarray(0, reader.position);
  const signature = copyBytes(reader.bytes(SIGNATURE_BYTES));
  if (reader.failed || !reader.isAtEnd || signature.length !== SIGNATURE_BYTES) return undefined;
  if (!isNodeName(record.name) || !isAcceptableKey(record.publicKey)) return undefined;
  return { record, signed: signedBytes('fogwisp record', body), signature };
}

/** Undefined when it is malformed, or not signed by the key in it. */
export function verifyRecord(suite: CryptoSuite, bytes: Uint8Array): NodeRecord | undefined {
  const decoded = decodeRecord(bytes);
  if (decoded === undefined) return undefined;
  const { record, signed, signature } = decoded;
  return suite.verify(record.publicKey, signed, signature) ? record : undefined;
}

type Counted = Pick<NodeRecord, 'boot' | 'sequence'>;

/** Serial number arithmetic (RFC 1982), so that 16 bits suffice for ever. */
export function isNewer(a: Counted, b: Counted): boolean {
  if (a.boot !== b.boot) return ((a.boot - b.boot) & 0xffff) < 0x8000;
  return a.sequence !== b.sequence && ((a.sequence - b.sequence) & 0xffff) < 0x8000;
}
