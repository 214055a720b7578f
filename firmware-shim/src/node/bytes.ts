/** The same bytes without Buffer's methods, some of which differ from those of Uint8Array. */
export function plainArray(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** Smaller arrays lie in the heap of the engine, which is faster than any memory of their own. */
const LARGE_BYTES = 2048;

/** For a caller that writes all of it: a large one is not filled with zeros first. */
export function uninitialized(length: number): Uint8Array {
  return length < LARGE_BYTES ? new Uint8Array(length) : plainArray(Buffer.allocUnsafeSlow(length));
}

export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw new RangeError(`a ${what} has ${length} bytes, not ${bytes.length}`);
}
