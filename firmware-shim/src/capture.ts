import { decodeUtf8, encodeUtf8, type Instant, type LinkAddress } from '@fogwisp/protocol';
import { tracedLink } from './middleware.js';
import type { Link } from './platform.js';

/** The newest packets are kept. */
const CAPTURE_BYTES_MAX = 1024 * 1024;

/** The classic capture file, microseconds, which every network analyser opens; the link type is "user 0". */
const MAGIC = 0xa1b2c3d4;
const LINK_TYPE = 147;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const PACKET_BYTES_MAX = 65_535;

/** One packet of a capture, as `readCapture` gives it back. */
export interface CapturedPacket {
  /** By the monotonic clock of the node. */
  readonly at: Instant;
  readonly direction: 'received' | 'sent';
  readonly address: LinkAddress;
  readonly bytes: Uint8Array;
}

/** `now`: the clock of the node. */
export interface CaptureOptions {
  readonly now: () => Instant;
  /** Of all that is kept; default 1 MiB. */
  readonly bytesMax?: number;
}

/** Remembers what passed over one or several links, for a file to look into. */
export class Capture {
  readonly #now: () => Instant;
  readonly #bytesMax: number;
  readonly #records: Uint8Array[] = [];
  #length = 0;
  #forgotten = 0;

  constructor(options: CaptureOptions) {
    this.#now = options.now;
    this.#bytesMax = options.bytesMax ?? CAPTURE_BYTES_MAX;
  }

  /** Packets that had to make room for newer ones. */
  get forgotten(): number {
    return this.#forgotten;
  }

  add(direction: CapturedPacket['direction'], address: LinkAddress, bytes: Uint8Array): void {
    const record = encodeRecord({ at: this.#now(), direction, address, bytes });
    this.#records.push(record);
    this.#length += record.length;
    while (this.#length > this.#bytesMax) {
      this.#length -= this.#records.shift()?.length ?? 0;
      this.#forgotten++;
    }
  }

  /** The file as it stands. */
  bytes(): Uint8Array {
    const file = new Uint8Array(FILE_HEADER_BYTES + this.#length);
    const view = new DataView(file.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint16(4, 2, true); // version 2.4
    view.setUint16(6, 4, true);
    view.setUint32(16, PACKET_BYTES_MAX, true);
    view.setUint32(20, LINK_TYPE, true);
    let at = FILE_HEADER_BYTES;
    for (const record of this.#records) {
      file.set(record, at);
      at += record.length;
    }
    return file;
  }
}

/** Adds every packet of the link to the capture, those too that the link dropped. */
export function capturedLink(link: Link, capture: Capture): Link {
  return tracedLink(link, (entry) => {
    if (entry.kind === 'received') capture.add('received', entry.from, entry.bytes);
    if (entry.kind === 'sent') capture.add('sent', entry.to, entry.bytes);
  });
}

/** The packets of a file that `Capture` made; undefined when it is not one or is cut short. */
export function readCapture(file: Uint8Array): readonly CapturedPacket[] | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length < FILE_HEADER_BYTES || view.getUint32(0, true) !== MAGIC) return undefined;
  const packets: CapturedPacket[] = [];
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    if (at + RECORD_HEADER_BYTES > file.length) return undefined;
    const length = view.getUint32(at + 8, true);
    const packet = decodeRecord(file.subarray(at, at + RECORD_HEADER_BYTES + length), length);
    if (packet === undefined) return undefined;
    packets.push(packet);
    at += RECORD_HEADER_BYTES + length;
  }
  return packets;
}

/** Behind the usual record header: 1 for sent, length of the address, address, packet. */
function encodeRecord({ at, direction, address, bytes }: CapturedPacket): Uint8Array {
  const station = encodeUtf8(address).subarray(0, 255);
  const length = 2 + station.length + bytes.length;
  const record = new Uint8Array(RECORD_HEADER_BYTES + length);
  const view = new DataView(record.buffer);
  view.setUint32(0, Math.floor(at / 1000), true);
  view.setUint32(4, Math.floor(at % 1000) * 1000, true);
  view.setUint32(8, length, true);
  view.setUint32(12, length, true);
  record[RECORD_HEADER_BYTES] = direction === 'sent' ? 1 : 0;
  record[RECORD_HEADER_BYTES + 1] = station.length;
  record.set(station, RECORD_HEADER_BYTES + 2);
  record.set(bytes, RECORD_HEADER_BYTES + 2 + station.length);
  return record;
}

function decodeRecord(record: Uint8Array, length: number): CapturedPacket | undefined {
  const body = record.subarray(RECORD_HEADER_BYTES);
  const addressLength = body[1] ?? 0;
  if (body.length !== length || length < 2 + addressLength) return undefined;
  const view = new DataView(record.buffer, record.byteOffset);
  const address = decodeUtf8(body.subarray(2, 2 + addressLength));
  if (address === undefined) return undefined;
  return {
    at: view.getUint32(0, true) * 1000 + Math.floor(view.getUint32(4, true) / 1000),
    direction: body[0] === 1 ? 'sent' : 'received',
    address,
    bytes: new Uint8Array(body.subarray(2 + addressLength)),
  };
}
