import { decoderTargets, fuzzDecoder } from './decoders.js';
import { fuzzNode } from './storm.js';

/** Everything that is fuzzed, under one roof: a run is a target, a seed and a number of cases. */
export interface FuzzTarget {
  readonly name: string;
  /** In a run of the usual size. */
  readonly cases: number;
  /** Gives how many cases it were; throws what went wrong, with the seed. */
  readonly run: (seed: number, cases: number) => number;
}

/** A run that failed once, and what was wrong. */
export interface Regression {
  readonly target: string;
  readonly seed: number;
  readonly cases: number;
  readonly why: string;
}

const DECODER_CASES = 1000;
const NODE_CASES = 2000;

export function fuzzTargets(): readonly FuzzTarget[] {
  const decoders = decoderTargets().map((target) => ({
    name: target.name,
    cases: DECODER_CASES,
    run: (seed: number, cases: number) => {
      fuzzDecoder(target, seed, cases);
      return cases;
    },
  }));
  return [...decoders, { name: 'node', cases: NODE_CASES, run: fuzzNode }];
}
