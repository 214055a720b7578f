import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../readme.js';

let folder = '';
let clone = '';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  clone = join(folder, 'clone');
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { stdout } = await promisify(execFile)('git', words, { cwd: ROOT, maxBuffer: 1 << 24 });
  for (const file of stdout.split('\0').filter((each) => each !== '')) {
    cpSync(join(ROOT, file), join(clone, file), { recursive: true });
  }
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** With Node.js, npm and a shell, and nothing else: no compiler, no Python, no socat. */
async function run(...words: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const folders = (process.env['PATH'] ?? '').split(':');
  const npm = dirname(realpathSync(folders.map((each) => join(each, 'npm')).find(existsSync) ?? ''));
  const programs = [process.execPath, join(npm, 'npm-cli.js'), join(npm, 'npx-cli.js'), '/bin/sh'];
  for (const [index, name] of ['node', 'npm', 'npx', 'sh'].entries()) {
    rmSync(join(bin, name), { force: true });
    symlinkSync(programs[index] ?? '', join(bin, name));
  }
  const env = { PATH: bin, HOME: process.env['HOME'], TMPDIR: folder, XDG_RUNTIME_DIR: folder };
  return promisify(execFile)(join(bin, 'npm'), words, { cwd: clone, env });
}

describe('a fresh clone', () => {
  it('installs calmly and shows the demo, with Node.js alone', async () => {
    const { stderr } = await run('ci', '--prefer-offline');
    // npm speaks about its own configuration of this machine, too.
    expect(stderr.split('\n').filter((line) => line !== '' && !/Unknown .* config/.test(line))).toEqual([]);
    const { stdout } = await run('start', '--', '--for', '45s');
    expect(stdout).toContain('bench: pipes (no socat)');
    expect(stdout).toMatch(/bench -> shed {2}online relayed\(via (hearth|porch)\), no link reaches both/);
  });
});
