import type { Prng } from '@fogwisp/protocol/sim';
import { CborWriter } from '../../src/cbor/writer.js';
import { encodeMessage } from '../../src/packet/codec.js';
import type { Message } from '../../src/packet/message.js';
import { FIELD_TYPES, type FieldType, MESSAGES, ROUTE_FIELDS } from '../../src/packet/message-table.js';
import { randomBytesOf } from './mutate.js';

/** What an insider may say: every message that the table knows, fields drawn at random and at their ends. */

/** What fields are made of where it matters that two of them are the same. */
export interface Vocabulary {
  readonly shortIds: readonly Uint8Array[];
  readonly paths: readonly string[];
  readonly records: readonly Uint8Array[];
}

type Fields = Record<string, unknown>;

export function randomMessage(chance: Prng, words: Vocabulary): Message {
  const row = chance.pick(MESSAGES);
  // A goodbye ends the conversation: not too often.
  const isAnother = row.kind === 'reliable' || (row.kind === 'close' && chance.chance(0.9));
  if (isAnother) return randomMessage(chance, words);
  return { kind: row.kind, ...randomFields(chance, words, row.fields) } as Message;
}

/** A packet body: messages with and without their prefix, mostly where they may stand. */
export function randomBody(chance: Prng, words: Vocabulary): Uint8Array {
  const into = new CborWriter();
  for (let count = chance.below(6); count > 0; count--) {
    const message = randomMessage(chance, words);
    const row = MESSAGES.find(({ kind }) => kind === message.kind);
    const isPrefixed = row?.delivery === 'reliable' || (row?.delivery === 'either' && chance.chance(0.6));
    if (isPrefixed) encodeMessage({ kind: 'reliable', number: chance.below(12) }, into);
    encodeMessage(message, into);
  }
  return into.finish();
}

function randomFields(
  chance: Prng,
  words: Vocabulary,
  fields: readonly (readonly [string, FieldType])[],
): Fields {
  const made: Fields = {};
  for (const [name, type] of fields) Object.assign(made, randomField(chance, words, name, type));
  return made;
}

function randomField(chance: Prng, words: Vocabulary, name: string, type: FieldType): Fields {
  const field = FIELD_TYPES[type];
  switch (field.shape) {
    case 'uint':
      return { [name]: randomNumber(chance, field.max) };
    case 'bytes':
      return { [name]: randomBytesField(chance, words, type, field) };
    case 'text':
      return { [name]: chance.chance(0.8) ? chance.pick(words.paths).substring(0, field.max) : '' };
    case 'target': {
      const form = chance.below(3);
      const alias = form === 0 ? undefined : randomNumber(chance, 0xffff);
      return { alias, path: form === 1 ? undefined : chance.pick(words.paths) };
    }
    case 'routes': {
      const count = chance.below(chance.chance(0.1) ? 20 : 4);
      return { [name]: Array.from({ length: count }, () => randomFields(chance, words, ROUTE_FIELDS)) };
    }
    case 'uints': {
      const count = chance.below(field.max + 1);
      return { [name]: Array.from({ length: count }, () => randomNumber(chance, field.each)) };
    }
    default:
      return {};
  }
}

function randomBytesField(
  chance: Prng,
  words: Vocabulary,
  type: FieldType,
  { min, max }: { readonly min: number; readonly max: number },
): Uint8Array {
  if (type === 'short-id' && chance.chance(0.8)) return chance.pick(words.shortIds);
  if (type === 'signed-record' && chance.chance(0.8)) return chance.pick(words.records);
  return randomBytesOf(chance, chance.between(min, Math.min(max, chance.chance(0.05) ? 600 : 40)));
}

function randomNumber(chance: Prng, max: number): number {
  switch (chance.below(5)) {
    case 0:
      return chance.below(Math.min(max, 8) + 1);
    case 1:
      return max - chance.below(Math.min(max, 3) + 1);
    case 2:
      return chance.below(Math.min(max, 300) + 1);
    case 3:
      return Math.min(max, 2 ** chance.below(32));
    default:
      return chance.below(max) + chance.below(2);
  }
}
