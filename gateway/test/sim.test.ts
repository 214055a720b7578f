import { readFile } from 'node:fs/promises';
import { EXPERIMENTS } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { withSections } from '../tools/results.js';
import { taskOf, WrongUsage } from '../tools/sim/arguments.js';
import { draw } from '../tools/sim/plot.js';
import { isAsExpected as isLineAsExpected } from '../tools/sim/report.js';
import { type Line, sectionsOf } from '../tools/sim/results.js';
import {
  isAsExpected,
  isOk,
  jsonOf,
  type Order,
  type Outcome,
  replayOf,
  runOrder,
  suiteFor,
} from '../tools/sim/run.js';
import { Sampler } from '../tools/sim/sampler.js';

function orderOf(args: string): Order {
  const task = taskOf(args.split(' '));
  if (task.kind !== 'run') throw new Error(`${args} is no run`);
  return task.order;
}

describe('arguments', () => {
  it('name a scenario, which has its own number of nodes', () => {
    const { experiment, nodes, seed, isControl } = orderOf('stretch');
    expect([experiment.name, nodes, seed, isControl]).toEqual(['stretch', experiment.nodes, 1, false]);
    expect(orderOf('stretch --nodes 30 --seed 4294967295 --control')).toMatchObject({
      nodes: 30,
      isControl: true,
    });
    expect(taskOf(['--list']).kind).toBe('list');
    expect(taskOf(['--report', '--only', 'rest'])).toMatchObject({
      kind: 'report',
      only: 'rest',
      isQuick: false,
    });
    expect(taskOf(['--report', '--quick'])).toMatchObject({ kind: 'report', only: undefined, isQuick: true });
  });

  it.each([
    '',
    'nobody',
    'rest --nodes 0',
    'rest --nodes 1e3',
    'rest --nodes 10001',
    'rest --seed -1',
    'rest --plot run.png',
    'rest stretch',
    'rest --suite none',
    'rest --fast',
    '--report --only nobody',
  ])('"%s" is wrong usage, told in one line with the next step', (args) => {
    const wrong = (): unknown => taskOf(args === '' ? [] : args.split(' '));
    expect(wrong).toThrow(WrongUsage);
    expect(wrong).toThrow(/^[^\n]*(--list|--help|wants|name a file|one scenario)[^\n]*$/);
  });
});

describe('a run', () => {
  const sampler = new Sampler();
  const order = orderOf('flood --nodes 8 --seed 5');
  const outcome = runOrder(order, (moment) => sampler.see(moment));

  it('is one line of JSON with its targets', () => {
    const line = jsonOf(outcome);
    expect(line).not.toContain('\n');
    const told = JSON.parse(line);
    expect(told).toMatchObject({ scenario: 'flood', nodes: 8, seed: 5, ok: true, suite: 'node', missed: [] });
    expect(told.traceHash).toMatch(/^[0-9a-f]{8}$/);
    for (const name of Object.keys(told.targets)) expect(told.metrics[name]).toBeTypeOf('number');
    expect(Object.keys(told.targets).length).toBeGreaterThan(2);
  });

  it('is drawn, readable in light and dark, and refers to nothing outside', () => {
    const svg = draw(sampler, outcome);
    expect(svg).toMatch(/^<svg xmlns="[^"]+" viewBox/);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg.match(/<circle/g)).toHaveLength(8);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|href|url\(/);
  });

  it('tells how to do the same again', () => {
    expect(replayOf(order)).toBe('npm run --silent sim -- flood --nodes 8 --seed 5');
    expect(orderOf(replayOf({ ...order, isControl: true }).split(' -- ')[1] ?? '')).toEqual({
      ...order,
      isControl: true,
    });
  });

  it('that misses a target is not ok, and is what a control should be', () => {
    const missed: Outcome = { ...outcome, missed: ['a'] };
    const control = { ...order, isControl: true };
    expect([isOk(outcome), isAsExpected(outcome)]).toEqual([true, true]);
    expect([isOk(missed), isAsExpected(missed)]).toEqual([false, false]);
    expect(isAsExpected({ ...missed, order: control })).toBe(true);
    expect(isAsExpected({ ...outcome, order: control })).toBe(false);
    expect(isAsExpected({ ...missed, order: control, failure: 'no loops: 1 2 1' })).toBe(false);
  });
});

describe('the report', () => {
  it('has a table for each scenario, with missed figures in brackets', () => {
    const line: Line = {
      ...{ scenario: 'rest', nodes: 9, seed: 1, control: false, suite: 'node', ok: true, missed: [] },
      ...{
        metrics: { share: 1 },
        targets: { share: { atLeast: 1 } },
        traceHash: '0',
        commit: 'c',
        seconds: 1,
      },
    };
    const control: Line = { ...line, control: true, ok: false, metrics: { share: 0.5 }, missed: ['share'] };
    const text = sectionsOf([line, control]).get(line.scenario);
    expect(text).toContain('| share | >= 1 | 1 | [0.5] |');
    expect(text).toContain('control, seed 1: missed 1 target, as it should; 9 nodes');
    expect(text).toMatch(/Not run: \d+ nodes/);
    expect(text).not.toContain('Missed:');
    const missed = sectionsOf([{ ...line, ok: false, missed: ['share'] }]).get(line.scenario);
    expect(missed).toContain('Missed: share. Not explained yet.');
    const larger: Line = { ...line, nodes: 90, targets: { share: { atLeast: 2 } } };
    const both = sectionsOf([line, larger]).get(line.scenario);
    expect(both).toContain('| figure | target | seed 1 of 9 | seed 1 of 90 | controls |');
    expect(both).toContain('| share | >= 1, >= 2 | 1 | 1 |');
    expect([line, control, { ...control, ok: true }].map(isLineAsExpected)).toEqual([true, true, false]);
  });

  it('keeps the sections that were not measured anew', () => {
    const text = '# Title\n\nHead.\n\n## a\n\nold\n\n## b\n\nkept\n';
    const sections = new Map([
      ['a', 'new\n'],
      ['c', 'first'],
    ]);
    expect(withSections(text, sections)).toBe(
      '# Title\n\nHead.\n\n## a\n\nnew\n\n## b\n\nkept\n\n## c\n\nfirst\n',
    );
  });

  it('has a section for every scenario', async () => {
    const text = await readFile(new URL('../../protocol/sim/RESULTS.md', import.meta.url), 'utf8');
    for (const { name } of EXPERIMENTS) expect(text).toContain(`\n## ${name}\n`);
  });
});

it('beyond a thousand nodes a stub stands in for the primitives', () => {
  expect([suiteFor(1000), suiteFor(1001)]).toEqual(['node', 'stub']);
  expect(orderOf('rest --nodes 20').suite).toBeUndefined();
  const order = orderOf('flood --nodes 8 --suite stub');
  expect(runOrder(order, () => undefined).suite).toBe('stub');
  expect(replayOf(order)).toContain('--suite stub');
});
