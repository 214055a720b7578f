import type { Tally } from './ledger.js';
import type { Sample, Stream } from './wire.js';

export interface LifeSample extends Sample {
  readonly life: number;
  /** Since that life began. */
  readonly ageMs: number;
}

/** One peer at the start of the troubles, between their parts, and at their end. */
export interface PeerFigures {
  readonly name: string;
  readonly lives: number;
  readonly samples: readonly LifeSample[];
}

export interface SoakFigures {
  readonly seed: number;
  readonly minutes: number;
  readonly cable: string;
  readonly troubles: Readonly<Record<string, number>>;
  readonly tallies: Readonly<Record<Stream, Tally>>;
  readonly peers: readonly PeerFigures[];
  /** Pairs that did not find each other again once everything was mended. */
  readonly unreached: readonly string[];
  /** Calls that had not ended when nothing was under way any more. */
  readonly open: number;
  /** Undefined without a broker: whether its readings came again at the end. */
  readonly isBrokerFed: boolean | undefined;
  readonly misses: readonly string[];
}

const MB = 1024 * 1024;
/** A process that was just born has not met anybody: what it holds then is nothing to compare with. */
const SETTLED_MS = 20_000;
/** Pages that were used once stay with a process, so its size says less than its heap. */
const RSS_GROWTH = 1.25;
const RSS_SLACK_BYTES = 24 * MB;
/** Compiled code, and what is kept for a while, such as answers for 30 s. */
const HEAP_GROWTH = 1.2;
const HEAP_SLACK_BYTES = 4 * MB;
/** Sockets that are just being closed. */
const HANDLES_SLACK = 4;

/** Why the soak failed; empty: it did not. */
export function complaintsOf(figures: SoakFigures): readonly string[] {
  const { tallies, unreached, open, isBrokerFed, peers } = figures;
  const complaints: string[] = [];
  const complain = (isBad: boolean, text: string) => {
    if (isBad) complaints.push(text);
  };
  const { qos0, qos1, request } = tallies;
  for (const [stream, { delivered }] of Object.entries(tallies)) {
    complain(delivered === 0, `nothing was delivered: ${stream}`);
  }
  complain(qos1.lost > 0, `qos 1: ${qos1.lost} lost`);
  complain(qos1.duplicated > 0, `qos 1: ${qos1.duplicated} seen twice`);
  complain(request.lost > 0, `requests: ${request.lost} answered that were never seen`);
  complain(request.duplicated > 0, `requests: ${request.duplicated} seen twice`);
  complain(qos0.refused + qos1.refused > 0, `${qos0.refused + qos1.refused} publications refused`);
  complain(unreached.length > 0, `unreached at the end: ${unreached.join(', ')}`);
  complain(open > 0, `${open} calls never ended`);
  complain(isBrokerFed === false, 'the bridge did not find the broker again');
  return [...complaints, ...peers.flatMap(growthOf)];
}

/** Within one life: a process that was killed starts small again. */
function growthOf({ name, samples }: PeerFigures): readonly string[] {
  const end = samples.at(-1);
  const before = samples.slice(0, -1).filter(({ life, ageMs }) => life === end?.life && ageMs >= SETTLED_MS);
  if (end === undefined || before.length === 0) return [];
  const most = (of: (sample: Sample) => number) => Math.max(...before.map(of));
  const rss = most(({ rssBytes }) => rssBytes);
  const heap = most(({ heapBytes }) => heapBytes);
  const handles = most((sample) => sample.handles);
  const complaints: string[] = [];
  const complain = (what: string, from: number, to: number) =>
    complaints.push(`${name}: ${what} grew from ${from} to ${to}`);
  if (end.rssBytes > rss * RSS_GROWTH + RSS_SLACK_BYTES) complain('memory', rss, end.rssBytes);
  if (end.heapBytes > heap * HEAP_GROWTH + HEAP_SLACK_BYTES) complain('the heap', heap, end.heapBytes);
  if (end.handles > handles + HANDLES_SLACK) complain('handles', handles, end.handles);
  return complaints;
}
