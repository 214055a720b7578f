import type { CryptoSuite } from '../crypto/suite.js';
import { assert } from '../kernel/assert.js';
import { concatBytes, equalBytes, readU16, writeU16 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { layoutFault, PROTOCOL_VERSION, PUBLIC_KEY_BYTES, SHORT_MAC_BYTES, shortMac } from './clear.js';

/* BEACON (SPEC §4.2): type 1, version 1, public key 32, boot 2, MAC 8. A hint who is there, never a proof. */

const BEACON = 0x04;
const KEY_AT = 2;
const BOOT_AT = KEY_AT + PUBLIC_KEY_BYTES;
const BODY_BYTES = BOOT_AT + 2;
export const BEACON_BYTES = BODY_BYTES + SHORT_MAC_BYTES;

const BEACON_CONTEXT = 'fogwisp beacon';

export interface BeaconPacket {
  readonly kind: 'beacon';
  readonly publicKey: Uint8Array;
  readonly boot: number;
}

export function encodeBeacon(
  suite: CryptoSuite,
  networkKey: Uint8Array,
  beacon: Omit<BeaconPacket, 'kind'>,
): Uint8Array {
  assert(beacon.publicKey.length === PUBLIC_KEY_BYTES, 'a public key has 32 bytes');
  const body = new Uint8Array(BODY_BYTES);
  body[0] = BEACON;
  body[1] = PROTOCOL_VERSION;
  body.set(beacon.publicKey, KEY_AT);
  writeU16(body, BOOT_AT, beacon.boot);
  return concatBytes(body, beaconMac(suite, networkKey, body));
}

/** `wrongNetwork` when the MAC was made with another network key. */
export function decodeBeacon(
  suite: CryptoSuite,
  networkKey: Uint8Array,
  bytes: Uint8Array,
): BeaconPacket | DropReason {
  const fault = layoutFault(bytes, BEACON, BEACON_BYTES);
  if (fault !== undefined) return fault;
  if (bytes[1] !== PROTOCOL_VERSION) return 'malformed';
  const mac = beaconMac(suite, networkKey, bytes.subarray(0, BODY_BYTES));
  if (!equalBytes(mac, bytes.subarray(BODY_BYTES))) return 'wrongNetwork';
  return { kind: 'beacon', publicKey: bytes.subarray(KEY_AT, BOOT_AT), boot: readU16(bytes, BOOT_AT) };
}

function beaconMac(suite: CryptoSuite, networkKey: Uint8Array, body: Uint8Array): Uint8Array {
  return shortMac(suite, networkKey, encodeUtf8(BEACON_CONTEXT), body);
}
