/** Bytes of a body that are looked at; with the length they tell two small requests apart. */
const SAMPLE_BYTES = 256;
/** FNV-1a, 32 bits. */
const OFFSET_BASIS = 0x811c_9dc5;
const PRIME = 0x0100_0193;

/**
 * Tells a repeated request from another one under the same id. It guards against a peer that lost count, not
 * against a hostile one, who could only confuse itself.
 */
export function fingerprint(path: string, body: Uint8Array): number {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), PRIME);
  hash = Math.imul(hash ^ body.length, PRIME);
  const length = Math.min(body.length, SAMPLE_BYTES);
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (body[i] as number), PRIME);
  return hash >>> 0;
}
