import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { encodeValue } from '@fogwisp/protocol';
import { Fleet, type FleetOptions, type Graph, lattice, line, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';

const ELECTED_MS = 120_000;
/** So few that most nodes are strangers to each other. */
const RECORD_COUNT_MAX = 10;

function fleetOf(graph: Graph, options: Partial<FleetOptions> = {}): Fleet {
  const limits = { recordCountMax: RECORD_COUNT_MAX, ...options.limits };
  const fleet = new Fleet({ name: 'index', seed: 1, suite: nodeSuite(), ...options, limits });
  fleet.wire(graph, () => PROFILES.serial);
  return fleet;
}

function run({ world }: Fleet, ms: number): void {
  world.runUntil(world.now + ms);
}

function heardBy(fleet: Fleet): string[] {
  const heard: string[] = [];
  fleet.onEvent = (event, { index }) => {
    if (event.kind === 'message') heard.push(`${index} ${event.topic}`);
  };
  return heard;
}

/** The ends of those that failed. */
function ask(fleet: Fleet, by: 'name' | 'id', targets: readonly number[]): readonly (string | undefined)[] {
  const [asker] = fleet.members;
  const questions = targets.flatMap((index) => {
    const to = fleet.members[index];
    if (asker === undefined || to === undefined) return [];
    const question = fleet.ask(asker, to, by);
    run(fleet, 11_000);
    return [question];
  });
  return questions.map(({ end }) => end).filter((end) => end !== 'answered');
}

function figuresOf(fleet: Fleet, index: number) {
  return fleet.members[index]?.node.figures().index;
}

describe('the index between nodes (§9.6)', { timeout: 120_000 }, () => {
  it('with supernodes every name is found with those who keep it', () => {
    const fleet = fleetOf(lattice(5, 4));
    run(fleet, ELECTED_MS);
    expect(ask(fleet, 'name', [19, 18, 14, 17, 13])).toEqual([]);
    const { byHolders, byRings, inVain } = figuresOf(fleet, 0) ?? {};
    expect(byHolders).toBeGreaterThan(0);
    expect([byRings, inVain]).toEqual([0, 0]);
    expect(fleet.members.filter(({ node }) => node.figures().index.records > 0).length).toBeGreaterThan(0);
  });

  it('of two that claim one name both are shown, and one under the plain name', () => {
    const fleet = fleetOf(lattice(5, 4));
    run(fleet, ELECTED_MS);
    const [asker, first, second] = [0, 18, 19].map((index) => fleet.members[index]);
    for (const member of [first, second]) {
      if (member === undefined) continue;
      member.name = 'lamp';
      member.host.restart();
    }
    const shown = new Map<string, string>();
    fleet.onEvent = (event, { index }) => {
      if (index === 0 && event.kind === 'peer') shown.set(event.peer.name, event.peer.id);
    };
    run(fleet, 60_000);
    if (asker !== undefined && first !== undefined) fleet.ask(asker, first, 'name');
    run(fleet, 11_000);
    const lamps = [...shown].filter(([name]) => name.startsWith('lamp'));
    const keys = [first, second].map((member) => member?.identity.key ?? '');
    expect(lamps.map(([, key]) => key).sort()).toEqual(keys.sort());
    const suffixes = keys.map((key) => `lamp~${key.substring(0, 4)}`);
    expect(lamps.map(([name]) => name === 'lamp' || suffixes.includes(name))).toEqual([true, true]);
  });

  it('without any, everybody is asked', () => {
    const fleet = fleetOf(line(16), { willingness: 0 });
    run(fleet, 60_000);
    expect(ask(fleet, 'name', [15, 12, 11])).toEqual([]);
    const { byHolders, byRings = 0, inVain } = figuresOf(fleet, 0) ?? {};
    expect(byRings).toBeGreaterThan(0);
    expect([byHolders, inVain]).toEqual([0, 0]);
    expect(fleet.members.every(({ node }) => node.figures().index.records === 0)).toBe(true);
  });

  it('with tables of few rows nodes are found by their ids, where their records say', () => {
    const fleet = fleetOf(lattice(8, 5), { limits: { routeCountMax: 16, neighborCountMax: 4 } });
    run(fleet, 2 * ELECTED_MS);
    expect(ask(fleet, 'id', [39, 38, 31, 37])).toEqual([]);
    expect(figuresOf(fleet, 0)?.idsFound).toBeGreaterThan(0);
  });

  it.each([
    ['with supernodes', 7],
    ['without any', 0],
  ])('%s who listens to anybody hears of a publisher that it does not know (§9.7)', (_, willingness) => {
    const fleet = fleetOf(line(16), { willingness });
    run(fleet, ELECTED_MS);
    const heard = heardBy(fleet);
    fleet.members[0]?.host.command({ kind: 'subscribe', pattern: '*/door', qos: 1 });
    run(fleet, 20_000);
    for (const index of [12, 15]) {
      const command = { kind: 'publish', topic: 'door', body: encodeValue(index), qos: 1 } as const;
      fleet.members[index]?.host.command(command);
    }
    run(fleet, 180_000);
    expect(heard.sort()).toEqual(['0 door', '0 door']);
  });

  it('in a network where everybody is a neighbor there is neither an index nor talk of it', () => {
    const fleet = fleetOf(line(2), { limits: { recordCountMax: 16 } });
    run(fleet, 10_000);
    fleet.members[0]?.host.command({ kind: 'subscribe', pattern: '*/door', qos: 0 });
    run(fleet, 10_000);
    const before = fleet.sentBytes;
    run(fleet, 300_000);
    expect((fleet.sentBytes - before) / 30).toBeLessThan(60);
  });
});
