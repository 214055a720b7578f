import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { createIdentity, formatInvitation, networkFromKey } from '@fogwisp/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config/parse.js';
import { renderCode } from '../src/text/code.js';
import { freePort } from '../tools/free-port.js';
import { CommandLine, type Ended, run } from './command-line.js';

let folder = '';
const started: CommandLine[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
});

afterEach(async () => {
  for (const each of started.splice(0)) if (each.child.exitCode === null) await each.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Each machine has its own state, and its own gateway that answers its command line. */
function machine(name: string): NodeJS.ProcessEnv {
  return { XDG_RUNTIME_DIR: join(folder, name), XDG_STATE_HOME: join(folder, name, 'state') };
}

function up(name: string, ...words: string[]): CommandLine {
  const socket = join(folder, `${name}.sock`);
  const options = ['--name', name, '--no-lan', '--broker', 'none', '--socket', socket];
  const command = new CommandLine(['up', ...options, ...words], machine(name), folder);
  started.push(command);
  return command;
}

function ask(name: string, ...words: string[]): Promise<Ended> {
  return run([...words, '--socket', join(folder, `${name}.sock`)], machine(name), folder);
}

function fileOf(name: string): string {
  return join(folder, name, 'state', 'fogwisp', name, 'network.key');
}

function ticket(expiresAt: number): string {
  const suite = nodeSuite();
  const random = { fill: (bytes: Uint8Array) => void crypto.getRandomValues(bytes) };
  const network = networkFromKey(suite, new Uint8Array(32).fill(7));
  return formatInvitation(suite, createIdentity(suite, random), { network, addresses: ['a:1'], expiresAt });
}

const NOW_S = Math.floor(Date.now() / 1000);

describe('a join ticket', () => {
  it('brings another machine into the network, which then finds it by itself', {
    timeout: 120_000,
  }, async () => {
    const port = await freePort();
    const config = join(folder, 'hearth.yaml');
    writeFileSync(config, `links: { udp: { bind: 127.0.0.1, port: ${port} } }\n`);
    const hearth = up('hearth', '--config', config);
    await hearth.until('is up');
    const invited = await ask('hearth', 'network', 'invite', '--address', `127.0.0.1:${port}`);
    expect(invited.code).toBe(0);
    expect(invited.stdout).toMatch(/^fogjoin1-[0-9a-z]{200,500}\n$/);
    expect(invited.stderr).toContain('Whoever has this ticket is in the network');
    const text = invited.stdout.trim();

    const joined = await run(['network', 'join', '-', '--name', 'shed'], machine('shed'), folder, text);
    expect(joined).toMatchObject({ code: 0, stdout: `${fileOf('shed')}\n` });
    expect(statSync(fileOf('shed')).mode & 0o777).toBe(0o600);
    expect(readFileSync(fileOf('shed'), 'utf8')).toContain(`\n127.0.0.1:${port}\n`);

    const shed = up('shed');
    await shed.until(/^hearth {2}online {2}direct\((udp|tcp)\)$/m);
    expect((await ask('shed', 'ping', 'hearth', '--timeout', '20s')).code).toBe(0);
    // What it met is on its disk a moment later.
    const state = join(folder, 'shed', 'state', 'fogwisp', 'shed');
    await expect.poll(() => readdirSync(state).join(' '), { timeout: 20_000 }).toContain('acquaintances');
    await shed.end('SIGKILL');

    // Without the addresses of the ticket, after a cut of power.
    const key = readFileSync(fileOf('shed'), 'utf8').split('\n')[1] ?? '';
    const again = up('shed', '--network', key, '--bootstrap', '127.0.0.1:9');
    await again.until(/^hearth {2}online {2}direct\(udp\)$/m);
  });

  it('is refused in one line, with a code of its own, when it is no good', { timeout: 60_000 }, async () => {
    const join_ = (text: string) => run(['network', 'join', text, 'x.key'], machine('x'), folder);
    const old = await join_(ticket(NOW_S - 60));
    expect(old.code).toBe(7);
    expect(old.stderr).toMatch(/^fogwisp: the join ticket expired at .*Z; ask for another one\n$/);
    const good = ticket(NOW_S + 600);
    const mistyped = await join_(`${good.slice(0, -8)}00000000`);
    expect([mistyped.code, mistyped.stderr.split('\n').length]).toEqual([7, 2]);
    expect(mistyped.stderr).toContain('not whole');
    expect((await join_('fog1-abc')).code).toBe(2);
    expect(readdirSync(folder)).not.toContain('x.key');
  });

  it('replaces the key of another network only when told to', { timeout: 60_000 }, async () => {
    const file = join(folder, 'own.key');
    await run(['network', 'create', file], machine('x'), folder);
    const before = readFileSync(file, 'utf8');
    const good = ticket(0);
    const refused = await run(['network', 'join', good, file], machine('x'), folder);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(file, 'utf8')).toBe(before);
    const forced = await run(['network', 'join', good, file, '--force', '--json'], machine('x'), folder);
    expect(JSON.parse(forced.stdout)).toEqual({ file, addresses: ['a:1'], expiresAt: 0 });
    expect((await run(['network', 'join', good, file], machine('x'), folder)).code).toBe(0);
  });
});

describe('what a gateway is told of ways into the network', () => {
  it('goes to its UDP link, and to TCP beside it', () => {
    const parsed = parseConfig(
      'links: { udp: { port: 5001 }, bootstrap: [a.example:4747, "udp://b.example:1"] }',
    );
    expect(parsed).toMatchObject({
      ok: true,
      config: {
        links: [
          {
            kind: 'udp',
            port: 5001,
            waysIn: [
              { address: 'a.example:4747', rung: 'bootstrap', hasTcp: true },
              { address: 'b.example:1', rung: 'bootstrap', hasTcp: false },
            ],
          },
        ],
      },
    });
    expect(parseConfig('links: { bootstrap: "tcp://a.example:4747" }')).toMatchObject({
      ok: false,
      faults: [{ problem: expect.stringContaining('no bootstrap by itself') }],
    });
  });
});

describe('the code of a ticket', () => {
  it('is square, framed, and fits a terminal of 80 columns', () => {
    const lines = renderCode(ticket(NOW_S + 600));
    const widths = new Set(lines.map((line) => [...line].length));
    expect(widths.size).toBe(1);
    const [width = 0] = widths;
    expect(width).toBeLessThanOrEqual(79);
    expect(lines.length).toBe(Math.ceil(width / 2));
    expect(lines[0]).toBe('█'.repeat(width));
    // The upper left finder: seven dark modules, a light one around them.
    expect(lines[1]?.substring(0, 10)).toBe('██ ▄▄▄▄▄ █');
  });
});
