export * from './api.js';
export { type CborValue, decodeValue, encodeValue } from './cbor/value.js';
export type { CryptoSuite, KeyPair, TagLength } from './crypto/suite.js';
export { ELECTION_RULES, type ElectionRules } from './election/rules.js';
export { type Checksum, FRAME_BYTES_MAX, FRAME_END, Framer } from './framing/framer.js';
export {
  type Certificate,
  type CertificateClaim,
  decodeCertificate,
  encodeCertificate,
  verifyCertificate,
} from './identity/certificate.js';
export { nodeIdOf, nodeKeyOf, shortBytes, shortKeyOf } from './identity/id.js';
export { createIdentity, type Identity, identityFromSeed, isAcceptableKey } from './identity/identity.js';
export {
  formatInvitation,
  INVITATION_PREFIX,
  INVITED_ADDRESSES_MAX,
  type Invitation,
  isInvitedAddress,
  type ParsedInvitation,
  parseInvitation,
} from './identity/invitation.js';
export {
  createNetworkKey,
  formatNetworkKey,
  type NetworkKey,
  networkFromKey,
  parseNetworkKey,
} from './identity/network.js';
export { isNodeName, type NodeRecord, signRecord, verifyRecord } from './identity/record.js';
export { assert, unreachable } from './kernel/assert.js';
export { copyBytes, equalBytes, fromHex, toHex } from './kernel/bytes.js';
export { CloseCode, type DropReason, UsageError } from './kernel/fault.js';
export {
  BROADCAST,
  type LinkAddress,
  type LinkId,
  type RelayedVia,
  sameVia,
  type Via,
} from './kernel/link.js';
export { type Machine, Outbox } from './kernel/machine.js';
export { NumberTable } from './kernel/number-table.js';
export { type Random, randomBelow, randomBytes } from './kernel/random.js';
export type { Instant } from './kernel/time.js';
export { decodeUtf8, encodeUtf8 } from './kernel/utf8.js';
export { BOARD_LIMITS, type Limits, PI_LIMITS } from './limits.js';
export type { NodeOptions } from './node/composition.js';
export { Node, type NodeFigures } from './node.js';
export { keyOf as indexKeyOf } from './rendezvous/keys.js';
export { closest as closestHolders } from './rendezvous/rank.js';
export { INDEX_RULES, type IndexRules } from './rendezvous/rules.js';
