import type { Change } from '../tampering.js';

/**
 * Supernodes that mean harm to the index (SPEC §9.6), by what they do to the messages about it that leave
 * them, whether they keep the record or only pass it on.
 */
export type Malice = 'drop' | 'lie' | 'hide';

const CONTROL = 22;
const ONE_BYTE = 0x18;
const STORE = 24;
const LOOKUP = 25;
const FOUND = 26;
/** Head and bytes of a short id. */
const ID_BYTES = 9;
const ID_HEAD = 0x48;
/** Type, number in two bytes, subject. */
const HEAD_BYTES = 4;
const SIGNATURE_BYTES = 64;

/** 'drop': nothing of it arrives as what it was; 'lie': records are forged; 'hide': there is none. */
export function spoiling(maliceOf: () => Malice | undefined): Change {
  return (plain) => {
    const malice = maliceOf();
    if (malice === undefined) return plain;
    let changed = new Uint8Array(plain);
    for (let at = changed.length - HEAD_BYTES - ID_BYTES; at >= 0; at--) {
      if (changed[at] !== CONTROL || changed[at + 1] !== ONE_BYTE || changed[at + HEAD_BYTES] !== ID_HEAD)
        continue;
      changed = spoil(changed, at, malice);
    }
    return changed;
  };
}

function spoil(bytes: Uint8Array<ArrayBuffer>, at: number, malice: Malice): Uint8Array<ArrayBuffer> {
  const kind = bytes[at + 2];
  if (kind !== STORE && kind !== LOOKUP && kind !== FOUND) return bytes;
  if (malice === 'drop' || kind === LOOKUP) {
    // Nobody asked for that key, and nobody is closest to it.
    if (malice === 'drop') bytes.fill(0, at + HEAD_BYTES + 1, at + HEAD_BYTES + ID_BYTES);
    return bytes;
  }
  const whereAt = at + HEAD_BYTES + (kind === FOUND ? 2 : 1) * ID_BYTES;
  const recordAt = whereAt + 1 + ((bytes[whereAt] ?? 0x40) & 0x1f);
  if (bytes[recordAt] !== 0x58) return bytes;
  const endAt = recordAt + 2 + (bytes[recordAt + 1] ?? 0);
  if (malice === 'lie' || kind === STORE) {
    bytes.fill(0xaa, endAt - SIGNATURE_BYTES, endAt);
    return bytes;
  }
  const hidden = new Uint8Array(bytes.length - (endAt - recordAt) + 1);
  hidden.set(bytes.subarray(0, recordAt));
  hidden[recordAt] = 0x40;
  hidden.set(bytes.subarray(endAt), recordAt + 1);
  return hidden;
}
