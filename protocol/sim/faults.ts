import type { StoreFault } from './disk.js';
import type { Host } from './host.js';
import type { Medium } from './medium.js';
import type { World } from './world.js';

/** How much goes wrong, and when. Counts are of the whole world between `fromMs` and `untilMs`. */
export interface FaultPlan {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly crashes: number;
  readonly suspends: number;
  /** Silent cuts, unplugged cables, and links that one side stops hearing. */
  readonly cuts: number;
  readonly unplugs: number;
  readonly deafEnds: number;
  /** How long each lasts, at most. */
  readonly lastsMsMax: number;
}

export const NO_FAULTS: FaultPlan = {
  fromMs: 0,
  untilMs: 0,
  crashes: 0,
  suspends: 0,
  cuts: 0,
  unplugs: 0,
  deafEnds: 0,
  lastsMsMax: 0,
};

const STORE_FAULTS: readonly StoreFault[] = ['torn', 'torn', 'torn', 'old', 'new', 'lost'];

/**
 * Puts the faults of a plan on the calendar, at times and places drawn from the seed. Each ends by itself.
 */
export function scheduleFaults(world: World, plan: FaultPlan): void {
  const { random } = world;
  const schedule = (count: number, strike: () => () => void): void => {
    for (let i = 0; i < count; i++) {
      const at = random.between(plan.fromMs, plan.untilMs);
      const lasts = random.between(1, plan.lastsMsMax);
      world.at(at, () => world.after(lasts, strike()));
    }
  };
  schedule(plan.crashes, () => crash(random.pick(world.hosts), random.pick(STORE_FAULTS)));
  schedule(plan.suspends, () => suspend(random.pick(world.hosts), random.chance(0.5)));
  if (world.media.length === 0) return;
  schedule(plan.cuts, () => cut(world, random.pick(world.media)));
  schedule(plan.unplugs, () => unplug(world, random.pick(world.media)));
  schedule(plan.deafEnds, () => deafen(world, random.pick(world.media)));
}

/** Ends every fault that is still there: what follows must converge. */
export function healWorld(world: World): void {
  for (const medium of world.media) {
    world.heal(medium);
    if (!medium.isUp) world.plug(medium);
  }
  for (const host of world.hosts) {
    if (!host.isPowered) host.start();
    else if (!host.isRunning) host.resume();
  }
}

// Each gives what ends it. A second fault at the same place does nothing, and ends nothing.

function crash(host: Host, fault: StoreFault): () => void {
  if (!host.isPowered) return nothing;
  host.crash(fault);
  return () => {
    if (!host.isPowered) host.start();
  };
}

function suspend(host: Host, clockStood: boolean): () => void {
  if (!host.isRunning) return nothing;
  host.suspend();
  const boot = host.bootCount;
  return () => {
    if (host.isPowered && !host.isRunning && host.bootCount === boot) host.resume({ clockStood });
  };
}

function cut(world: World, medium: Medium): () => void {
  world.cut(medium);
  return () => world.heal(medium);
}

function unplug(world: World, medium: Medium): () => void {
  if (!medium.isUp) return nothing;
  world.unplug(medium);
  return () => {
    if (!medium.isUp) world.plug(medium);
  };
}

function deafen(world: World, medium: Medium): () => void {
  const mute = world.random.pick(medium.ports);
  const deaf = world.random.pick(medium.ports);
  if (mute === deaf) return nothing;
  medium.block(mute, deaf);
  return () => medium.unblock(mute, deaf);
}

function nothing(): void {}
