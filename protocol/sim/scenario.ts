import { type FaultPlan, NO_FAULTS, scheduleFaults } from './faults.js';
import { clique, type Graph, geometric, joined, lattice, line, randomGraph, ring, star } from './graph.js';
import type { Host } from './host.js';
import type { HostOptions } from './host-options.js';
import type { Medium, MediumOptions } from './medium.js';
import { Prng } from './prng.js';
import { PROFILES, type ProfileName } from './profiles.js';
import type { MakeNode } from './trace.js';
import { World } from './world.js';
import type { WorldOptions } from './world-options.js';

export type Topology = 'line' | 'ring' | 'lattice' | 'star' | 'clique' | 'geometric' | 'random';

const TOPOLOGIES: readonly Topology[] = ['line', 'ring', 'lattice', 'star', 'clique', 'geometric', 'random'];

/** Profiles that join two stations, each as often as it is listed. */
export type LinkMix = readonly ProfileName[];

export const HOME_MIX: LinkMix = ['lan', 'lan', 'serial', 'udp', 'tcp'];
export const FIELD_MIX: LinkMix = ['serial', 'slowSerial', 'shortRadio', 'udp'];

export interface Scenario {
  readonly seed: number;
  readonly topology: Topology;
  readonly count: number;
  readonly mix: LinkMix;
  readonly faults: FaultPlan;
  /** Extra loss on every link, 0 ... 1. */
  readonly loss: number;
}

export interface ScenarioBounds {
  readonly countMax: number;
  /** When faults end; the world should have converged some time later. */
  readonly faultsUntilMs: number;
}

/** What a seed stands for. Two draws in three have faults. */
export function scenarioOf(seed: number, bounds: ScenarioBounds): Scenario {
  const random = new Prng(seed, 0x5ce7_a810);
  const topology = random.pick(TOPOLOGIES);
  const count = random.between(2, bounds.countMax);
  const mix = random.pick([HOME_MIX, FIELD_MIX]);
  const loss = random.pick([0, 0, 0.02, 0.1, 0.25]);
  if (random.chance(1 / 3)) return { seed, topology, count, mix, loss, faults: NO_FAULTS };
  const faults: FaultPlan = {
    fromMs: 1000,
    untilMs: bounds.faultsUntilMs,
    crashes: random.between(0, count),
    suspends: random.between(0, count >> 1),
    cuts: random.between(0, count),
    unplugs: random.between(0, count),
    deafEnds: random.between(0, count >> 1),
    lastsMsMax: Math.max(1, bounds.faultsUntilMs >> 1),
  };
  return { seed, topology, count, mix, loss, faults };
}

/** The graph of a topology with about so many nodes (a lattice rounds down to a rectangle), in one piece. */
export function graphOf(topology: Topology, count: number, random: Prng): Graph {
  switch (topology) {
    case 'line':
      return line(count);
    case 'ring':
      return ring(count);
    case 'star':
      return star(count);
    case 'clique':
      return clique(count);
    case 'lattice':
      return lattice(latticeWidth(count), Math.floor(count / latticeWidth(count)));
    case 'geometric':
      return joined(geometric(random, count, 8));
    case 'random':
      return randomGraph(random, count, Math.min(4, count - 1));
  }
}

export interface Population extends Omit<WorldOptions, 'seed'> {
  readonly makeNode: MakeNode;
  readonly hostOptions?: HostOptions;
}

/**
 * A world with hosts 'n0', 'n1', ... whose clocks disagree, joined as the scenario says, its faults to come.
 */
export function buildScenario(scenario: Scenario, population: Population): { world: World; graph: Graph } {
  const world = new World({ ...population, seed: scenario.seed });
  const graph = graphOf(scenario.topology, scenario.count, world.random);
  for (let i = 0; i < graph.count; i++) {
    const { hostOptions } = population;
    const onBoot = (host: Host): void => {
      introduce(host);
      hostOptions?.onBoot?.(host);
    };
    world.addHost(`n${i}`, population.makeNode, { ...scatteredClock(world.random), ...hostOptions, onBoot });
  }
  connectGraph(world, graph, () => {
    const profile = PROFILES[world.random.pick(scenario.mix)];
    return { ...profile, loss: Math.max('loss' in profile ? profile.loss : 0, scenario.loss) };
  });
  for (const host of world.hosts) introduce(host);
  scheduleFaults(world, scenario.faults);
  return { world, graph };
}

/** One medium for each edge, between the first hosts of the world; those of many stations have two. */
export function connectGraph(
  world: World,
  graph: Graph,
  optionsOf: (edge: number) => MediumOptions = () => ({}),
): Medium[] {
  return graph.edges.map(([a, b], edge) => {
    const ends = [world.hosts[a], world.hosts[b]].filter((host): host is Host => host !== undefined);
    const medium = world.addMedium({ name: `${a}-${b}`, ...optionsOf(edge) });
    for (const host of ends) world.attach(host, medium);
    return medium;
  });
}

/** Where nothing reaches all, the configuration names the others. */
export function introduce(host: Host): void {
  for (const { link, medium } of host.ports) {
    if (medium.info.cast !== 'address') continue;
    for (const { address, host: other } of medium.ports) {
      if (other !== host) host.command({ kind: 'connect', link, address });
    }
  }
}

/** Clocks that start anywhere in 25 days and run up to 100 ppm wrong, as crystals do. */
function scatteredClock(random: Prng): HostOptions {
  return { clockStartsAtMs: random.next() >>> 1, skewPpm: random.between(-100, 100) };
}

/** The largest whole number whose square is at most `count`. */
function latticeWidth(count: number): number {
  let width = 1;
  while ((width + 1) * (width + 1) <= count) width++;
  return width;
}
