import type { CborValue } from '@fogwisp/protocol';
import type { Value } from '../mesh.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Bytes have no JSON form; they are written as { "base64": "..." } and read back from it. */
const BYTES_KEY = 'base64';

export function toJson(value: Value): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Uint8Array) return { [BYTES_KEY]: Buffer.from(value).toString('base64') };
  if (isList(value)) return value.map(toJson);
  // fromEntries defines own properties, so that a key called __proto__ stays a key.
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toJson(each)]));
}

export function fromJson(json: Json): CborValue {
  if (json === null || typeof json !== 'object') return json;
  if (isList(json)) return json.map(fromJson);
  const bytes = bytesOf(json);
  if (bytes !== undefined) return bytes;
  return Object.fromEntries(Object.entries(json).map(([key, each]) => [key, fromJson(each)]));
}

/** The JSON in `text`, or undefined when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json; // a parsed border: JSON.parse gives nothing but Json
  } catch {
    return undefined;
  }
}

export function isJsonMap(json: Json | undefined): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function bytesOf(json: { readonly [key: string]: Json }): Uint8Array | undefined {
  const text = json[BYTES_KEY];
  if (typeof text !== 'string' || Object.keys(json).length !== 1) return undefined;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}
