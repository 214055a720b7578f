import { readFileSync } from 'node:fs';
import { fromHex } from '../../src/kernel/bytes.js';

/** The `tests` of a file in protocol/vectors. */
export function readVectors<Vector>(file: string): readonly Vector[] {
  const text = readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { tests: readonly Vector[] }).tests;
}

export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}
