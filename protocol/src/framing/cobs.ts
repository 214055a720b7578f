/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1997): the same bytes without a zero, for at most
 * one byte more in 254. A code byte n says that n - 1 bytes follow and then a zero, which 255 and the end
 * leave out. Both ways work where the bytes are: what is written never overtakes what is read.
 */

const RUN_BYTES_MAX = 254;
/** From here on the engine's copy is faster than a loop. */
const RUN_BYTES_LONG = 32;

export function cobsLengthMax(length: number): number {
  return length + 1 + Math.floor(length / RUN_BYTES_MAX);
}

/**
 * Encodes what lies from `start` to `end`, to the beginning of `bytes`, and returns where it ended there.
 * `start` is at least by how much `cobsLengthMax` exceeds the length.
 */
export function cobsEncode(bytes: Uint8Array, start: number, end: number): number {
  let to = 0;
  let from = start;
  for (;;) {
    const zero = bytes.indexOf(0, from);
    const runEnd = zero < 0 || zero > end ? end : zero;
    while (runEnd - from >= RUN_BYTES_MAX) {
      bytes[to++] = RUN_BYTES_MAX + 1;
      to = move(bytes, from, from + RUN_BYTES_MAX, to);
      from += RUN_BYTES_MAX;
      if (from === end) return to;
    }
    bytes[to++] = runEnd - from + 1;
    to = move(bytes, from, runEnd, to);
    if (runEnd === end) return to;
    from = runEnd + 1;
  }
}

/** Decodes all of `bytes` to its beginning; returns how much that is, or undefined when it is none. */
export function cobsDecode(bytes: Uint8Array): number | undefined {
  let to = 0;
  let from = 0;
  while (from < bytes.length) {
    const code = bytes[from++] as number;
    const end = from + code - 1;
    if (code === 0 || end > bytes.length) return undefined;
    to = move(bytes, from, end, to);
    from = end;
    if (code <= RUN_BYTES_MAX && from < bytes.length) bytes[to++] = 0;
  }
  return to;
}

function move(bytes: Uint8Array, start: number, end: number, at: number): number {
  if (end - start >= RUN_BYTES_LONG) {
    bytes.copyWithin(at, start, end);
    return at + end - start;
  }
  let to = at;
  for (let from = start; from < end; from++) bytes[to++] = bytes[from] as number;
  return to;
}
