/** What the clear bytes of a packet tell (SPEC §4), read here without the code that wrote them. */

const H1 = 0x05;
const H2 = 0x06;
const H3 = 0x07;
const RESUME = 0x0a;
const RESUME_ACK = 0x0b;

export type Pattern = 'KK' | 'IK' | 'XX';
const PATTERNS: readonly Pattern[] = ['KK', 'IK', 'XX'];

export function isHandshake(packet: Uint8Array): boolean {
  const type = packet[0] ?? 0;
  return (type >= H1 && type <= H3) || type === RESUME || type === RESUME_ACK;
}

export interface Handshake {
  readonly pattern: Pattern | 'RESUME';
  /** Of its packets, in order; one that was sent again counts once. */
  readonly lengths: readonly number[];
}

/** The handshakes that were answered, among packets of both ends (§4.3, §4.4). */
export function handshakesIn(packets: readonly Uint8Array[]): readonly Handshake[] {
  const found: Handshake[] = [];
  for (const h2 of packets.filter(isOf(H2))) {
    const h1 = packets.find((packet) => isOf(H1)(packet) && isSame(packet, 2, h2, 1, 3));
    const h3 = packets.find((packet) => isOf(H3)(packet) && isSame(packet, 1, h2, 4, 3));
    const pattern = PATTERNS[(h1?.[1] ?? 3) & 3];
    if (h1 === undefined || pattern === undefined) continue;
    const all = pattern === 'XX' ? [h1, h2, h3] : [h1, h2];
    if (all.every((packet) => packet !== undefined)) {
      found.push({ pattern, lengths: all.map((packet) => packet.length) });
    }
  }
  for (const answer of packets.filter(isOf(RESUME_ACK))) {
    const resume = packets.find((packet) => isOf(RESUME)(packet) && isSame(packet, 1, answer, 1, 2));
    if (resume !== undefined) found.push({ pattern: 'RESUME', lengths: [resume.length, answer.length] });
  }
  return found;
}

/** Header and tag of a session packet (§4.5), undefined for other packets. */
export function overheadOf(packet: Uint8Array): number | undefined {
  const flags = packet[0] ?? 0;
  if (flags < 0x80) return undefined;
  const connection = ((flags >> 4) & 3) + 1;
  const counter = ((flags >> 2) & 3) + 1;
  const tag = (flags & 2) === 0 ? 16 : 8;
  return 1 + connection + counter + tag;
}

function isOf(type: number): (packet: Uint8Array) => boolean {
  return (packet) => packet[0] === type;
}

function isSame(a: Uint8Array, atA: number, b: Uint8Array, atB: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}
