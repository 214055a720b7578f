import type { Tally } from '../soak/ledger.js';
import type { Stream } from '../soak/wire.js';

/** One thing done to the swarm, and how long it took until all pairs of the others talked again. */
export interface Blow {
  readonly what: 'mass kill' | 'single kill' | 'freeze';
  readonly whom: readonly string[];
  /** Pairs that are still connected by links. */
  readonly pairs: number;
  /** From the first request on; undefined: not within the time. */
  readonly seconds: number | undefined;
  readonly unanswered: readonly string[];
}

export interface SwarmFigures {
  readonly peers: number;
  readonly isControl: boolean;
  /** What the serial line is made of. */
  readonly line: 'pty' | 'tcp';
  /** Shares of all pairs: that have no link in common, and that were told as relayed. */
  readonly apartPairs: number;
  readonly relayedPairs: number;
  readonly blows: readonly Blow[];
  readonly tallies: Readonly<Record<Stream, Tally>>;
  readonly misses: readonly string[];
  /** Pairs that did not talk when all were back. */
  readonly unreached: readonly string[];
}

const RELAYED_MIN = 1 / 3;
const MASS_SECONDS_MAX = 30;
const SINGLE_SECONDS_MAX = 5;

/** Infinity for one that never was over. */
export function secondsOf({ blows }: SwarmFigures, what: Blow['what']): readonly number[] {
  return blows.filter((blow) => blow.what === what).map(({ seconds }) => seconds ?? Number.POSITIVE_INFINITY);
}

/** Acknowledged and not seen, or given up, though the receiver lived. */
export function lostOf({ tallies: { qos1 } }: SwarmFigures): number {
  return qos1.lost + qos1.abandoned;
}

/** Which targets were missed. */
export function complaintsOf(figures: SwarmFigures): readonly string[] {
  const complaints: string[] = [];
  const complain = (isBad: boolean, text: string) => {
    if (isBad) complaints.push(text);
  };
  const { relayedPairs, blows, unreached, tallies } = figures;
  complain(relayedPairs < RELAYED_MIN, `only ${Math.round(100 * relayedPairs)} % of all pairs need a relay`);
  complain(blows.length === 0, 'nothing was done to the swarm');
  for (const { what, whom, seconds, unanswered } of blows) {
    const max = what === 'mass kill' ? MASS_SECONDS_MAX : SINGLE_SECONDS_MAX;
    const name = `${what} of ${whom.join(', ')}`;
    if (seconds === undefined) complain(true, `${name}: never again: ${unanswered.join(', ')}`);
    else complain(seconds > max, `${name}: ${seconds.toFixed(1)} s, more than ${max}`);
  }
  complain(tallies.qos1.delivered === 0, 'no message with qos 1 was delivered');
  complain(lostOf(figures) > 0, `qos 1: ${lostOf(figures)} lost`);
  complain(tallies.qos1.duplicated > 0, `qos 1: ${tallies.qos1.duplicated} seen twice`);
  complain(unreached.length > 0, `unreached at the end: ${unreached.join(', ')}`);
  return complaints;
}
