import type { NodeEvent, NodeInput, NodeOutput } from '@fogwisp/protocol';
import {
  type Checker,
  CommandsEndOnce,
  type MakeNode,
  NobodyFloods,
  ReportsAreChanges,
  World,
} from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { echo, pinger } from './toys.js';

describe('checkers', () => {
  function pair(checkers: Checker[]): World {
    const world = new World({ seed: 3, checkers });
    world.connect(world.addHost('a', pinger({ everyMs: 10, count: 100 })), world.addHost('b', echo));
    return world;
  }

  it('are asked after each step, and stop the run with its seed', () => {
    let steps = 0;
    const fussy: Checker = {
      name: 'fussy',
      afterStep: (world, { host }) =>
        world.now > 50 && host.name === 'b' ? `step ${++steps} is late` : undefined,
    };
    expect(() => pair([fussy]).runFor(100)).toThrow('fussy: step 1 is late [SEED=3 AT=51ms EVENT=16 HOST=b]');
  });

  it('see floods', () => {
    expect(() => pair([new NobodyFloods({ pendingMax: 3, outputsMax: 1 })]).runFor(500)).not.toThrow();
    expect(() => pair([new NobodyFloods({ pendingMax: 1, outputsMax: 1 })]).runFor(500)).toThrow(
      /events are pending/,
    );
    expect(() => pair([new NobodyFloods({ pendingMax: 9, outputsMax: 0 })]).runFor(500)).toThrow(
      /caused 1 outputs/,
    );
  });
});

describe('commands end once', () => {
  it('holds for an answer, a failure, and commands that have no end', () => {
    const world = answering((id) => [{ kind: 'failed', command: id, code: 'timeout' }]);
    world.host('a').command({ kind: 'ping', to: 'b', deadlineMs: 5 });
    world.host('a').command({ kind: 'stop' });
    world.runFor(10);
    expect(() => world.finish()).not.toThrow();
    const quiet = answering(() => []);
    quiet.host('a').command({ kind: 'unsubscribe', pattern: '*/b' });
    quiet.runFor(10);
    expect(() => quiet.finish()).not.toThrow();
  });

  it('finds two ends, an end of nothing, and no end', () => {
    const twice = answering((id) => [
      { kind: 'failed', command: id, code: 'timeout' },
      { kind: 'stopped', command: id },
    ]);
    twice.host('a').command({ kind: 'stop' });
    expect(() => twice.runFor(10)).toThrow(
      /commands end once: command 1 ended that was not under way \[SEED=1/,
    );
    const other = answering((id) => [{ kind: 'stopped', command: id + 1 }]);
    other.host('a').command({ kind: 'stop' });
    expect(() => other.runFor(10)).toThrow(/command 2 ended/);
    const never = answering(() => []);
    never.host('a').command({ kind: 'ping', to: 'b', deadlineMs: 5 });
    never.runFor(10);
    expect(() => never.finish()).toThrow(/a: ping 1 never ended/);
  });

  it('forgets commands with the power', () => {
    const world = answering(() => []);
    world.host('a').command({ kind: 'stop' });
    world.runFor(10);
    world.host('a').restart();
    expect(() => world.finish()).not.toThrow();
  });
});

it('reports are changes finds the same report twice', () => {
  const path = { kind: 'unknown', since: 0 } as const;
  const report = (since: number): NodeEvent => ({
    kind: 'peer',
    peer: { id: 'x', name: '', status: 'unknown', path: { ...path, since }, heardAt: undefined },
  });
  const reports = [report(0), report(1), report(1)];
  const world = answering(() => [reports.shift() ?? report(9)]);
  for (let i = 0; i < 2; i++) world.host('a').command({ kind: 'stop' });
  expect(() => world.runFor(10)).not.toThrow();
  world.host('a').command({ kind: 'stop' });
  expect(() => world.runFor(10)).toThrow(/the same report about x twice/);
});

/** A world of one node that answers each command with these events. */
function answering(eventsOf: (command: number) => readonly NodeEvent[]): World {
  const makeNode: MakeNode = () => {
    const outputs: NodeOutput[] = [];
    return {
      handleInput: (_now: number, input: NodeInput) => {
        if (input.kind !== 'command') return;
        for (const event of eventsOf(input.id)) outputs.push({ kind: 'event', event });
      },
      pollOutput: () => outputs.shift(),
      pollTimeout: () => undefined,
    };
  };
  const world = new World({ seed: 1, checkers: [new CommandsEndOnce(), new ReportsAreChanges()] });
  world.addHost('a', makeNode);
  return world;
}
