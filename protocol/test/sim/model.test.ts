import {
  Fleet,
  ForwardsNothing,
  lattice,
  line,
  Model,
  modelOf,
  Prng,
  shareOf,
  stubSuite,
  surveyReach,
  surveyStretch,
  tree,
  UNREACHABLE,
} from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';

const WIRE = { kind: 'lan', delayMs: 1 } as const;

function row(count: number, forwards: (index: number) => boolean = () => true): Fleet {
  const fleet = new Fleet({ name: 'row', seed: 1, suite: stubSuite() });
  fleet.wire(
    line(count),
    () => WIRE,
    (index) => ({ forwards: forwards(index) }),
  );
  fleet.world.runFor(10_000);
  return fleet;
}

describe('the model', () => {
  it('counts the pairs of each piece, without who is absent', () => {
    const model = new Model(line(5), [true, true, false, true, true]);
    expect(model.pieceSizes).toEqual([2, 2]);
    expect(model.pairCount).toBe(4);
    expect(model.isConnected(0, 1)).toBe(true);
    expect(model.isConnected(1, 3)).toBe(false);
    expect(model.pieceOf[2]).toBe(UNREACHABLE);
    expect([...model.distances(0)]).toEqual([0, 1, UNREACHABLE, UNREACHABLE, UNREACHABLE]);
  });

  it('sees cuts, cables without a carrier, ends that are deaf, and hosts that are off or asleep', () => {
    const fleet = row(6);
    const [first, second, third] = fleet.wires;
    expect(modelOf(6, fleet.wires).pairCount).toBe(30);
    if (first === undefined || second === undefined || third === undefined) throw new Error('five wires');
    fleet.world.cut(first.medium);
    second.medium.block(second.a, second.b);
    fleet.world.unplug(third.medium);
    fleet.members[4]?.host.suspend();
    expect(fleet.model().pieceSizes).toEqual([1, 1, 1, 1, 1]);
    fleet.world.heal(second.medium);
    expect(fleet.model().pairCount).toBe(2);
  });
});

describe('the survey', () => {
  it('follows next hops, and finds the way of a row as long as it is', () => {
    const fleet = row(5);
    expect(surveyReach(fleet, fleet.model())).toEqual({ connected: 20, reached: 20, example: undefined });
    expect(surveyStretch(fleet, fleet.model())).toEqual({ mean: 1, p95: 1, max: 1 });
  });

  it('does not believe tables where no packet gets through', () => {
    const fleet = row(3);
    const [first] = fleet.wires;
    if (first !== undefined) fleet.world.cut(first.medium);
    const whole = new Model(line(3), [true, true, true]);
    expect(surveyReach(fleet, fleet.model()).connected).toBe(2);
    expect(shareOf(surveyReach(fleet, whole))).toBe(1);
    fleet.members[1]?.host.crash();
    expect(shareOf(surveyReach(fleet, whole, [0, 2]))).toBe(0);
  });

  it('stops where somebody forwards nothing, as requests do', () => {
    const fleet = row(3, (index) => index !== 1);
    expect(surveyReach(fleet, fleet.model()).reached).toBe(4);
    const [a, b, c] = fleet.members;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three members');
    const [near, far] = [fleet.ask(a, b, 'id', 3000), fleet.ask(a, c, 'id', 3000)];
    fleet.world.runFor(5000);
    expect([near.end, far.end]).toEqual(['answered', 'timeout']);
    expect(ForwardsNothing.name).toBe('ForwardsNothing');
  });
});

describe('the overlay', () => {
  it('joins two behind firewalls once both send, and nobody hears what he did not send to', () => {
    const fleet = new Fleet({ name: 'overlay', seed: 1, suite: stubSuite() });
    const medium = fleet.overlay(line(3), { kind: 'udp', delayMs: 5 }, (index) => index < 2);
    fleet.world.runFor(20_000);
    expect(shareOf(surveyReach(fleet, fleet.model()))).toBe(1);
    const [a, , c] = medium.ports;
    expect(a?.firewall?.admits(fleet.world.nowUs, c?.address ?? '')).toBe(false);
  });
});

describe('graphs', () => {
  it('lattices have the redundancy of their name, trees no way round', () => {
    const inner = (redundancy: 2 | 3 | 4) => {
      const { edges } = lattice(5, 5, redundancy);
      return edges.filter((edge) => edge.includes(12)).length;
    };
    expect([inner(2), inner(3), inner(4)]).toEqual([4, 6, 8]);
    const cables = tree(new Prng(1), 40, 3);
    expect(cables.edges).toHaveLength(39);
    expect(new Model(cables, new Array(40).fill(true)).pieceSizes).toEqual([40]);
    const hanging = cables.edges.reduce(
      (counts, [parent]) => counts.set(parent, (counts.get(parent) ?? 0) + 1),
      new Map<number, number>(),
    );
    expect(Math.max(...hanging.values())).toBeLessThanOrEqual(3);
  });
});
