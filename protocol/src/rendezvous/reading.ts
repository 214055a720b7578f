import type { CryptoSuite } from '../crypto/suite.js';
import { decodeEntry } from '../identity/entry.js';
import { nodeIdOf, SHORT_ID_BYTES } from '../identity/id.js';
import { decodeRecord } from '../identity/record.js';
import { copyBytes } from '../kernel/bytes.js';
import { Subject } from '../packet/message.js';
import { keyOf } from './keys.js';

/** What a record of the index says, as far as the index must know; not verified yet. */
export interface Reading {
  readonly key: Uint8Array;
  /** Short id of the node that signed it. */
  readonly owner: Uint8Array;
  readonly boot: number;
  readonly sequence: number;
  /** Unix seconds; 0 when unknown. */
  readonly claimedAt: number;
  readonly publicKey: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

export interface ReaderOptions {
  readonly suite: CryptoSuite;
  readonly networkKey: Uint8Array;
}

/** Undefined for what is no record of that subject. */
export function readRecord(
  { suite, networkKey }: ReaderOptions,
  subject: number,
  bytes: Uint8Array,
): Reading | undefined {
  if (subject === Subject.publisher || subject === Subject.subscriber)
    return readEntry(suite, subject, bytes);
  const decoded = decodeRecord(bytes);
  if (decoded === undefined) return undefined;
  const { record, signed, signature } = decoded;
  const { publicKey, boot, sequence, claimedAt, name } = record;
  const owner = copyBytes(nodeIdOf(suite, publicKey).subarray(0, SHORT_ID_BYTES));
  if (subject === Subject.name && name === '') return undefined;
  const key = subject === Subject.id ? owner : keyOf(suite, networkKey, 'name', name);
  return { key, owner, boot, sequence, claimedAt, publicKey, signed, signature };
}

function readEntry(suite: CryptoSuite, subject: number, bytes: Uint8Array): Reading | undefined {
  const decoded = decodeEntry(bytes);
  if (decoded === undefined || decoded.entry.subject !== subject) return undefined;
  const { entry, signed, signature } = decoded;
  const { publicKey, boot, key } = entry;
  const owner = copyBytes(nodeIdOf(suite, publicKey).subarray(0, SHORT_ID_BYTES));
  return { key, owner, boot, sequence: 0, claimedAt: 0, publicKey, signed, signature };
}
