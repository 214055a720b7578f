/** What a packet is, by its first byte alone (SPEC §4.1): one port and one serial line carry everything. */
export type PacketKind =
  | 'beacon'
  | 'h1'
  | 'h2'
  | 'h3'
  | 'retry'
  | 'probe'
  | 'resume'
  | 'resumeAck'
  | 'resumeFloor'
  | 'unknown'
  | 'label'
  | 'fragment'
  | 'byId'
  | 'session';

interface FirstByteRange {
  readonly first: number;
  readonly last: number;
  readonly kind: PacketKind | undefined;
  /** As SPEC §4.1 prints it. */
  readonly title: string;
}

/**
 * All 256 values in order; undefined ranges are dropped as `unknownType`. SPEC §4.1 is generated from this.
 */
export const FIRST_BYTES = [
  { first: 0x00, last: 0x03, kind: undefined, title: 'never used, so that STUN can share a socket' },
  { first: 0x04, last: 0x04, kind: 'beacon', title: 'BEACON' },
  { first: 0x05, last: 0x05, kind: 'h1', title: 'H1' },
  { first: 0x06, last: 0x06, kind: 'h2', title: 'H2' },
  { first: 0x07, last: 0x07, kind: 'h3', title: 'H3' },
  { first: 0x08, last: 0x08, kind: 'retry', title: 'RETRY' },
  { first: 0x09, last: 0x09, kind: 'probe', title: 'PROBE' },
  { first: 0x0a, last: 0x0a, kind: 'resume', title: 'RESUME' },
  { first: 0x0b, last: 0x0b, kind: 'resumeAck', title: 'RESUME-ACK' },
  { first: 0x0c, last: 0x0c, kind: 'resumeFloor', title: 'RESUME-FLOOR' },
  { first: 0x0d, last: 0x0d, kind: 'unknown', title: 'UNKNOWN' },
  { first: 0x0e, last: 0x17, kind: undefined, title: 'reserved' },
  { first: 0x18, last: 0x3f, kind: 'label', title: 'label frame, 0x18 + hops left' },
  { first: 0x40, last: 0x5f, kind: undefined, title: 'reserved' },
  { first: 0x60, last: 0x6f, kind: 'fragment', title: 'fragment' },
  { first: 0x70, last: 0x70, kind: 'byId', title: 'by-id frame' },
  { first: 0x71, last: 0x7f, kind: undefined, title: 'reserved' },
  { first: 0x80, last: 0xff, kind: 'session', title: 'session packet' },
] as const satisfies readonly FirstByteRange[];

export function classify(firstByte: number): PacketKind | undefined {
  if (firstByte >= 0x80) return 'session'; // nearly every packet
  for (const range of FIRST_BYTES) if (firstByte <= range.last) return range.kind;
  return undefined;
}
