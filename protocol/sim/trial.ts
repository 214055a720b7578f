import type { CryptoSuite, Limits } from '@fogwisp/protocol';
import { NobodyFloods } from './checker.js';
import { Fleet, type FleetOptions, type Member, type Question } from './fleet.js';
import { TraceHash } from './hash.js';
import { LoopFree } from './loop-free.js';
import { Prng } from './prng.js';
import { shareOf, surveyReach } from './survey.js';

export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** One figure of a run and, where the experiment promises something of it, what. */
export interface Metric {
  readonly name: string;
  readonly value: number;
  readonly target: Target | undefined;
}

export interface Setting {
  readonly nodes: number;
  readonly seed: number;
  /** The promise is broken on purpose: some target must be missed, or it measures nothing. */
  readonly isControl: boolean;
  readonly suite: CryptoSuite;
}

/** What fleets may have of the election and of the index. */
type Election = Pick<FleetOptions, 'willingness' | 'electionRules' | 'indexRules'>;

/** Where a run is: told about once a virtual second, to show progress and to draw from. */
export interface Moment {
  readonly fleet: Fleet;
  readonly doing: string;
}

export type Running<T = void> = Generator<Moment, T, void>;

/** A promise about networks, with the world in which it is measured. */
export interface Experiment {
  readonly name: string;
  readonly promise: string;
  /** What the control changes. */
  readonly control: string;
  /** How many nodes unless asked otherwise, for a report within minutes, and how few make sense. */
  readonly nodes: number;
  readonly nodesQuick: number;
  readonly nodesMin: number;
  /** Of targets that are known to be missed, why, by figure. */
  readonly shortfalls?: Readonly<Record<string, string>>;
  /** Larger networks that are not run, and why. */
  readonly notRun?: string;
  run(trial: Trial): Running;
}

const MOMENT_MS = 1000;
/** Watched for loops after each step. */
const WATCHED_COUNT = 6;
/** Destinations that are looked at each second while waiting for all. */
const SAMPLE_COUNT = 24;
const FIRST_STREAM = 0x2000;

/** One run of an experiment: makes its fleets, and keeps its figures. */
export class Trial {
  readonly setting: Setting;
  readonly metrics: Metric[] = [];
  readonly fleets: Fleet[] = [];
  /** For choices of the experiment. */
  readonly random: Prng;
  /** Of worlds that have ended. */
  readonly #hashes: string[] = [];

  constructor(setting: Setting) {
    this.setting = setting;
    this.random = new Prng(setting.seed, FIRST_STREAM);
  }

  get isControl(): boolean {
    return this.setting.isControl;
  }

  /** Another world; its seed follows from that of the run. Invariants are asked after each of its steps. */
  fleet(name: string, limits: Partial<Limits> = {}, election: Election = {}): Fleet {
    const { suite, seed } = this.setting;
    const loopFree = new LoopFree(WATCHED_COUNT);
    const checkers = [loopFree, new NobodyFloods({ pendingMax: 4_000_000, outputsMax: 20_000 })];
    const fleet = new Fleet({
      name,
      suite,
      limits,
      checkers,
      ...election,
      seed: seed + (this.fleets.length + this.#hashes.length) * 1_000_003,
    });
    loopFree.watch(fleet);
    this.fleets.push(fleet);
    return fleet;
  }

  /** Nothing more happens there, and nobody looks at it again: room for others. */
  end(fleet: Fleet): void {
    this.#hashes.push(fleet.world.hash);
    this.fleets.splice(this.fleets.indexOf(fleet), 1);
  }

  measure(name: string, value: number, target?: Target): void {
    this.metrics.push({ name, value: Math.round(value * 1e4) / 1e4, target });
  }

  get missed(): readonly Metric[] {
    return this.metrics.filter(isMissed);
  }

  /** Everything that every node was told and said, of all worlds. */
  get hash(): string {
    const hash = new TraceHash();
    for (const ended of this.#hashes) hash.text(ended);
    for (const { world } of this.fleets) hash.text(world.hash);
    return hash.hex;
  }

  *run(fleet: Fleet, ms: number, doing: string): Running {
    const until = fleet.world.now + ms;
    while (fleet.world.now < until) {
      fleet.world.runUntil(Math.min(until, fleet.world.now + MOMENT_MS));
      yield { fleet, doing };
    }
  }

  /** Until all pairs that can reach each other do; gives the seconds, or one more than allowed. */
  *settle(fleet: Fleet, withinMs: number, doing: string): Running<number> {
    const from = fleet.world.now;
    while (fleet.world.now < from + withinMs) {
      yield* this.run(fleet, MOMENT_MS, doing);
      if (this.#isWhole(fleet)) return (fleet.world.now - from) / 1000;
    }
    return withinMs / 1000 + 1;
  }

  /**
   * Requests between pairs drawn by chance that are connected, half of them by name; the share answered.
   * `without`: one that is left in peace.
   */
  *ask(fleet: Fleet, count: number, doing: string, without?: number): Running<number> {
    const model = fleet.model();
    const questions: Question[] = [];
    for (let tries = 0; tries < 50 * count && questions.length < count; tries++) {
      const from = this.random.below(fleet.members.length);
      const to = this.random.below(fleet.members.length);
      if (!model.isConnected(from, to) || from === without || to === without) continue;
      const [asker, answerer] = [fleet.members[from] as Member, fleet.members[to] as Member];
      questions.push(fleet.ask(asker, answerer, questions.length % 2 === 0 ? 'name' : 'id'));
      yield* this.run(fleet, 200, doing);
    }
    yield* this.run(fleet, 11_000, doing);
    return answeredShare(questions);
  }

  /** Members by their number, drawn so that no two are the same. */
  draw(fleet: Fleet, count: number): readonly Member[] {
    const order = [...fleet.members];
    this.random.shuffle(order);
    return order.slice(0, count);
  }

  #isWhole(fleet: Fleet): boolean {
    const model = fleet.model();
    const sample = this.draw(fleet, SAMPLE_COUNT).map(({ index }) => index);
    if (shareOf(surveyReach(fleet, model, sample)) < 1) return false;
    return shareOf(surveyReach(fleet, model)) === 1;
  }
}

export function answeredShare(questions: readonly Question[]): number {
  if (questions.length === 0) return 1;
  return questions.filter(({ end }) => end === 'answered').length / questions.length;
}

/** A figure that is not a number keeps no promise. */
export function isMissed({ value, target }: Metric): boolean {
  if (target === undefined) return false;
  return 'atMost' in target ? !(value <= target.atMost) : !(value >= target.atLeast);
}
