import { type CborValue, encodeValue, shortBytes } from '@fogwisp/protocol';
import { joined } from '../tampering.js';
import type { Stage, StageOptions } from './stage.js';

// Messages (SPEC §6.1)
const PING = 0;
const FIND = 4;
const PUNCH = 6;
const REQUEST = 10;
const PATH_CHALLENGE = 20;
const CONTROL = 22;
const INTRODUCE = 15;
const WITNESS = 17;
const PROBE_WANTED = 18;
const PROBE_FOR = 19;
/** INTRODUCE without places. */
const QUESTION = 0x40;

// Addresses (SPEC §6.4)
const IPV4 = 0x04;
const OWN = 0x10;
const MAPPED = 0x20;
const PORT = [0x1a, 0x0a] as const;
const TARGET_IP = [203, 0, 113, 1] as const;
const LIAR_IP = [203, 0, 113, 2] as const;

/** Mappings as PUNCH tells them. */
const INDEPENDENT = 2;
const PREDICTABLE = 3;

const SHORT = new Uint8Array(8);
const COOKIE = new Uint8Array(12);
const PINGS = 200;
const CHALLENGES = 80;
const FINDS = 50;
const ENDPOINTS = 10;
const PLACES = 8;
const BODY_BYTES = 900;
const FIRST_REQUEST = 1000;

const MOVE_EVERY_MS = 500;
const HELP_EVERY_MS = 100;
/** No attempt is followed sooner. */
const PUNCH_EVERY_MS = 2500;

/** What a member says about a victim, and how often. */
export interface Attack extends StageOptions {
  /** In the name of the victim. */
  readonly isSpoofed: boolean;
  /** Nobody may be probed for it. */
  readonly isDialBack?: boolean;
  readonly everyMs: number;
  readonly say: (strike: number, stage: Stage) => Uint8Array;
  /** Said soon after. */
  readonly also?: (strike: number, stage: Stage) => Uint8Array;
}

export const ATTACKS: readonly Attack[] = [
  moved('nothing from elsewhere', () => said()),
  moved('a PING from elsewhere', () => said(PING, 1, 0)),
  moved('PINGs from elsewhere', () => said(...eachOf(PINGS, () => [PING, 1, 0]).flat())),
  moved('challenges from elsewhere', () => said(...eachOf(CHALLENGES, () => [PATH_CHALLENGE, SHORT]).flat())),
  moved('FINDs from elsewhere', () => said(...eachOf(FINDS, () => [FIND, SHORT]).flat())),
  moved('requests from elsewhere', (i) => {
    return said(REQUEST, FIRST_REQUEST + i, 'echo', new Uint8Array(BODY_BYTES));
  }),
  { ...moved('help wanted elsewhere', () => said(CONTROL, PROBE_WANTED, COOKIE)), isDialBack: true },
  {
    ...{ name: 'help wanted for a victim', isSpoofed: false, everyMs: HELP_EVERY_MS },
    say: (i) => said(CONTROL, PROBE_FOR, COOKIE, `45.${i}.0.1:6666`),
  },
  punching('PUNCH to a victim', (i) => punch(i, INDEPENDENT, [endpoint(i, 1)])),
  punching('PUNCH to many', (i) =>
    punch(
      i,
      INDEPENDENT,
      eachOf(ENDPOINTS, (k) => endpoint(i, k)),
    ),
  ),
  punching('PUNCH to many ports', (i) =>
    punch(
      i,
      PREDICTABLE,
      eachOf(ENDPOINTS, (k) => endpoint(i, k)),
    ),
  ),
  punching('PUNCH to many behind boxes', (i) => {
    return punch(
      i,
      INDEPENDENT,
      eachOf(ENDPOINTS, (k) => endpoint(i, k, IPV4 | MAPPED)),
    );
  }),
  punching('PUNCH to many as from next door', (i) => {
    const here = Uint8Array.of(IPV4, ...TARGET_IP, ...PORT);
    return punch(i, INDEPENDENT, [here, ...eachOf(ENDPOINTS - 1, (k) => endpoint(i, k, IPV4 | OWN))]);
  }),
  {
    ...punching('PUNCH of who vouches for itself', (i) => {
      return punch(
        i,
        PREDICTABLE,
        eachOf(ENDPOINTS, (k) => endpoint(i, k)),
      );
    }),
    isAlone: true,
    also: (i, { member }) => {
      const self = shortBytes(member.identity.short);
      return said(...eachOf(ENDPOINTS, (k) => [CONTROL, WITNESS, self, `45.${i}.0.${k}:6666`]).flat());
    },
  },
];

/** Eight addresses for who asked. */
export function introduction(strike: number): Uint8Array {
  const places = eachOf(PLACES, (k) =>
    joined([Uint8Array.of(strike, k, 0, 0, 0, 0, 0, 0), network(strike, k)]),
  );
  return said(CONTROL, INTRODUCE, 0, joined(places));
}

/** Whether somebody asks for addresses there. */
export function isQuestion(plain: Uint8Array): boolean {
  for (let at = 0; at + 3 < plain.length; at++) {
    if (plain[at] === CONTROL && plain[at + 1] === INTRODUCE && plain[at + 3] === QUESTION) return true;
  }
  return false;
}

/** The victim's address where the liar's own one stands; undefined where it does not. */
export function misplaced(plain: Uint8Array, strike: number): Uint8Array | undefined {
  const at = plain.findIndex(
    (byte, i) => byte === IPV4 && LIAR_IP.every((part, k) => plain[i + 1 + k] === part),
  );
  if (at < 0) return undefined;
  const changed = new Uint8Array(plain);
  changed.set(endpoint(strike, 1).subarray(0, 1 + LIAR_IP.length), at);
  return changed;
}

function moved(name: string, say: Attack['say']): Attack {
  return { name, isSpoofed: true, everyMs: MOVE_EVERY_MS, say };
}

function punching(name: string, say: Attack['say']): Attack {
  return { name, isSpoofed: false, everyMs: PUNCH_EVERY_MS, say };
}

function punch(strike: number, nat: number, endpoints: readonly Uint8Array[]): Uint8Array {
  return said(PUNCH, Uint8Array.of(strike, 0, 0), nat, 1, 1, joined(endpoints));
}

function endpoint(strike: number, place: number, kind = IPV4): Uint8Array {
  return Uint8Array.of(kind, 45, strike, 0, place, ...PORT);
}

/** Each in a /24 of its own. */
function network(strike: number, place: number): Uint8Array {
  return Uint8Array.of(IPV4, 45, strike, place, 1, ...PORT);
}

function eachOf<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i + 1));
}

function said(...items: readonly CborValue[]): Uint8Array {
  return joined(items.map((item) => encodeValue(item)));
}
