import type { Life } from './peer-process.js';
import type { Note, Stream } from './wire.js';

/**
 * Who sent what and who saw it. A message counts as sent once its sender was told that its one receiver took
 * it: with qos 1 by an acknowledgment, with qos 0 because the receiver was subscribed, a request by its
 * answer. It is lost when that receiver lived all the while and longer, and never saw it.
 */
export interface Tally {
  sent: number;
  delivered: number;
  lost: number;
  /** Seen again by a process that had seen it: what must not be with qos 1 and with requests. */
  duplicated: number;
  /**
   * Seen again by a receiver that had been killed meanwhile and started anew, in either life: what was under
   * way to the old one may come beside the last value, which each new subscriber is given. Once is promised
   * while both ends keep their state (SPEC §7.9).
   */
  againAfterRestart: number;
  /** Taken, not seen, and its receiver was killed then. */
  receiverDied: number;
  /** Given up without an acknowledgment, or an answer; it may have been seen or not. */
  unconfirmed: number;
  /** Of those: its receiver lived all the while, in a life that had heard from the sender before. */
  abandoned: number;
  /** The receiver was not subscribed, or not known, at that moment. */
  absent: number;
  /** A queue was full. */
  refused: number;
}

/** A receiver that ends so soon after an acknowledgment may not have told us any more. */
const GRACE_MS = 2000;
/** Nothing is repeated for longer than 2 minutes (SPEC §7.9). */
const SETTLED_MS = 300_000;
const MISSES_MAX = 20;

type Ended = Extract<Note, { kind: 'ended' }>;
type Seen = Extract<Note, { kind: 'seen' }>;

interface Entry {
  readonly stream: Stream;
  readonly label: string;
  /** With the number of its life. */
  readonly from: string;
  readonly to: string;
  readonly openedAt: number;
  readonly seenIn: { readonly life: number; readonly at: number }[];
  ended: Ended | undefined;
}

export class Ledger {
  readonly tallies: Record<Stream, Tally> = { qos0: newTally(), qos1: newTally(), request: newTally() };
  /** The first messages that were lost or doubled, for whoever looks for the reason. */
  readonly misses: string[] = [];
  readonly #livesOf: (name: string) => readonly Life[];
  readonly #entries = new Map<string, Entry>();
  /** When something of a sender, in one of its lives, was first seen in one of the receiver's. */
  readonly #metAt = new Map<string, number>();

  constructor(livesOf: (name: string) => readonly Life[]) {
    this.#livesOf = livesOf;
  }

  /** Messages that may still be lost or doubled. */
  get openCount(): number {
    return this.#entries.size;
  }

  onEnded(from: string, life: number, note: Ended, now: number): void {
    this.#entryOf(
      `${note.stream} ${from}/${life} > ${note.to} #${note.number}`,
      note.stream,
      { from: `${from}/${life}`, to: note.to },
      now,
    ).ended = note;
  }

  onSeen(to: string, life: number, note: Seen, now: number): void {
    const { stream, number } = note;
    const from = `${note.from}/${note.life}`;
    const meeting = `${from} > ${to}/${life}`;
    if (!this.#metAt.has(meeting)) this.#metAt.set(meeting, now);
    const entry = this.#entryOf(`${stream} ${from} > ${to} #${number}`, stream, { from, to }, now);
    const tally = this.tallies[stream];
    const seen = entry.seenIn.find((before) => before.life === life);
    if (seen !== undefined && !note.isForFormerLife) {
      tally.duplicated++;
      const laterMs = Math.round(now - seen.at);
      if (stream !== 'qos0')
        this.#miss(`${entry.label} was seen twice in life ${life}, again after ${laterMs} ms`);
    } else if (entry.seenIn.length > 0) tally.againAfterRestart++;
    entry.seenIn.push({ life, at: now });
  }

  /** Counts what cannot change any more and forgets it. */
  sweep(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (now - entry.openedAt < SETTLED_MS) break; // they are in the order of their opening
      this.#entries.delete(key);
      this.#count(entry);
    }
  }

  /** At the end, when nothing is under way any more. */
  close(): void {
    for (const entry of this.#entries.values()) this.#count(entry);
    this.#entries.clear();
  }

  #count({ stream, label, from, to, seenIn, ended }: Entry): void {
    const tally = this.tallies[stream];
    if (ended === undefined) return; // its sender was killed before it was told anything
    if (ended.end === 'lost') {
      tally.unconfirmed++;
      if (seenIn.length === 0 && this.#livedOn(to, ended, (life) => this.#hasMet(from, to, life, ended.at))) {
        tally.abandoned++;
        if (stream === 'qos1')
          this.#miss(`${label} was given up after ${Math.round(ended.endedAt - ended.at)} ms`);
      }
    } else if (ended.end === 'absent') tally.absent++;
    else if (ended.end === 'refused') tally.refused++;
    else {
      tally.sent++;
      if (seenIn.length > 0) tally.delivered++;
      else if (this.#livedOn(to, ended)) {
        tally.lost++;
        const tookMs = Math.round(ended.endedAt - ended.at);
        if (stream !== 'qos0') this.#miss(`${label} was acknowledged after ${tookMs} ms and never seen`);
      } else tally.receiverDied++;
    }
  }

  /** Before that it may still have spoken to the former life of a process that was started anew. */
  #hasMet(from: string, to: string, life: number, at: number): boolean {
    return (this.#metAt.get(`${from} > ${to}/${life}`) ?? Number.POSITIVE_INFINITY) < at;
  }

  #livedOn(name: string, { at, endedAt }: Ended, isMeant: (life: number) => boolean = () => true): boolean {
    return this.#livesOf(name).some(
      ({ bornAt, diedAt }, life) =>
        isMeant(life) && bornAt < at && (diedAt === undefined || diedAt > endedAt + GRACE_MS),
    );
  }

  #entryOf(label: string, stream: Stream, { from, to }: Pick<Entry, 'from' | 'to'>, openedAt: number): Entry {
    let entry = this.#entries.get(label);
    if (entry === undefined) {
      entry = { stream, label, from, to, openedAt, seenIn: [], ended: undefined };
      this.#entries.set(label, entry);
    }
    return entry;
  }

  #miss(text: string): void {
    if (this.misses.length < MISSES_MAX) this.misses.push(text);
  }
}

function newTally(): Tally {
  return {
    sent: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    againAfterRestart: 0,
    receiverDied: 0,
    unconfirmed: 0,
    abandoned: 0,
    absent: 0,
    refused: 0,
  };
}
