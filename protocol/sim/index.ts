export { BOXES, type Box, type BoxName } from './boxes.js';
export { type Checker, CommandsEndOnce, NobodyFloods, ReportsAreChanges, type Step } from './checker.js';
export { HostClock, type Microseconds, toMicroseconds } from './clock.js';
export { coverageOf, isServing } from './coverage.js';
export { ForwardsNothing } from './disguise.js';
export { Disk, type StoreFault } from './disk.js';
export { EventHeap, type Ticket } from './event-heap.js';
export { EXPERIMENTS } from './experiments/index.js';
export { type Whereabouts, WorldFailure } from './failure.js';
export { type FaultPlan, healWorld, NO_FAULTS, scheduleFaults } from './faults.js';
export { Firewall } from './firewall.js';
export { Fleet, type FleetOptions, type Member, type MemberOptions, type Question } from './fleet.js';
export {
  adjacency,
  clique,
  type Edge,
  type Graph,
  geometric,
  joined,
  lattice,
  line,
  pieces,
  type Redundancy,
  randomGraph,
  ring,
  star,
  tree,
} from './graph.js';
export { mix32, TraceHash } from './hash.js';
export type { Host } from './host.js';
export type { HostOptions } from './host-options.js';
export { type LinkQuality, PERFECT, RETRANSMIT_MS } from './link.js';
export { LoopFree } from './loop-free.js';
export type { Fate, Medium, MediumOptions, Sighting, Tap } from './medium.js';
export { Model, modelOf, UNREACHABLE, type Wire } from './model.js';
export { Nat, type NatOptions, type Station } from './nat.js';
export type { Counters, Port } from './port.js';
export { Prng } from './prng.js';
export { PROFILES, type ProfileName } from './profiles.js';
export {
  buildScenario,
  connectGraph,
  FIELD_MIX,
  graphOf,
  HOME_MIX,
  introduce,
  type LinkMix,
  type Population,
  type Scenario,
  type ScenarioBounds,
  scenarioOf,
  type Topology,
} from './scenario.js';
export type { Framing, StreamOptions } from './stream.js';
export { stubSuite } from './stub-suite.js';
export { type Reach, type Stretch, shareOf, surveyReach, surveyStretch } from './survey.js';
export { type Birth, type MakeNode, type Replay, replay, type SimNode, type TraceLine } from './trace.js';
export {
  type Experiment,
  isMissed,
  type Metric,
  type Moment,
  type Running,
  type Setting,
  type Target,
  Trial,
} from './trial.js';
export { World } from './world.js';
export type { AttachOptions, ConnectOptions, WorldOptions } from './world-options.js';
