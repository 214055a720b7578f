import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CborWriter } from '../../src/cbor/writer.js';
import { concatBytes, fromHex } from '../../src/kernel/bytes.js';
import {
  decodeMessages,
  encodeMessage,
  MESSAGES_PER_PACKET_MAX,
  mayBeReliable,
  messageBytes,
} from '../../src/packet/codec.js';
import type { Message } from '../../src/packet/message.js';
import { FIELD_TYPES, type FieldType, MESSAGES, ROUTE_FIELDS } from '../../src/packet/message-table.js';
import vectors from '../../vectors/packet.json' with { type: 'json' };
import { bytesOf, hex, mutationOf } from './bytes.js';

const BYTE_FIELDS: readonly string[] = [
  'body',
  'places',
  'token',
  'record',
  'destination',
  'source',
  'bitmap',
  'bytes',
  'supers',
  'towards',
  'attempt',
  'endpoints',
  'cookie',
  'holder',
  'where',
  'key',
  'relay',
  'keepers',
  'letter',
  'receipt',
  'from',
  'to',
];

/** Vectors write byte strings as hexadecimal text. */
function fromVector(fields: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...fields };
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'entries') result[name] = (value as Record<string, unknown>[]).map(fromVector);
    const isBytes = BYTE_FIELDS.includes(name);
    if (isBytes && typeof value === 'string') result[name] = fromHex(value);
  }
  return result;
}

function encodeAll(messages: readonly Message[]): Uint8Array {
  const writer = new CborWriter();
  for (const message of messages) encodeMessage(message, writer);
  return writer.finish();
}

/** Decoded, with route entries as plain lists. */
function decodedPlainly(bytes: Uint8Array): readonly Message[] | undefined {
  return decodeMessages(bytes)?.map((message) =>
    message.kind === 'routes' ? { ...message, entries: [...message.entries] } : message,
  );
}

const anyText = (bytesMax: number) => fc.string({ maxLength: bytesMax, unit: 'grapheme-ascii' });

function anyField(type: FieldType): fc.Arbitrary<unknown> {
  const field = FIELD_TYPES[type];
  switch (field.shape) {
    case 'uint':
      return fc.oneof(fc.nat(Math.min(field.max, 30)), fc.nat(field.max));
    case 'bytes':
      return fc.uint8Array({ minLength: field.min, maxLength: Math.min(field.max, 64) });
    case 'text':
      return anyText(Math.min(field.max, 64));
    case 'uints':
      return fc.array(fc.nat(field.each), { maxLength: field.max });
    case 'routes':
      return fc.array(anyFields(ROUTE_FIELDS), { maxLength: 5 });
    case 'target':
      return fc.constant(undefined);
  }
}

function anyFields(list: readonly (readonly [string, FieldType])[]): fc.Arbitrary<Record<string, unknown>> {
  const target = fc.oneof(
    fc.record({ alias: fc.nat(65_535), path: fc.constant(undefined) }),
    fc.record({ alias: fc.constant(undefined), path: anyText(32) }),
    fc.record({ alias: fc.nat(65_535), path: anyText(32) }),
  );
  const parts = list.map(([name, type]) =>
    type === 'target' ? target : anyField(type).map((value) => ({ [name]: value })),
  );
  return fc.tuple(...parts).map((values) => Object.assign({}, ...values));
}

/** A message as it may stand in a packet: with its prefix where it needs one. */
const anyUnit: fc.Arbitrary<readonly Message[]> = fc
  .constantFrom(...MESSAGES.filter((row) => row.kind !== 'reliable'))
  .chain((row) =>
    fc
      .tuple(fc.constant(row), anyFields(row.fields), fc.boolean(), fc.nat(65_535))
      .map(([, fields, prefix, number]) => {
        const message = { kind: row.kind, ...fields } as Message;
        const isReliable = row.delivery === 'reliable' || (row.delivery === 'either' && prefix);
        return isReliable ? [{ kind: 'reliable' as const, number }, message] : [message];
      }),
  );

const anyPacket = fc.array(anyUnit, { maxLength: 6 }).map((units) => units.flat());

describe('messages (§6)', () => {
  for (const vector of vectors.messages) {
    it(`are the vector both ways: ${vector.name}`, () => {
      const messages = vector.messages.map(fromVector) as unknown as Message[];
      expect(encodeAll(messages)).toEqual(hex(...vector.hex));
      expect(decodedPlainly(hex(...vector.hex))).toEqual(messages);
    });
  }

  it('have a vector for each row of the table', () => {
    const kinds = new Set(
      vectors.messages.flatMap((vector) => vector.messages.map((message) => message.kind)),
    );
    expect(MESSAGES.map((row) => row.kind).filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  for (const vector of vectors.malformedMessages) {
    it(`are malformed: ${vector.why}`, () => {
      expect(decodeMessages(hex(...vector.hex))).toBeUndefined();
    });
  }

  it('come back as they were written', () => {
    fc.assert(
      fc.property(anyPacket, (messages) => {
        expect(decodedPlainly(encodeAll(messages))).toEqual(messages);
      }),
    );
  });

  it('have one spelling: whatever decodes encodes to the same bytes', () => {
    const anyMutation = anyPacket
      .filter((messages) => messages.length > 0)
      .chain((m) => mutationOf(encodeAll(m)));
    fc.assert(
      fc.property(fc.oneof(anyMutation, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        const messages = decodeMessages(bytes);
        if (messages !== undefined) expect(encodeAll(messages)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('are bounded in number', () => {
    const ack = messageBytes({ kind: 'ack', cumulative: 0 });
    const full = concatBytes(...Array.from({ length: MESSAGES_PER_PACKET_MAX }, () => ack));
    expect(decodeMessages(full)?.length).toBe(MESSAGES_PER_PACKET_MAX);
    expect(decodeMessages(concatBytes(full, ack))).toBeUndefined();
  });

  it('tell which of them may be reliable', () => {
    expect(mayBeReliable({ kind: 'publish', alias: 1, body: new Uint8Array(0) })).toBe(true);
    expect(mayBeReliable({ kind: 'routesWanted' })).toBe(true);
    expect(mayBeReliable({ kind: 'ack', cumulative: 1 })).toBe(false);
    expect(mayBeReliable({ kind: 'close', code: 0 })).toBe(false);
  });
});

describe('sizes of messages (§6)', () => {
  const body = new Uint8Array(20);

  it('a reading of 20 B takes 23, a request 24, an answer 24', () => {
    expect(messageBytes({ kind: 'publish', alias: 23, body }).length).toBe(23);
    expect(messageBytes({ kind: 'request', id: 23, alias: 23, path: undefined, body }).length).toBe(24);
    expect(messageBytes({ kind: 'response', id: 23, status: 0, body }).length).toBe(24);
  });

  it('an acknowledgement takes 4 at most, the prefix of what it acknowledges as well', () => {
    expect(messageBytes({ kind: 'ack', cumulative: 65_535 }).length).toBe(4);
    expect(messageBytes({ kind: 'reliable', number: 65_535 }).length).toBe(4);
  });

  it('a path challenge takes 10, so 31 on the wire', () => {
    fc.assert(
      fc.property(bytesOf(8), (token) => {
        expect(messageBytes({ kind: 'pathChallenge', token }).length).toBe(10);
        expect(messageBytes({ kind: 'pathResponse', token }).length).toBe(10);
      }),
    );
  });
});
