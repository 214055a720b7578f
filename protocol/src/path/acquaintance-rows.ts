import type { CryptoSuite } from '../crypto/suite.js';
import { concatBytes, equalBytes, fromHex, readU32, toHex, writeU32 } from '../kernel/bytes.js';
import type { LinkAddress, NodeKey, ShortKey } from '../kernel/link.js';
import { isEndpoint, packAddress, unpackAddress } from '../packet/endpoint.js';

/** Peers whose addresses are kept; with the rest of the record 1,321 B. */
export const ACQUAINTANCE_COUNT_MAX = 32;
/** Of one /24 or /48: whoever has that network cannot be all that a node knows. */
const PREFIX_COUNT_MAX = 4;
/** Addresses that others told of and that nobody here has tried with success. */
const HEARSAY_COUNT_MAX = 8;

const VERSION = 1;
const CHECK_BYTES = 8;
const ID_BYTES = 16;
const SHORT_BYTES = 8;
const ENDPOINT_BYTES = 19;
/** Of the packed address: kind and what names its network. */
const PREFIX_BYTES_V4 = 1 + 3;
const PREFIX_BYTES_V6 = 1 + 6;
const IPV4 = 0x04;
const TRIES_MAX = 0xff;

/** Where the fields of a row lie. */
const AT = { flags: 0, id: 1, endpoint: 17, seenAt: 36, tries: 40, end: 41 } as const;
const FLAG_WORKED = 1;
const FLAG_OPEN = 2;
const FLAG_LAN = 4;

export interface Acquaintance {
  readonly short: ShortKey;
  /** Undefined of hearsay. */
  readonly peer: NodeKey | undefined;
  readonly address: LinkAddress;
  /** A session was there. */
  readonly hasWorked: boolean;
  /** It answers who greets it unasked. */
  readonly isOpen: boolean;
  /** Where beacons reach as well. */
  readonly isLan: boolean;
  /** Unix seconds; 0 without a clock. */
  readonly seenAt: number;
}

/** Addresses of peers (SPEC §8.1), one row of one array each: who was met last comes first. */
export class AcquaintanceRows {
  readonly #suite: CryptoSuite;
  readonly #rows = new Uint8Array(ACQUAINTANCE_COUNT_MAX * AT.end);
  #count = 0;

  /** What is stored is taken only when it is whole. */
  constructor(suite: CryptoSuite, stored: Uint8Array | undefined) {
    this.#suite = suite;
    if (stored !== undefined) this.#restore(stored);
  }

  get count(): number {
    return this.#count;
  }

  row(index: number): Acquaintance {
    const row = this.#at(index);
    const flags = row[AT.flags] as number;
    const hasWorked = (flags & FLAG_WORKED) !== 0;
    const id = toHex(row.subarray(AT.id, AT.endpoint));
    return {
      short: id.substring(0, 2 * SHORT_BYTES),
      peer: hasWorked ? id : undefined,
      address: unpackAddress(row.subarray(AT.endpoint, AT.endpoint + endpointBytes(row))),
      hasWorked,
      isOpen: (flags & FLAG_OPEN) !== 0,
      isLan: (flags & FLAG_LAN) !== 0,
      seenAt: readU32(row, AT.seenAt),
    };
  }

  /** How often it was tried in vain. */
  tries(index: number): number {
    return this.#at(index)[AT.tries] as number;
  }

  noteTry(index: number): void {
    const row = this.#at(index);
    row[AT.tries] = Math.min(TRIES_MAX, (row[AT.tries] as number) + 1);
  }

  forgetTries(): void {
    for (let i = 0; i < this.#count; i++) this.#at(i)[AT.tries] = 0;
  }

  /** Tells the network (/24 or /48) of a row from those of others. */
  prefix(index: number): string {
    return toHex(prefixOf(this.#at(index)));
  }

  /** A session is there. True when that is news, and not only newer. */
  met(row: Omit<Acquaintance, 'short' | 'hasWorked'> & { readonly peer: NodeKey }): boolean {
    const packed = pack(row.peer, row.address, FLAG_WORKED | (row.isLan ? FLAG_LAN : 0), row.seenAt);
    if (packed === undefined) return false;
    const place = this.#findPlace(packed);
    const wasKnown = place >= 0 && this.row(place).peer === row.peer;
    const wasOpen = wasKnown && this.row(place).isOpen;
    if (row.isOpen || wasOpen) packed[AT.flags] = (packed[AT.flags] as number) | FLAG_OPEN;
    if (place >= 0) this.remove(place);
    this.#forgetFormer(packed);
    this.#makeRoom(packed);
    this.#insert(0, packed);
    return !wasKnown || (row.isOpen && !wasOpen);
  }

  /** Somebody said so. True when it was taken. */
  heard(short: ShortKey, address: LinkAddress): boolean {
    const packed = pack(short, address, FLAG_OPEN, 0);
    if (packed === undefined || this.#findPlace(packed) >= 0 || this.#findShort(short) >= 0) return false;
    const sameNetwork = this.#ofNetwork(packed);
    if (sameNetwork.length >= PREFIX_COUNT_MAX) return false;
    const hearsay = this.#all().filter((index) => isHearsay(this.#at(index)));
    const oldest = hearsay[hearsay.length - 1];
    if (hearsay.length >= HEARSAY_COUNT_MAX && oldest !== undefined) this.remove(oldest);
    if (this.#count === ACQUAINTANCE_COUNT_MAX) return false;
    this.#insert(hearsay[0] ?? this.#count, packed);
    return true;
  }

  /** The peer says that strangers reach it there. True when that is news. */
  open(peer: NodeKey, address: LinkAddress): boolean {
    for (let i = 0; i < this.#count; i++) {
      const row = this.row(i);
      if (row.peer !== peer || row.address !== address || row.isOpen) continue;
      const packed = this.#at(i);
      packed[AT.flags] = (packed[AT.flags] as number) | FLAG_OPEN;
      return true;
    }
    return false;
  }

  remove(index: number): void {
    this.#rows.copyWithin(index * AT.end, (index + 1) * AT.end, this.#count * AT.end);
    this.#count--;
  }

  encode(): Uint8Array {
    const body = new Uint8Array(1 + this.#count * AT.end);
    body[0] = VERSION;
    body.set(this.#rows.subarray(0, this.#count * AT.end), 1);
    for (let i = 0; i < this.#count; i++) body[1 + i * AT.end + AT.tries] = 0;
    return concatBytes(body, this.#suite.hash(body).subarray(0, CHECK_BYTES));
  }

  #restore(stored: Uint8Array): void {
    const length = stored.length - CHECK_BYTES;
    const count = (length - 1) / AT.end;
    if (!Number.isInteger(count) || count < 0 || count > ACQUAINTANCE_COUNT_MAX) return;
    const body = stored.subarray(0, length);
    if (stored[0] !== VERSION) return;
    if (!equalBytes(this.#suite.hash(body).subarray(0, CHECK_BYTES), stored.subarray(length))) return;
    this.#rows.set(body.subarray(1));
    this.#count = count;
  }

  /** The peer has another address of that kind now, or one of its two is somebody else's. */
  #forgetFormer(packed: Uint8Array): void {
    for (let i = this.#count - 1; i >= 0; i--) {
      const row = this.#at(i);
      const isSamePeer = equalBytes(row.subarray(AT.id, AT.endpoint), packed.subarray(AT.id, AT.endpoint));
      const isSameKind = row[AT.endpoint] === packed[AT.endpoint] && lanOf(row) === lanOf(packed);
      if (isSamePeer && isSameKind) this.remove(i);
    }
  }

  /** Of its network, or of all, hearsay goes first, then who was met longest ago. */
  #makeRoom(packed: Uint8Array): void {
    const sameNetwork = this.#ofNetwork(packed);
    if (sameNetwork.length >= PREFIX_COUNT_MAX) return this.#removeLast(sameNetwork);
    if (this.#count >= ACQUAINTANCE_COUNT_MAX) this.#removeLast(this.#all());
  }

  #removeLast(indexes: readonly number[]): void {
    const hearsay = indexes.filter((index) => isHearsay(this.#at(index)));
    const goes = hearsay[hearsay.length - 1] ?? indexes[indexes.length - 1];
    if (goes !== undefined) this.remove(goes);
  }

  #insert(index: number, packed: Uint8Array): void {
    this.#rows.copyWithin((index + 1) * AT.end, index * AT.end, this.#count * AT.end);
    this.#rows.set(packed, index * AT.end);
    this.#count++;
  }

  #findPlace(packed: Uint8Array): number {
    const endpoint = packed.subarray(AT.endpoint, AT.seenAt);
    return this.#all().findIndex((i) => equalBytes(this.#at(i).subarray(AT.endpoint, AT.seenAt), endpoint));
  }

  #findShort(short: ShortKey): number {
    return this.#all().findIndex((i) => this.row(i).short === short);
  }

  #ofNetwork(packed: Uint8Array): number[] {
    return this.#all().filter((i) => equalBytes(prefixOf(this.#at(i)), prefixOf(packed)));
  }

  #all(): number[] {
    return Array.from({ length: this.#count }, (_, index) => index);
  }

  #at(index: number): Uint8Array {
    return this.#rows.subarray(index * AT.end, (index + 1) * AT.end);
  }
}

/** Undefined when the address is none of one station. */
function pack(id: string, address: LinkAddress, flags: number, seenAt: number): Uint8Array | undefined {
  const endpoint = isEndpoint(address) ? packAddress(address) : undefined;
  const bytes = fromHex(id);
  if (endpoint === undefined || bytes === undefined || bytes.length > ID_BYTES) return undefined;
  const packed = new Uint8Array(AT.end);
  packed[AT.flags] = flags;
  packed.set(bytes, AT.id);
  packed.set(endpoint, AT.endpoint);
  writeU32(packed, AT.seenAt, seenAt);
  return packed;
}

function endpointBytes(row: Uint8Array): number {
  return row[AT.endpoint] === IPV4 ? 1 + 4 + 2 : ENDPOINT_BYTES;
}

function prefixOf(row: Uint8Array): Uint8Array {
  const length = row[AT.endpoint] === IPV4 ? PREFIX_BYTES_V4 : PREFIX_BYTES_V6;
  return row.subarray(AT.endpoint, AT.endpoint + length);
}

function isHearsay(row: Uint8Array): boolean {
  return ((row[AT.flags] as number) & FLAG_WORKED) === 0;
}

function lanOf(row: Uint8Array): number {
  return (row[AT.flags] as number) & FLAG_LAN;
}
