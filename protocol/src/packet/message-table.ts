import { MAIL_MESSAGES } from './mail-rows.js';
import type { Message, RouteEntry } from './message.js';

/*
 * The one table of messages (SPEC §6): encoding, decoding and the CDDL of the specification all read it. A
 * field's place in its list is its place on the wire. Type 23 is reserved: no row, so malformed.
 */

export type FieldShape =
  | { readonly shape: 'uint'; readonly max: number }
  | { readonly shape: 'bytes'; readonly min: number; readonly max: number }
  | { readonly shape: 'text'; readonly max: number }
  /** The path of a request: text, or an alias, or [alias, text]. */
  | { readonly shape: 'target' }
  /** Groups of fields, one after the other in one array; `max` groups. */
  | { readonly shape: 'routes'; readonly max: number }
  | { readonly shape: 'uints'; readonly max: number; readonly each: number };

export const FIELD_TYPES = {
  u8: { shape: 'uint', max: 0xff },
  u16: { shape: 'uint', max: 0xffff },
  u32: { shape: 'uint', max: 0xffff_ffff },
  qos: { shape: 'uint', max: 1 },
  flag: { shape: 'uint', max: 1 },
  score: { shape: 'uint', max: 15 },
  tries: { shape: 'uint', max: 15 },
  'close-code': { shape: 'uint', max: 4 },
  'short-id': { shape: 'bytes', min: 8, max: 8 },
  token: { shape: 'bytes', min: 8, max: 8 },
  'attempt-id': { shape: 'bytes', min: 3, max: 3 },
  /** Four of IPv6. */
  endpoints: { shape: 'bytes', min: 0, max: 76 },
  /** Eight of IPv6, with a short id each. */
  'place-list': { shape: 'bytes', min: 0, max: 216 },
  cookie: { shape: 'bytes', min: 12, max: 12 },
  /** One bit for each unit of a window of 256. */
  bitmap: { shape: 'bytes', min: 1, max: 32 },
  /** Four supernodes, 8 bytes of id and 1 of flags each. */
  'super-list': { shape: 'bytes', min: 0, max: 36 },
  /** Two node ids. */
  'keeper-list': { shape: 'bytes', min: 0, max: 32 },
  letter: { shape: 'bytes', min: 0, max: 1024 },
  receipt: { shape: 'bytes', min: 0, max: 8 },
  'signed-record': { shape: 'bytes', min: 1, max: 512 },
  'record-or-none': { shape: 'bytes', min: 0, max: 512 },
  subject: { shape: 'uint', max: 3 },
  /** Two supernodes, 8 bytes of id each. */
  where: { shape: 'bytes', min: 0, max: 16 },
  body: { shape: 'bytes', min: 0, max: 0x1_0000 },
  /** '[' + 39 + '%' + 15 + ']:65535' is the longest that UDP writes. */
  address: { shape: 'text', max: 64 },
  path: { shape: 'text', max: 128 },
  target: { shape: 'target' },
  /** 64 x 24 B is more than one packet holds. */
  'route-list': { shape: 'routes', max: 64 },
  'connection-list': { shape: 'uints', max: 4, each: 0xffff },
} as const satisfies Record<string, FieldShape>;
export type FieldType = keyof typeof FIELD_TYPES;

type Field<T> = readonly [Exclude<keyof T & string, 'kind'>, FieldType];

/**
 * `datagram`: never behind a `reliable` prefix. `either`: with or without one. `reliable`: only with one.
 */
export type Delivery = 'datagram' | 'either' | 'reliable';

export type MessageRow = {
  [K in Message['kind']]: {
    readonly type: number;
    readonly control?: number;
    readonly kind: K;
    readonly delivery: Delivery;
    readonly fields: readonly Field<Extract<Message, { kind: K }>>[];
  };
}[Message['kind']];

/** Its messages have a second number, `control`. */
export const CONTROL_TYPE = 22;

export const MESSAGES = [
  {
    type: 0,
    kind: 'ping',
    delivery: 'datagram',
    fields: [
      ['token', 'u16'],
      ['sentAt', 'u32'],
    ],
  },
  {
    type: 1,
    kind: 'pong',
    delivery: 'datagram',
    fields: [
      ['token', 'u16'],
      ['receivedAt', 'u32'],
      ['observed', 'address'],
    ],
  },
  {
    type: 2,
    kind: 'heartbeat',
    // Reliable behind routes that it sums up, so that it does not overtake them.
    delivery: 'either',
    fields: [
      ['digest', 'u16'],
      ['intervalS', 'u16'],
    ],
  },
  { type: 3, kind: 'record', delivery: 'either', fields: [['record', 'signed-record']] },
  { type: 4, kind: 'find', delivery: 'either', fields: [['destination', 'short-id']] },
  {
    type: 5,
    kind: 'label',
    delivery: 'datagram',
    fields: [
      ['label', 'u16'],
      ['source', 'short-id'],
      ['destination', 'short-id'],
    ],
  },
  {
    type: 6,
    kind: 'punch',
    delivery: 'datagram',
    fields: [
      ['attempt', 'attempt-id'],
      ['nat', 'u8'],
      ['step', 'u8'],
      ['roundTripMs', 'u16'],
      ['endpoints', 'endpoints'],
    ],
  },
  {
    type: 7,
    kind: 'sync',
    delivery: 'datagram',
    fields: [
      ['attempt', 'attempt-id'],
      ['nat', 'u8'],
      ['step', 'u8'],
      ['delayMs', 'u16'],
      ['endpoints', 'endpoints'],
    ],
  },
  { type: 8, kind: 'routes', delivery: 'either', fields: [['entries', 'route-list']] },
  {
    type: 9,
    kind: 'routeRequest',
    delivery: 'either',
    fields: [
      ['destination', 'short-id'],
      ['boot', 'u16'],
      ['sequence', 'u16'],
      ['hopLimit', 'u8'],
    ],
  },
  {
    type: 10,
    kind: 'request',
    delivery: 'either',
    fields: [
      ['id', 'u32'],
      ['path', 'target'],
      ['body', 'body'],
    ],
  },
  {
    type: 11,
    kind: 'response',
    delivery: 'either',
    fields: [
      ['id', 'u32'],
      ['status', 'u8'],
      ['body', 'body'],
    ],
  },
  { type: 12, kind: 'cancel', delivery: 'either', fields: [['id', 'u32']] },
  {
    type: 13,
    kind: 'subscribe',
    delivery: 'either',
    fields: [
      ['alias', 'u16'],
      ['qos', 'qos'],
      ['path', 'path'],
    ],
  },
  { type: 14, kind: 'unsubscribe', delivery: 'either', fields: [['alias', 'u16']] },
  {
    type: 15,
    kind: 'publish',
    delivery: 'either',
    fields: [
      ['alias', 'u16'],
      ['body', 'body'],
    ],
  },
  { type: 16, kind: 'ack', delivery: 'datagram', fields: [['cumulative', 'u16']] },
  {
    type: 17,
    kind: 'selectiveAck',
    delivery: 'datagram',
    fields: [
      ['cumulative', 'u16'],
      ['window', 'u16'],
      ['bitmap', 'bitmap'],
    ],
  },
  { type: 18, kind: 'reliable', delivery: 'datagram', fields: [['number', 'u16']] },
  {
    type: 19,
    kind: 'part',
    delivery: 'reliable',
    fields: [
      ['transfer', 'u16'],
      ['offset', 'u32'],
      ['total', 'u32'],
      ['bytes', 'body'],
    ],
  },
  { type: 20, kind: 'pathChallenge', delivery: 'datagram', fields: [['token', 'token']] },
  { type: 21, kind: 'pathResponse', delivery: 'datagram', fields: [['token', 'token']] },
  { type: CONTROL_TYPE, control: 0, kind: 'close', delivery: 'datagram', fields: [['code', 'close-code']] },
  {
    type: CONTROL_TYPE,
    control: 1,
    kind: 'spareConnections',
    delivery: 'either',
    fields: [['connections', 'connection-list']],
  },
  { type: CONTROL_TYPE, control: 2, kind: 'routesWanted', delivery: 'either', fields: [] },
  {
    type: CONTROL_TYPE,
    control: 3,
    kind: 'attach',
    delivery: 'datagram',
    fields: [
      ['mine', 'u32'],
      ['yours', 'u32'],
      ['base', 'u16'],
      ['window', 'u16'],
      ['heard', 'flag'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 4,
    kind: 'transferRefused',
    delivery: 'datagram',
    fields: [['transfer', 'u16']],
  },
  {
    type: CONTROL_TYPE,
    control: 5,
    kind: 'labelUnknown',
    delivery: 'datagram',
    fields: [['label', 'u16']],
  },
  {
    type: CONTROL_TYPE,
    control: 6,
    kind: 'routeSeek',
    delivery: 'either',
    fields: [
      ['destination', 'short-id'],
      ['source', 'short-id'],
      ['towards', 'short-id'],
      ['hopLimit', 'u8'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 7,
    kind: 'routeSeekBack',
    delivery: 'either',
    fields: [
      ['destination', 'short-id'],
      ['source', 'short-id'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 8,
    kind: 'routeUnwanted',
    delivery: 'either',
    fields: [['destination', 'short-id']],
  },
  {
    type: CONTROL_TYPE,
    control: 9,
    kind: 'vicinity',
    delivery: 'either',
    fields: [
      ['hops', 'u8'],
      ['landmarkHops', 'u8'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 10,
    kind: 'advert',
    delivery: 'either',
    fields: [
      ['era', 'u32'],
      ['flags', 'u8'],
      ['score', 'score'],
      ['debt', 'u8'],
      ['supers', 'super-list'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 11,
    kind: 'reserve',
    delivery: 'either',
    fields: [
      ['lifetimeS', 'u16'],
      ['flags', 'u8'],
      ['attempt', 'tries'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 12,
    kind: 'reserved',
    delivery: 'either',
    fields: [
      ['lifetimeS', 'u16'],
      ['bytesPerMinute', 'u32'],
    ],
  },
  { type: CONTROL_TYPE, control: 13, kind: 'busy', delivery: 'either', fields: [['retryS', 'u8']] },
  { type: CONTROL_TYPE, control: 14, kind: 'release', delivery: 'either', fields: [] },
  {
    type: CONTROL_TYPE,
    control: 15,
    kind: 'introduce',
    delivery: 'either',
    fields: [
      ['flags', 'u8'],
      ['places', 'place-list'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 16,
    kind: 'witnessWanted',
    delivery: 'datagram',
    fields: [['destination', 'short-id']],
  },
  {
    type: CONTROL_TYPE,
    control: 17,
    kind: 'witness',
    delivery: 'datagram',
    fields: [
      ['destination', 'short-id'],
      ['observed', 'address'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 18,
    kind: 'probeWanted',
    delivery: 'datagram',
    fields: [['cookie', 'cookie']],
  },
  {
    type: CONTROL_TYPE,
    control: 19,
    kind: 'probeFor',
    delivery: 'datagram',
    fields: [
      ['cookie', 'cookie'],
      ['observed', 'address'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 20,
    kind: 'findNewer',
    delivery: 'either',
    fields: [
      ['destination', 'short-id'],
      ['boot', 'u16'],
      ['sequence', 'u16'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 21,
    kind: 'relayRefused',
    delivery: 'datagram',
    fields: [
      ['source', 'short-id'],
      ['destination', 'short-id'],
      ['relay', 'short-id'],
      ['retryS', 'u8'],
    ],
  },
  { type: CONTROL_TYPE, control: 22, kind: 'asleep', delivery: 'datagram', fields: [['forS', 'u32']] },
  {
    type: CONTROL_TYPE,
    control: 24,
    kind: 'store',
    delivery: 'either',
    fields: [
      ['subject', 'subject'],
      ['holder', 'short-id'],
      ['where', 'where'],
      ['record', 'signed-record'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 25,
    kind: 'lookup',
    delivery: 'either',
    fields: [
      ['subject', 'subject'],
      ['key', 'short-id'],
      ['source', 'short-id'],
      ['towards', 'short-id'],
      ['hopLimit', 'u8'],
    ],
  },
  {
    type: CONTROL_TYPE,
    control: 26,
    kind: 'found',
    delivery: 'either',
    fields: [
      ['subject', 'subject'],
      ['key', 'short-id'],
      ['source', 'short-id'],
      ['where', 'where'],
      ['record', 'record-or-none'],
    ],
  },
  ...MAIL_MESSAGES,
] as const satisfies readonly MessageRow[];

/** One entry of a route list. */
export const ROUTE_FIELDS = [
  ['destination', 'short-id'],
  ['boot', 'u16'],
  ['sequence', 'u16'],
  ['metric', 'u16'],
  ['hops', 'u8'],
  ['mtu', 'u16'],
  ['flags', 'u8'],
] as const satisfies readonly Field<RouteEntry>[];
