const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (c >>> 8) ^ (CRC_TABLE[(c ^ byte) & 255] as number);
  return ~c >>> 0;
}

/** COBS(packet, CRC-32 big endian), then 0x00. */
export class Framer {
  readonly #frameBytesMax: number;
  readonly #packets: Uint8Array[] = [];
  #partial: number[] = [];
  #isTooLong = false;
  dropped = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  encodeFrame(packet: Uint8Array): Uint8Array {
    const plain = new Uint8Array(packet.length + 4);
    plain.set(packet);
    new DataView(plain.buffer).setUint32(packet.length, crc32(packet));
    const frame: number[] = [0];
    let code = 0;
    for (const byte of plain) {
      if (byte !== 0) frame.push(byte);
      if (byte === 0 || frame.length - code === 255) {
        frame[code] = frame.length - code;
        code = frame.length;
        frame.push(0);
      }
    }
    frame[code] = frame.length - code;
    frame.push(0);
    return Uint8Array.from(frame);
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === 0) this.#end();
      else if (this.#partial.length < this.#frameBytesMax) this.#partial.push(byte);
      else this.#isTooLong = true;
    }
  }

  shift(): Uint8Array | undefined {
    return this.#packets.shift();
  }

  #end(): void {
    const encoded = this.#partial;
    const isTooLong = this.#isTooLong;
    this.#partial = [];
    this.#isTooLong = false;
    if (encoded.length === 0) return;
    const packet = isTooLong ? undefined : decodeFrame(encoded);
    if (packet === undefined) this.dropped++;
    else this.#packets.push(packet);
  }
}

function decodeFrame(encoded: readonly number[]): Uint8Array | undefined {
  const plain: number[] = [];
  for (let i = 0; i < encoded.length; ) {
    const code = encoded[i] as number;
    if (i + code > encoded.length) return undefined;
    for (let k = 1; k < code; k++) plain.push(encoded[i + k] as number);
    i += code;
    if (code < 255 && i < encoded.length) plain.push(0);
  }
  if (plain.length < 5) return undefined;
  const bytes = Uint8Array.from(plain);
  const packet = bytes.subarray(0, bytes.length - 4);
  return new DataView(bytes.buffer).getUint32(packet.length) === crc32(packet) ? packet : undefined;
}
