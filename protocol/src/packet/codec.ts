import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import { assert, unreachable } from '../kernel/assert.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import type { Message, RouteEntries, RouteEntry } from './message.js';
import { ROUTE_ROW_FIELDS, type Row, type RowField, rowOfKind, rowOfType } from './message-rows.js';
import { CONTROL_TYPE, FIELD_TYPES, type FieldShape } from './message-table.js';
import { RouteList } from './route-list.js';

/*
 * Messages to and from the CBOR sequence inside a sealed packet (SPEC §6). Everything is positional: type
 * number, then the fields of the row. Decoding allocates one object for each message; byte strings are views
 * into the packet.
 */

const MAJOR_UINT = 0;
const MAJOR_ARRAY = 4;

/** In one packet, `reliable` prefixes included: 1,200 B hold 92 readings of 10 B with theirs. */
export const MESSAGES_PER_PACKET_MAX = 256;

/** What fields are read into and written from: the table has proved that they are the message's own. */
type Fields = Record<string, unknown>;

export function encodeMessage(message: Message, into: CborWriter): void {
  const row = rowOfKind(message.kind);
  into.uint(row.type);
  if (row.control !== undefined) into.uint(row.control);
  writeFields(into, row.fields, message as unknown as Fields); // the row is of this very kind
}

/** The bytes of one message, as they stand in a packet. */
export function messageBytes(message: Message): Uint8Array {
  const writer = new CborWriter();
  encodeMessage(message, writer);
  return writer.finish();
}

/** Whether the message may stand behind a `reliable` prefix. */
export function mayBeReliable(message: Message): boolean {
  return rowOfKind(message.kind).delivery !== 'datagram';
}

/** The messages of a whole opened packet, perhaps none; undefined when any of it is malformed. */
export function decodeMessages(bytes: Uint8Array): readonly Message[] | undefined {
  const reader = new CborReader(bytes);
  const messages: Message[] = [];
  let isPrefixed = false;
  while (!reader.isAtEnd) {
    const row = readType(reader);
    if (row === undefined || messages.length === MESSAGES_PER_PACKET_MAX) return undefined;
    if (row.delivery === (isPrefixed ? 'datagram' : 'reliable')) return undefined;
    const message: Fields = { kind: row.kind };
    readFields(reader, row.fields, message);
    if (reader.failed) return undefined;
    messages.push(message as unknown as Message); // every field of the row was read
    isPrefixed = row.kind === 'reliable';
  }
  return isPrefixed ? undefined : messages;
}

function readType(reader: CborReader): Row | undefined {
  const type = reader.uint(CONTROL_TYPE);
  const control = type === CONTROL_TYPE ? reader.uint() : 0;
  return reader.failed ? undefined : rowOfType(type, control);
}

function writeFields(into: CborWriter, fields: readonly RowField[], from: Fields): void {
  for (let i = 0; i < fields.length; i++) {
    const { name, shape } = fields[i] as RowField;
    writeField(into, shape, from, name);
  }
}

/** The casts are what the shape says about the field; a wrong table would not have compiled. */
function writeField(into: CborWriter, field: FieldShape, from: Fields, name: string): void {
  switch (field.shape) {
    case 'uint':
      writeUint(into, from[name] as number, field.max);
      break;
    case 'bytes': {
      const bytes = from[name] as Uint8Array;
      assert(bytes.length >= field.min && bytes.length <= field.max, 'bytes fit their field');
      into.bytes(bytes);
      break;
    }
    case 'text':
      writeText(into, from[name] as string, field.max);
      break;
    case 'target':
      writeTarget(into, from['alias'] as number | undefined, from['path'] as string | undefined);
      break;
    case 'routes':
      writeRoutes(into, from[name] as RouteEntries, field.max);
      break;
    case 'uints': {
      const list = from[name] as readonly number[];
      assert(list.length <= field.max, 'a list fits its field');
      into.array(list.length);
      for (const value of list) writeUint(into, value, field.each);
      break;
    }
    default:
      unreachable(field);
  }
}

function writeUint(into: CborWriter, value: number, max: number): void {
  assert(value >= 0 && value <= max, 'a number fits its field');
  into.uint(value);
}

function writeText(into: CborWriter, text: string, bytesMax: number): void {
  assert(encodeUtf8(text).length <= bytesMax, 'a text fits its field');
  into.text(text);
}

function writeTarget(into: CborWriter, alias: number | undefined, path: string | undefined): void {
  assert(alias !== undefined || path !== undefined, 'a request names its path');
  if (alias !== undefined && path !== undefined) into.array(2);
  if (alias !== undefined) writeUint(into, alias, FIELD_TYPES.u16.max);
  if (path !== undefined) writeText(into, path, FIELD_TYPES.path.max);
}

function writeRoutes(into: CborWriter, routes: RouteEntries, max: number): void {
  assert(routes.length <= max, 'routes fit their field');
  into.array(routes.length * ROUTE_ROW_FIELDS.length);
  for (const route of routes) writeFields(into, ROUTE_ROW_FIELDS, route as unknown as Fields);
}

function readFields(reader: CborReader, fields: readonly RowField[], into: Fields): void {
  for (let i = 0; i < fields.length; i++) {
    const { name, shape } = fields[i] as RowField;
    readField(reader, shape, into, name);
  }
}

function readField(reader: CborReader, field: FieldShape, into: Fields, name: string): void {
  switch (field.shape) {
    case 'uint':
      into[name] = reader.uint(field.max);
      break;
    case 'bytes':
      into[name] = readBytes(reader, field.min, field.max);
      break;
    case 'text':
      into[name] = reader.text(field.max);
      break;
    case 'target':
      readTarget(reader, into);
      break;
    case 'routes':
      into[name] = readRoutes(reader, field.max);
      break;
    case 'uints':
      into[name] = readUints(reader, field.max, field.each);
      break;
    default:
      unreachable(field);
  }
}

function readBytes(reader: CborReader, min: number, max: number): Uint8Array {
  const bytes = reader.bytes(max);
  if (bytes.length < min) reader.fail();
  return bytes;
}

function readTarget(reader: CborReader, into: Fields): void {
  const major = reader.peekMajor();
  const isPair = major === MAJOR_ARRAY && reader.array(2) === 2;
  if (major === MAJOR_ARRAY && !isPair) reader.fail();
  into['alias'] = isPair || major === MAJOR_UINT ? reader.uint(FIELD_TYPES.u16.max) : undefined;
  into['path'] = isPair || major !== MAJOR_UINT ? reader.text(FIELD_TYPES.path.max) : undefined;
}

function readRoutes(reader: CborReader, max: number): RouteList {
  const count = reader.array(max * ROUTE_ROW_FIELDS.length);
  if (count % ROUTE_ROW_FIELDS.length !== 0) reader.fail();
  const routes = new RouteList(reader.failed ? 0 : count / ROUTE_ROW_FIELDS.length);
  for (let left = count; left > 0 && !reader.failed; left -= ROUTE_ROW_FIELDS.length) {
    const route: Fields = {};
    readFields(reader, ROUTE_ROW_FIELDS, route);
    if (!reader.failed) routes.push(route as unknown as RouteEntry); // every field of the entry was read
  }
  return routes;
}

function readUints(reader: CborReader, max: number, each: number): readonly number[] {
  const count = reader.array(max);
  const list: number[] = [];
  for (let i = 0; i < count && !reader.failed; i++) list.push(reader.uint(each));
  return list;
}
