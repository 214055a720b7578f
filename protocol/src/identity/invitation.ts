import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, copyBytes, equalBytes } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { fromDigits, toDigits } from './digits.js';
import { nodeIdOf, nodeKeyOf } from './id.js';
import { type Identity, isAcceptableKey, KEY_BYTES } from './identity.js';
import { type NetworkKey, networkFromKey } from './network.js';
import { SIGNATURE_BYTES, signAs, signedBytes } from './signature.js';

/**
 * A join ticket (SPEC §5.7): the key of a network, where members of it can be reached, until when it is
 * meant to be used, and who says so. The key is in it, so whoever has it is in, and expiry only tells when it
 * should no longer be passed on.
 */
export interface Invitation {
  readonly network: NetworkKey;
  /** 'HOST:PORT', or with udp:// or tcp:// before it. */
  readonly addresses: readonly string[];
  /** Unix seconds; 0: never. */
  readonly expiresAt: number;
  /** The node that signed it. */
  readonly issuer: NodeKey;
}

export type ParsedInvitation =
  | { readonly ok: true; readonly invitation: Invitation }
  /** `absent`: no ticket at all; `mistyped`: not whole; `forged`: nobody signed this. */
  | { readonly ok: false; readonly why: 'absent' | 'mistyped' | 'forged' };

export const INVITATION_PREFIX = 'fogjoin1-';
export const INVITED_ADDRESSES_MAX = 8;
/** Longer ones make codes that no camera reads: 8 x 64 B and the rest are 676 B. */
const ADDRESS_BYTES_MAX = 64;
const VERSION = 1;
const CHECK_BYTES = 3;
/** Digits of the longest ticket, with room for dashes and blanks; nothing longer is looked at. */
const TEXT_MAX = 2048;
const EXPIRY_MAX = 0xffff_ffff;
const KIND = 'fogwisp invitation';

export function formatInvitation(
  suite: CryptoSuite,
  issuer: Identity,
  terms: Omit<Invitation, 'issuer'>,
): string {
  const { network, addresses, expiresAt } = terms;
  if (addresses.length > INVITED_ADDRESSES_MAX || !addresses.every(isInvitedAddress)) {
    const rule = `at most ${INVITED_ADDRESSES_MAX} of the form HOST:PORT, udp://HOST:PORT or tcp://HOST:PORT`;
    throw new UsageError('badAddress', `the addresses of a ticket are ${rule}`);
  }
  const writer = new CborWriter().uint(VERSION).bytes(network.key).uint(expiresAt).bytes(issuer.publicKey);
  writer.array(addresses.length);
  for (const address of addresses) writer.text(address);
  const body = writer.finish();
  const signature = signAs(suite, KIND, issuer.seed, body);
  const ticket = concatBytes(body, new CborWriter().bytes(signature).finish());
  return INVITATION_PREFIX + toDigits(concatBytes(ticket, checkOf(suite, ticket)));
}

/** Case, blanks and further dashes do not matter. Whether it has expired is for who has a clock. */
export function parseInvitation(suite: CryptoSuite, text: string): ParsedInvitation {
  const typed = text.trim().toLowerCase();
  if (!typed.startsWith(INVITATION_PREFIX)) return { ok: false, why: 'absent' };
  const bytes = typed.length > TEXT_MAX ? undefined : fromDigits(typed.substring(INVITATION_PREFIX.length));
  if (bytes === undefined || bytes.length <= CHECK_BYTES) return { ok: false, why: 'mistyped' };
  const ticket = bytes.subarray(0, bytes.length - CHECK_BYTES);
  if (!equalBytes(checkOf(suite, ticket), bytes.subarray(ticket.length)))
    return { ok: false, why: 'mistyped' };
  const invitation = read(suite, ticket);
  return invitation === undefined ? { ok: false, why: 'forged' } : { ok: true, invitation };
}

/** 'name:port', 'a.b.c.d:port' or '[v6]:port', perhaps with the one medium before it. */
export function isInvitedAddress(text: string): boolean {
  const [, port] = /^(?:(?:udp|tcp):\/\/)?(?:\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._-]+):(\d{1,5})$/.exec(text) ?? [];
  return text.length <= ADDRESS_BYTES_MAX && Number(port) >= 1 && Number(port) <= 0xffff;
}

/** Undefined when it is not what its issuer signed. */
function read(suite: CryptoSuite, ticket: Uint8Array): Invitation | undefined {
  const reader = new CborReader(ticket);
  const version = reader.uint();
  const key = copyBytes(reader.bytes(KEY_BYTES));
  const expiresAt = reader.uint(EXPIRY_MAX);
  const publicKey = reader.bytes(KEY_BYTES);
  const addresses: string[] = [];
  for (let left = reader.array(INVITED_ADDRESSES_MAX); left > 0; left--) {
    addresses.push(reader.text(ADDRESS_BYTES_MAX));
  }
  const body = ticket.subarray(0, reader.position);
  const signature = reader.bytes(SIGNATURE_BYTES);
  if (reader.failed || !reader.isAtEnd || version !== VERSION) return undefined;
  if (key.length !== KEY_BYTES || !isAcceptableKey(publicKey) || signature.length !== SIGNATURE_BYTES)
    return undefined;
  if (!addresses.every(isInvitedAddress)) return undefined;
  if (!suite.verify(publicKey, signedBytes(KIND, body), signature)) return undefined;
  const issuer = nodeKeyOf(nodeIdOf(suite, publicKey));
  return { network: networkFromKey(suite, key), addresses, expiresAt, issuer };
}

function checkOf(suite: CryptoSuite, ticket: Uint8Array): Uint8Array {
  return suite.hash(ticket).subarray(0, CHECK_BYTES);
}
