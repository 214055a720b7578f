/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1997): the same bytes without a zero, for at most
 * one byte more in 254. A code byte n says that n - 1 bytes follow and then a zero, which 255 and the end
 * leave out.
 */

const RUN_BYTES_MAX = 254;
/** From here on the engine's copy is faster than a loop. */
const RUN_BYTES_LONG = 32;

export function cobsLengthMax(length: number): number {
  return length + 1 + Math.floor(length / RUN_BYTES_MAX);
}

/** Writes to `out` from `start` and returns where it ended; `out` has room for cobsLengthMax. */
export function cobsEncode(bytes: Uint8Array, out: Uint8Array, start: number): number {
  let to = start;
  let from = 0;
  for (;;) {
    const zero = bytes.indexOf(0, from);
    const end = zero < 0 ? bytes.length : zero;
    while (end - from >= RUN_BYTES_MAX) {
      out[to++] = RUN_BYTES_MAX + 1;
      to = copy(bytes, from, from + RUN_BYTES_MAX, out, to);
      from += RUN_BYTES_MAX;
      if (from === bytes.length) return to;
    }
    out[to++] = end - from + 1;
    to = copy(bytes, from, end, out, to);
    if (zero < 0) return to;
    from = end + 1;
  }
}

/**
 * Writes to `out`, which is at least as long as `encoded`; returns how much, or undefined when it is none.
 */
export function cobsDecode(encoded: Uint8Array, out: Uint8Array): number | undefined {
  let to = 0;
  let from = 0;
  while (from < encoded.length) {
    const code = encoded[from++] as number;
    const end = from + code - 1;
    if (code === 0 || end > encoded.length) return undefined;
    to = copy(encoded, from, end, out, to);
    from = end;
    if (code <= RUN_BYTES_MAX && from < encoded.length) out[to++] = 0;
  }
  return to;
}

function copy(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  if (end - start >= RUN_BYTES_LONG) {
    out.set(bytes.subarray(start, end), at);
    return at + end - start;
  }
  let to = at;
  for (let from = start; from < end; from++) out[to++] = bytes[from] as number;
  return to;
}
