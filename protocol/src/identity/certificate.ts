import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, copyBytes, equalBytes, readU32, writeU32 } from '../kernel/bytes.js';
import { type Identity, isAcceptableKey, KEY_BYTES } from './identity.js';
import { NETWORK_ID_BYTES } from './network.js';
import { SIGNATURE_BYTES, signAs, signedBytes } from './signature.js';

/**
 * An owner's word that a node belongs to its network (SPEC §5.5), in the payload of a first handshake:
 *
 *   version 1 | network 8 | expiry 4 | roles 1 | issuer 4 | signature 64 = 82 bytes
 *
 * The subject's key is not in it, since the handshake has proved that; it is under the signature.
 */
export interface Certificate {
  /** The id of the network, 8 bytes. */
  readonly network: Uint8Array;
  /** Unix seconds, 32 bits. */
  readonly expiresAt: number;
  /** 8 bits; what each allows is said where the role is. */
  readonly roles: number;
  /** The first 4 bytes of the issuer's node id. */
  readonly issuer: Uint8Array;
}

export const CERTIFICATE_BYTES = 82;
const VERSION = 1;
const BODY_BYTES = CERTIFICATE_BYTES - SIGNATURE_BYTES;
const ISSUER_BYTES = 4;
const EXPIRY_AT = 1 + NETWORK_ID_BYTES;
const ROLES_AT = EXPIRY_AT + 4;
const ISSUER_AT = ROLES_AT + 1;

/** What a certificate must be for. */
export interface CertificateClaim {
  /** Public keys of 32 bytes; the id of the network has 8. */
  readonly subject: Uint8Array;
  readonly issuerKey: Uint8Array;
  readonly network: Uint8Array;
  /** Undefined when there is no clock: nothing expires then. */
  readonly unixS: number | undefined;
}

/** 82 bytes, signed by the issuer; `subject`: the public key of 32 bytes that it is about. */
export function encodeCertificate(
  suite: CryptoSuite,
  issuer: Identity,
  subject: Uint8Array,
  terms: Omit<Certificate, 'issuer'>,
): Uint8Array {
  assert(subject.length === KEY_BYTES, 'a subject is a public key');
  assert(terms.network.length === NETWORK_ID_BYTES, 'a network id has 8 bytes');
  const body = new Uint8Array(BODY_BYTES);
  body[0] = VERSION;
  body.set(terms.network, 1);
  writeU32(body, EXPIRY_AT, terms.expiresAt);
  body[ROLES_AT] = terms.roles;
  body.set(issuer.id.subarray(0, ISSUER_BYTES), ISSUER_AT);
  return concatBytes(body, signAs(suite, 'fogwisp certificate', issuer.seed, concatBytes(subject, body)));
}

/** Well-formed, but not verified yet: says whose key to look for. */
export function decodeCertificate(bytes: Uint8Array): Certificate | undefined {
  if (bytes.length !== CERTIFICATE_BYTES || bytes[0] !== VERSION) return undefined;
  return {
    network: copyBytes(bytes.subarray(1, EXPIRY_AT)),
    expiresAt: readU32(bytes, EXPIRY_AT),
    roles: bytes[ROLES_AT] ?? 0,
    issuer: copyBytes(bytes.subarray(ISSUER_AT, BODY_BYTES)),
  };
}

/** Undefined when it is malformed, expired, for another network, or not signed by that issuer. */
export function verifyCertificate(
  suite: CryptoSuite,
  bytes: Uint8Array,
  claim: CertificateClaim,
): Certificate | undefined {
  const certificate = decodeCertificate(bytes);
  if (certificate === undefined || !isAcceptableKey(claim.issuerKey)) return undefined;
  if (!equalBytes(certificate.network, claim.network)) return undefined;
  if (claim.unixS !== undefined && certificate.expiresAt <= claim.unixS) return undefined;
  const body = concatBytes(claim.subject, bytes.subarray(0, BODY_BYTES));
  const signed = signedBytes('fogwisp certificate', body);
  return suite.verify(claim.issuerKey, signed, bytes.subarray(BODY_BYTES)) ? certificate : undefined;
}
