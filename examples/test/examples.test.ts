import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createNetwork } from '@fogwisp/device-sdk';
import { describe, expect, it } from 'vitest';
import { run as twoPeers } from '../src/01-two-peers.js';
import { run as lanPeers } from '../src/03-lan-peers.js';
import { run as throughANeighbor } from '../src/04-through-a-neighbor.js';
import { run as publishSubscribe } from '../src/05-publish-subscribe.js';
import { run as typedService } from '../src/06-typed-service.js';
import { run as ownLink } from '../src/07-own-link.js';
import { run as johnnyFiveLed } from '../src/08-johnny-five-led.js';
import { run as sleeper } from '../src/09-sleeper.js';

async function linesOf(run: (print: (line: string) => void) => Promise<void>): Promise<readonly string[]> {
  const lines: string[] = [];
  await run((line) => lines.push(line));
  return lines;
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));
}

async function programOf(name: string): Promise<readonly string[]> {
  const path = programPath(name);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path], { timeout: 25_000 });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
}

/** Resolves when a process that goes on has said all of this. */
function hears(child: ChildProcess, ...wanted: readonly RegExp[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('exit', () => reject(new Error(`it ended, and had said only: ${said}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (wanted.every((each) => each.test(said))) resolve();
      });
    }
  });
}

describe('each example does what its comment says', () => {
  it('00 hello, as two processes that find each other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
    writeFileSync(join(folder, 'fog.network'), createNetwork());
    const children = ['attic', 'cellar'].map((name) =>
      spawn(process.execPath, [programPath('00-hello'), name], {
        cwd: folder,
        env: { ...process.env, XDG_STATE_HOME: folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    const ends = children.map((child) => once(child, 'close'));
    try {
      const [attic, cellar] = children as [ChildProcess, ChildProcess];
      await Promise.all([
        hears(attic, /^attic: load [\d.]+, hello attic$/m, /^cellar: load [\d.]+, hello attic$/m),
        hears(cellar, /^attic: load [\d.]+, hello cellar$/m, /^cellar: load [\d.]+, hello cellar$/m),
      ]);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
      rmSync(folder, { recursive: true });
    }
  });

  it('01 two peers, as a program', async () => {
    const expected = [
      'cellar asks: hello cellar, this is the attic',
      'attic asks: hello attic, this is the cellar',
    ];
    expect(await programOf('01-two-peers')).toEqual(expected);
    expect(await linesOf(twoPeers)).toEqual(expected);
  });

  it('02 serial, as two processes on a pipe', async () => {
    const lines = await programOf('02-serial');
    expect([...lines].sort()).toEqual([
      expect.stringMatching(/^bench: desk is up [\d.]+ s, over serial \(pipe\)$/),
      expect.stringMatching(/^desk: bench is up [\d.]+ s, over serial \(pipe\)$/),
    ]);
  });

  it('03 LAN peers', async () => {
    const names = ['attic', 'cellar', 'shed'];
    const pairs = names.flatMap((asker) =>
      names.filter((each) => each !== asker).map((each) => [asker, each]),
    );
    const lines = [...(await linesOf(lanPeers))].sort();
    const expected = pairs.map(([asker, asked]) => new RegExp(`^${asker}: the load of ${asked} is [\\d.]+$`));
    expect(lines).toEqual(expected.map((each) => expect.stringMatching(each)));
  });

  it('04 through a neighbor', async () => {
    expect(await linesOf(throughANeighbor)).toEqual([
      'attic: the cellar has 12.5 degrees',
      'attic -> cellar: relayed, through stairs, 2 links, because noCommonLink',
      'attic -> stairs: direct, over serial (pipe)',
    ]);
  });

  it('05 publish and subscribe', async () => {
    const lines = await linesOf(publishSubscribe);
    expect(lines.slice(0, 2).sort()).toEqual(['bell: porch door locked', 'hall: the porch door is locked']);
    expect(lines.slice(2).sort()).toEqual([
      'bell: porch door open',
      'hall: the porch door is open',
      'porch: 2 subscribers, 0 lost',
    ]);
  });

  it('06 typed service', async () => {
    expect(await linesOf(typedService)).toEqual([
      'house: 21.5 degrees',
      'greenhouse: house wants 19 degrees (frost)',
      'house: accepted is true',
      'house: valueInvalid: "climate/setTarget" cannot be asked: ' +
        'celsius: expected a number from 5 to 30, got 99',
    ]);
  });

  it('07 own link', async () => {
    expect(await linesOf(ownLink)).toEqual(['right: twice 21 is 42', 'right: left is direct, over port']);
  });

  it('08 johnny-five LED', async () => {
    expect(await linesOf(johnnyFiveLed)).toEqual([
      'shed: pin 13 is 1',
      'shed: pin 13 is 0',
      'desk: the shed is direct',
    ]);
  });

  it('09 sleeper', async () => {
    expect(await linesOf(sleeper)).toEqual([
      'valve: 10 %',
      'boiler: the valve is asleep',
      'valve: 80 %',
      'boiler: the valve is at 80 %',
    ]);
  });
});

describe('the examples as a collection', () => {
  const folder = fileURLToPath(new URL('../src', import.meta.url));
  const files = readdirSync(folder).filter((file) => /^\d\d-.*\.ts$/.test(file));

  it.each(files)('%s has at most 80 lines, says how to run it, and is in the index', (file) => {
    const text = readFileSync(`${folder}/${file}`, 'utf8');
    const name = file.replace(/\.ts$/, '');
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(80);
    expect(text).toContain(`node examples/dist/${name}.js`);
    expect(readFileSync(`${folder}/../README.md`, 'utf8')).toContain(`(src/${file})`);
  });
});
