export interface Figures {
  readonly handshake: {
    readonly KK: number;
    readonly IK: number;
    readonly XX: number;
    readonly RESUME: number;
  };
  readonly overhead: { readonly default: number; readonly floor: number };
  readonly reading20: { readonly qos0: number; readonly qos1: number };
  readonly request20: number;
  /** Both ends together. */
  readonly idle10s: number;
  /** How long they were watched for it. */
  readonly idleSeconds: number;
  readonly bundle: { readonly minified: number; readonly gzip: number };
}

export interface Verdict {
  readonly what: string;
  readonly value: number;
  readonly target: number | undefined;
  readonly isMissed: boolean;
  readonly note: string;
}

/** Less says nothing: heartbeats are half a minute apart. */
export const IDLE_SECONDS_MIN = 180;

interface Row {
  readonly what: string;
  readonly target?: number;
  readonly note?: string;
  value(figures: Figures): number;
}

const ROWS: readonly Row[] = [
  { what: 'handshake, both known (KK)', target: 113, value: ({ handshake }) => handshake.KK },
  { what: 'handshake, responder known (IK)', target: 156, value: ({ handshake }) => handshake.IK },
  { what: 'handshake, strangers (XX)', target: 224, value: ({ handshake }) => handshake.XX },
  { what: 'resumption (RESUME)', target: 27, value: ({ handshake }) => handshake.RESUME },
  { what: 'sealing a packet', target: 21, value: ({ overhead }) => overhead.default },
  {
    what: 'sealing a packet, MTU 250',
    target: 11,
    value: ({ overhead }) => overhead.floor,
    note: 'on a stream; COBS and CRC of the frame not counted',
  },
  { what: '20 B reading, QoS 0', target: 46, value: ({ reading20 }) => reading20.qos0 },
  {
    what: '20 B reading, QoS 1',
    target: 75,
    value: ({ reading20 }) => reading20.qos1,
    note: 'with its acknowledgement',
  },
  { what: '20 B request and response', target: 96, value: ({ request20 }) => request20 },
  { what: 'at rest, per 10 s', target: 60, value: ({ idle10s }) => idle10s, note: 'both ends together' },
  { what: 'device SDK, minified', value: ({ bundle }) => bundle.minified, note: 'without noble' },
  { what: 'device SDK, gzip', value: ({ bundle }) => bundle.gzip, note: 'without noble' },
];

/** What is watched too briefly is not judged. */
export function judge(figures: Figures): readonly Verdict[] {
  return ROWS.map((row) => {
    const value = row.value(figures);
    const isBrief = row.what.startsWith('at rest') && figures.idleSeconds < IDLE_SECONDS_MIN;
    const isMissed = row.target !== undefined && value > row.target && !isBrief;
    const brief = isBrief ? `${figures.idleSeconds} s are too few to judge` : undefined;
    return { what: row.what, value, target: row.target, isMissed, note: brief ?? row.note ?? '' };
  });
}
