import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, run } from './command-line.js';
import { until } from './fake-mesh.js';
import { processesWith } from './processes.js';

const PAIRS = [
  'hearth -> attic',
  'hearth -> bench',
  'hearth -> greenhouse',
  'hearth -> shed',
  'bench -> shed',
  'shed -> bench',
];
const RELAYED = /bench -> shed {2}online relayed\(via (hearth|porch)\), no link reaches both/;
const BETWEEN = ['ping', 'barn', '--from', 'cabin', '--require', 'direct'];
const UPGRADED = /(cabin -> barn|barn -> cabin): relayed\(via \w+\) -> direct\(udp\) after [\d.]+ m?s/;

let folder = '';
let environment: NodeJS.ProcessEnv = {};
const started: CommandLine[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  // Also TMPDIR: what a demo leaves behind, and which processes are its own, is seen by this folder.
  environment = { XDG_RUNTIME_DIR: folder, TMPDIR: folder, XDG_STATE_HOME: folder };
});

afterEach(async () => {
  for (const each of started.splice(0)) if (each.child.exitCode === null) await each.end('SIGKILL');
  await until('the end of all processes', () => processesWith(folder).length === 0);
  rmSync(folder, { recursive: true });
});

function start(...words: string[]): CommandLine {
  const command = new CommandLine(words, environment);
  started.push(command);
  return command;
}

/** Every pair has been reached, and has told a reading. */
async function untilComplete(demo: CommandLine): Promise<void> {
  for (const pair of PAIRS) await demo.until(new RegExp(`${pair} {2}\\w+ [\\d.]+`), 90_000);
  await demo.until(RELAYED, 90_000);
}

function demoFolders(): string[] {
  return readdirSync(folder).filter((entry) => entry.startsWith('fogwisp-demo-'));
}

/** Network namespaces that a demo has made. */
function spacesOf(demo: CommandLine): string[] {
  const all = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  return all.filter((name) => name.startsWith(`fognat-${demo.child.pid}-`));
}

/** The words after `npx --no fogwisp` of a step that the demo names. */
function stepOf(demo: CommandLine, verb: string): string[] {
  const line =
    demo.stdout.split('\n').find((each) => each.startsWith(`next: npx --no fogwisp ${verb}`)) ?? '';
  const words = line.replace(/^next: npx --no fogwisp /, '').replace(/ {2}\(.*$/, '');
  return words.replaceAll("'", '').split(' ');
}

describe('fogwisp demo', () => {
  it('reaches all of its peers, one pair through a gateway, and ends by itself', {
    timeout: 90_000,
  }, async () => {
    const demo = start('demo', '--for', '40s');
    await untilComplete(demo);
    expect(demo.stdout).toMatch(/hearth -> attic {2}online direct\(lan\)/);
    expect(demo.stdout).toMatch(/hearth -> shed {2}online direct\(udp\)/);
    expect(demo.stdout).toMatch(/hearth -> bench {2}online direct\(serial( \(pipe\))?\)/);
    await demo.until(UPGRADED, 40_000);
    expect((await run(BETWEEN, environment)).code).toBe(0);
    expect(demo.stdout).toMatch(/^cabin, barn: each behind a NAT, (real ones of|simulated: )/m);
    // Ourselves, a broker, two gateways and four peers at least; where socat is, it and its guard.
    expect(processesWith(folder).length).toBeGreaterThanOrEqual(8);
    const { code } = await demo.ended;
    expect(code).toBe(0);
    expect(demoFolders()).toEqual([]);
    expect(spacesOf(demo)).toEqual([]);
  });

  it('simulates NATs where it may not have real ones, and says so', { timeout: 90_000 }, async () => {
    const demo = start('demo', '--no-kernel-nat');
    await demo.until(/^cabin, barn: each behind a NAT, simulated: /m, 40_000);
    await demo.until(UPGRADED, 70_000);
    expect(spacesOf(demo)).toEqual([]);
    expect((await demo.end('SIGINT')).code).toBe(0);
    expect((await run(['demo', '--nat', 'round'], environment)).code).toBe(2);
  });

  it.each(['kernel-nat', 'no-kernel-nat'])(
    'does not call two symmetric ones direct (--%s)',
    {
      timeout: 120_000,
    },
    async (flag) => {
      const demo = start('demo', '--nat', 'symmetric', `--${flag}`);
      await demo.until(/cabin -> barn {2}online relayed\(via \w+\)/, 60_000);
      await demo.until(/cabin -> barn {2}load [\d.]+/, 40_000); // they talk all the same
      // The second attempt of each end is over by then; with other NATs the first one does it.
      await new Promise((resolve) => setTimeout(resolve, 12_000));
      expect((await run([...BETWEEN, '--count', '2'], environment)).code).toBe(8);
      expect(demo.stdout).not.toMatch(UPGRADED);
      expect(demo.stdout).not.toMatch(/(cabin -> barn|barn -> cabin) {2}online direct/);
      expect((await demo.end('SIGINT')).code).toBe(0);
      expect(spacesOf(demo)).toEqual([]);
    },
  );

  it('names next steps that work as they are printed', { timeout: 90_000 }, async () => {
    const demo = start('demo');
    await untilComplete(demo);
    const answer = await run(stepOf(demo, 'request'), environment);
    expect(answer).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[\d.]+\n$/), stderr: '' });
    const heard = await run([...stepOf(demo, 'listen'), '--count', '40'], environment);
    expect(heard.stdout).toMatch(/^fog\/\w+ \{.*\}$/m);
    const mine = start(...stepOf(demo, 'up'), '--no-lan'); // no test speaks to a network
    await mine.until(/^hearth {2}online {2}direct\(udp\)$/m, 40_000);
    await demo.until(/hearth -> mine {2}online direct\(udp\)/, 30_000);
    await demo.until(/hearth -> mine {2}\w+ [\d.]+/, 30_000);
    await mine.until(/^bench {2}\w+ {2}\w+/m, 30_000);
    expect((await mine.end('SIGINT')).code).toBe(0);
    expect((await demo.end('SIGINT')).code).toBe(0);
    expect(processesWith(folder)).toEqual([]);
  });

  it('goes on when a gateway is killed, and says how long that took', { timeout: 120_000 }, async () => {
    const demo = start('demo');
    await untilComplete(demo);
    await demo.until(/hearth -> porch {2}online/, 40_000);
    const killed = await run(['demo', '--kill', 'gateway'], environment);
    expect(killed).toMatchObject({ code: 0, stdout: 'killed hearth; the demo shows who takes over\n' });
    await demo.until(/hearth killed: porch took its \d+ peers, all heard again after [\d.]+ s/, 40_000);
    await demo.until(/porch -> bench {2}\w+ [\d.]+/, 40_000);
    await demo.until(/porch -> shed {2}\w+ [\d.]+/, 40_000);
    const second = await run(['demo', '--kill', 'gateway'], environment);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('only "porch" is left') });
    await demo.until(/; it is back$/m, 60_000);
    expect((await demo.end('SIGINT')).code).toBe(0);
    expect(processesWith(folder)).toEqual([]);
    expect((await run(['demo', '--kill', 'gateway'], environment)).code).toBe(3);
    expect((await run(['demo', '--kill', 'house'], environment)).code).toBe(2);
  });

  it('goes on when a supernode is killed, and says how long that took', { timeout: 180_000 }, async () => {
    const demo = start('demo');
    await untilComplete(demo);
    await demo.until(/hearth -> porch {2}online/, 40_000);
    await demo.until(/supernodes: .*\(serves [1-9]/, 90_000);
    const killed = await run(['demo', '--kill', 'supernode'], environment);
    expect(killed.stdout).toMatch(/^the demo kills one of [\w, -]+, and shows how it is replaced$/m);
    await demo.until(/supernode \w+ killed: it served \d+; all have what they need again/, 90_000);
    expect((await demo.end('SIGINT')).code).toBe(0);
  });

  it('runs beside another one', { timeout: 240_000 }, async () => {
    const first = start('demo');
    const second = start('demo');
    await Promise.all([untilComplete(first), untilComplete(second)]);
    const brokerOf = (demo: CommandLine) => /mqtt:\/\/127\.0\.0\.1:\d+/.exec(demo.stdout)?.[0];
    expect(brokerOf(first)).not.toBe(brokerOf(second));
    const answer = await run(['request', 'attic', 'load'], environment);
    expect(answer.code).toBe(0);
    expect(answer.stderr).toMatch(/^4 gateways run; asking the newest, "\w+" \(demo, started \d+ s ago\)/);
    expect((await first.end('SIGTERM')).code).toBe(0);
    expect((await second.end('SIGTERM')).code).toBe(0);
    expect(demoFolders()).toEqual([]);
  });

  it('leaves no process behind when it is killed, and the next one clears up', {
    timeout: 90_000,
  }, async () => {
    const killed = start('demo');
    await untilComplete(killed);
    const isReal = killed.stdout.includes('NAT, real ones');
    await killed.end('SIGKILL');
    await until('the end of its peers and its line', () => processesWith(folder).length === 0, 10_000);
    expect(demoFolders()).toHaveLength(1);
    expect(spacesOf(killed).length > 0).toBe(isReal);
    const next = start('demo', '--for', '1s');
    expect((await next.ended).code).toBe(0);
    expect(demoFolders()).toEqual([]);
    expect(spacesOf(killed)).toEqual([]);
  });
});
