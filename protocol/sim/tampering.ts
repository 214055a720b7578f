import { type CryptoSuite, encodeValue, type Random } from '@fogwisp/protocol';

/**
 * Nodes that say something else than the protocol has them say, without a change to it: what they seal is
 * changed on its way into the sealed part. For controls, and for members who mean harm.
 */
export type Change = (plain: Uint8Array) => Uint8Array;

const SESSION_PACKET = 0x80;
const ID_BYTES = 8;
const FIND = 4;
const PUNCH = 6;
const SYNC = 7;
const HEARTBEAT = 2;
const ROUTES = 8;
const ROUTE_REQUEST = 9;
const RELIABLE = 18;
const PATH_RESPONSE = 21;
/** First byte of a short id, or of a token: 8 bytes follow. */
const ID_HEAD = 0x48;

export function tampering(suite: CryptoSuite, change: Change): CryptoSuite {
  const saidBy = (ad: Uint8Array, plain: Uint8Array) =>
    ((ad[0] ?? 0) & SESSION_PACKET) === 0 ? plain : change(plain);
  const { sealBehind } = suite;
  return {
    ...suite,
    seal: (key, counter, ad, plain, tagLength) => {
      return suite.seal(key, counter, ad, saidBy(ad, plain), tagLength);
    },
    ...(sealBehind !== undefined && {
      sealBehind: (key, counter, ad, plain, tagLength) => {
        return sealBehind(key, counter, ad, saidBy(ad, plain), tagLength);
      },
    }),
  };
}

/** Requests for newer sequence numbers name a node that nobody knows, so that nobody answers them. */
export const withoutRouteRequests: Change = (plain) => {
  let changed: Uint8Array | undefined;
  for (let at = 0; at + 1 < plain.length; at++) {
    if (plain[at] !== RELIABLE) continue;
    const type = at + 1 + integerBytes(plain[at + 1] ?? 0);
    if (plain[type] !== ROUTE_REQUEST || plain[type + 1] !== ID_HEAD) continue;
    changed ??= new Uint8Array(plain);
    changed.fill(0, type + 2, type + 2 + ID_BYTES);
  }
  return changed ?? plain;
};

/** Responses to PATH challenges have another token, so that no address proves itself by them. */
export const withoutPathResponses: Change = (plain) => {
  let changed: Uint8Array | undefined;
  for (let at = 0; at + 1 < plain.length; at++) {
    if (plain[at] !== PATH_RESPONSE || plain[at + 1] !== ID_HEAD) continue;
    changed ??= new Uint8Array(plain);
    changed.fill(0, at + 2, at + 2 + ID_BYTES);
  }
  return changed ?? plain;
};

/** SYNC names two seconds, while its sender begins when it said it would. */
export const lateSync: Change = (plain) => {
  const delay = attemptIn(plain, [SYNC]);
  if (delay === undefined) return plain;
  const rest = delay + integerBytes(plain[delay] ?? 0);
  return Uint8Array.of(...plain.subarray(0, delay), 0x19, ...LATE_MS, ...plain.subarray(rest));
};

/** Whether a PUNCH or a SYNC is in there. */
export function isPunching(plain: Uint8Array): boolean {
  return attemptIn(plain, [PUNCH, SYNC]) !== undefined;
}

/** Where the first PUNCH or SYNC has its time. Keys and ids begin like one by chance: all of it is read. */
function attemptIn(plain: Uint8Array, types: readonly number[]): number | undefined {
  for (let at = 0; at + ATTEMPT_BYTES < plain.length; at++) {
    if (!types.includes(plain[at] ?? 0) || plain[at + 1] !== ATTEMPT_HEAD) continue;
    const nat = at + 2 + ATTEMPT_BYTES;
    const step = nat + integerBytes(plain[nat] ?? 0);
    const time = step + integerBytes(plain[step] ?? 0);
    const endpoints = time + integerBytes(plain[time] ?? 0);
    if (ENDPOINTS_HEADS.includes(plain[endpoints] ?? 0)) return time;
  }
  return undefined;
}

/** Length of a CBOR integer by its first byte, up to 16 bits. */
function integerBytes(first: number): number {
  if (first === 0x19) return 3;
  return first === 0x18 ? 2 : 1;
}

/** Id of an attempt: a byte string of three. */
const ATTEMPT_HEAD = 0x43;
const ATTEMPT_BYTES = 3;
/** Byte strings of one to three IPv4 endpoints. */
const ENDPOINTS_HEADS = [0x47, 0x4e, 0x55];
/** 2,000, big-endian. */
const LATE_MS = [0x07, 0xd0];

const FLOOD_BYTES = 300;
const ROUTE_COUNT = 20;

/** Beside what the node says, in each packet: routes to nowhere, and questions about it. */
export function flooding(random: Random): Change {
  return (plain) => {
    if (plain.length > FLOOD_BYTES) return plain;
    const routes: (Uint8Array | number)[] = [];
    for (let i = 0; i < ROUTE_COUNT; i++) routes.push(idFrom(random), 1, i, 100, 2, 1200, 0);
    const parts = [
      plain,
      ...[ROUTES, routes, ROUTE_REQUEST, idFrom(random), 1, 1, 255].map((value) => encodeValue(value)),
      ...[FIND, idFrom(random), FIND, idFrom(random), HEARTBEAT, 1, 1].map((value) => encodeValue(value)),
    ];
    return joined(parts);
  };
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function idFrom(random: Random): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  random.fill(id);
  return id;
}
