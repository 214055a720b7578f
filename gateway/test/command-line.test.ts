import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_DEFAULT, MQTT_DEFAULT } from '../src/config/config.js';
import { Registry } from '../src/control/registry.js';
import { Gateway } from '../src/gateway.js';
import type { HopView } from '../src/trace.js';
import { verbs } from '../src/verbs/table.js';
import { VERSION } from '../src/version.js';
import { CommandLine, type Ended, run } from './command-line.js';
import { directPath, FakeError, FakeMesh, idOf, relayedPath, until } from './fake-mesh.js';

let folder = '';
let gateway: Gateway;
const mesh = new FakeMesh();

const fogwisp = (...words: string[]): Promise<Ended> => run(words, { XDG_RUNTIME_DIR: folder });
const alone = (...words: string[]): Promise<Ended> =>
  run(words, { XDG_RUNTIME_DIR: join(folder, 'nobody') }, folder);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
  mesh.tell('attic');
  mesh.tell('bench', { path: relayedPath('attic') });
  mesh.tell('porch', { status: 'offline', path: { kind: 'none', since: 0 } });
  mesh.answer('attic', 'load', () => 0.31);
  mesh.answer('attic', 'motto', () => 'hello');
  mesh.answer('attic', 'echo', (body) => body);
  mesh.answer('attic', 'slow', () => {
    throw new FakeError('timeout');
  });
  mesh.answer('attic', '$topics', () => ['load']);
  mesh.answer('attic', '$services', () => ['load', 'motto', 'echo']);
  gateway = await Gateway.start({
    device: mesh,
    config: {
      ...CONFIG_DEFAULT,
      links: [],
      mqtt: { ...MQTT_DEFAULT, broker: { kind: 'embedded', bind: '127.0.0.1', port: 0, isPortFixed: false } },
    },
    network: 'fog1-test',
    kind: 'up',
    registry: Registry.ofUser({ XDG_RUNTIME_DIR: folder }),
    onTrouble: () => undefined,
    onFault: () => undefined,
  });
  await until('the broker', () => gateway.status().broker?.state === 'online');
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

describe('fogwisp', () => {
  it('says what it is and lists every verb', async () => {
    for (const words of [[], ['--help'], ['help']]) {
      const { code, stdout } = await fogwisp(...words);
      expect(code).toBe(0);
      for (const verb of verbs) expect(stdout).toContain(`  ${verb.name}`);
    }
    expect(await fogwisp('--version')).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  it('carries the version of its package', () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(manifest).toMatchObject({ version: VERSION });
  });

  it('helps with each verb from the table that parses it', async () => {
    const { stdout } = await fogwisp('ping', '--help');
    expect(stdout).toMatch(/^fogwisp ping NAME\n/);
    for (const option of [
      '--json',
      '--socket PATH',
      '--timeout TIME',
      '--count N',
      '--require direct',
      '--no-color',
      '--quiet, -q',
    ]) {
      expect(stdout).toContain(option);
    }
  });

  it.each([
    [['pign'], 'unknown verb "pign"; did you mean "ping"?'],
    [
      ['network'],
      '"network" needs more; one of: network create [FILE], network show, network invite, ' +
        'network join TICKET [FILE]',
    ],
    [['ping'], 'NAME is missing; usage: fogwisp ping NAME'],
    [['ping', 'a', 'b'], '"b" is too much; usage: fogwisp ping NAME'],
    [['ping', 'a', '--cuont', '3'], 'unknown option --cuont; did you mean --count?'],
    [['ping', 'a', '--count', 'many'], '--count "many" is no number; write 1, 2, 3, ...'],
    [['ping', 'a', '--timeout', 'soon'], '--timeout "soon" is no time; write 500ms, 30s or 2m'],
    [['request', 'a', 'b', '{on}'], '{on} is not JSON; for a text write \'"{on}"\''],
    [
      ['up', '--connect', 'shed'],
      '--connect "shed" is no address; write HOST:PORT, udp://HOST:PORT or tcp://HOST:PORT',
    ],
    [['up', '--broker', 'box'], '--broker "box" is no broker; write mqtt://HOST:PORT, embedded or none'],
    [['up', '--config', 'nowhere.yaml'], 'there is no file nowhere.yaml'],
  ])('%j is a usage error in one line', async (words, line) => {
    expect(await fogwisp(...words)).toEqual({ code: 2, stdout: '', stderr: `fogwisp: ${line}\n` });
  });

  it('says how to start a gateway when none runs', async () => {
    const { code, stdout, stderr } = await alone('status');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toBe(
      'fogwisp: no gateway runs here; ' +
        'start one with `npx --no fogwisp up`, or `npx --no fogwisp demo` to try it\n',
    );
    expect((await fogwisp('status', '--socket', join(folder, 'none.sock'))).code).toBe(3);
  });
});

describe('the verbs that ask a gateway', () => {
  it('status and peers show the path of each peer, and why it is not direct', async () => {
    const { code, stdout, stderr } = await fogwisp('status');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^hearth {2}[0-9a-f]{32} {2}fogwisp /);
    expect(stdout).toContain('peers   3 known: direct 1, relayed 1, unknown 0, offline 1');
    expect(stdout).toMatch(
      /^broker {2}mqtt:\/\/127\.0\.0\.1:\d+ \(embedded\), online, MQTT 3\.1\.1, topics fog\//m,
    );
    expect(stdout).toMatch(/^PEER +PATH +RTT +LAST READING +AGE +WHY NOT DIRECT$/m);
    expect(stdout).toMatch(/^attic +direct\(lan\) +2\.0 ms/m);
    expect(stdout).toMatch(/^bench +relayed\(via attic\) .* no link reaches both$/m);
    expect(stdout).toMatch(/^porch +none \(offline\)/m);
    expect((await fogwisp('peers')).stdout.split('\n')).toHaveLength(5);
  });

  it('give JSON', async () => {
    const json = async (...words: string[]): Promise<unknown> =>
      JSON.parse((await fogwisp(...words, '--json')).stdout);
    expect(await json('status')).toMatchObject({
      name: 'hearth',
      kind: 'up',
      broker: { embedded: true, base: 'fog' },
    });
    expect(await json('peers')).toMatchObject([{ name: 'attic' }, { name: 'bench' }, { name: 'porch' }]);
    expect(await json('identity')).toEqual({ name: 'hearth', id: mesh.id });
    expect(await json('network', 'show')).toEqual({ network: 'fog1-test' });
    expect(await json('ping', 'attic')).toMatchObject({
      to: 'attic',
      roundTripMs: 4.2,
      path: { kind: 'direct' },
    });
    expect(await json('request', 'attic', 'load')).toMatchObject({
      from: 'attic',
      path: 'load',
      value: 0.31,
    });
  });

  it('request prints the answer alone', async () => {
    expect(await fogwisp('request', 'attic', 'load')).toEqual({ code: 0, stdout: '0.31\n', stderr: '' });
    expect((await fogwisp('request', 'attic', 'motto')).stdout).toBe('hello\n');
    expect((await fogwisp('request', 'attic', 'echo', '{"a":[1,null]}')).stdout).toBe('{"a":[1,null]}\n');
  });

  it('ping names the path, and its exit code can ask for a direct one', async () => {
    expect(await fogwisp('ping', 'attic', '--require', 'direct')).toMatchObject({
      code: 0,
      stdout: 'attic  direct(lan)  4.2 ms\n',
    });
    const relayed = await fogwisp('ping', 'bench', '--require', 'direct', '--count', '1');
    expect(relayed).toMatchObject({
      code: 8,
      stdout: 'bench  relayed(via attic)  4.2 ms  (no link reaches both)\n',
    });
    const plain = await fogwisp('ping', 'bench');
    expect(plain.code).toBe(0);
    expect(plain.stdout.trim().split('\n')).toHaveLength(5);
  });

  it('ping tells answer by answer, says when the path becomes direct, and needs no more then', async () => {
    const asked = { count: 0 };
    mesh.onPing = () => {
      if (++asked.count === 2) mesh.tell('bench', { path: directPath('udp') });
    };
    const { code, stdout } = await fogwisp('ping', 'bench', '--require', 'direct');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^bench {2}relayed\(via attic\) .*\nbench {2}direct\(udp\) {2}4.2 ms {2}\(direct after \d+\.\d s\)\n$/,
    );
    asked.count = 0;
    mesh.tell('bench', { path: relayedPath('attic') });
    const lines = (await fogwisp('ping', 'bench', '--count', '2', '--json')).stdout.trim().split('\n');
    mesh.onPing = () => undefined;
    mesh.tell('bench', { path: relayedPath('attic') });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { path: { kind: 'relayed' } },
      { path: { kind: 'direct' }, directAfterMs: expect.any(Number) },
    ]);
  });

  it('ping has another peer ask, with the same exit codes', async () => {
    const path = { kind: 'relayed', link: null, via: ['hearth'], sinceMsAgo: 5000, reason: 'noCommonLink' };
    mesh.answer('attic', '$ping', (to) => (to === 'bench' ? { roundTripMs: 7, ...path } : null));
    const from = ['ping', 'bench', '--from', 'attic'];
    const relayed = await fogwisp(...from, '--require', 'direct', '--count', '1');
    expect(relayed).toMatchObject({
      code: 8,
      stdout: 'bench  relayed(via hearth)  7.0 ms  (no link reaches both)\n',
    });
    mesh.answer('attic', '$ping', () => ({ roundTripMs: 2, ...path, kind: 'direct', link: 'udp', via: [] }));
    expect(await fogwisp(...from, '--require', 'direct')).toMatchObject({
      code: 0,
      stdout: 'bench  direct(udp)  2.0 ms\n',
    });
    mesh.answer('attic', '$ping', () => ({ roundTripMs: 2, kind: 'by carrier pigeon', sinceMsAgo: 0 }));
    expect(await fogwisp(...from)).toEqual({
      code: 5,
      stdout: '',
      stderr: 'fogwisp: bench did not answer attic, or is not known there\n',
    });
    expect((await fogwisp('ping', 'bench', '--from', 'nobody')).code).toBe(4);
    expect((await fogwisp('ping', 'attic', '--from', 'hearth')).code).toBe(2);
  });

  it('ping goes on after an answer that did not come, and ends as the last one does', async () => {
    let count = 0;
    mesh.onPing = (to) => {
      if (to === 'attic' && ++count === 1) throw new FakeError('timeout');
    };
    expect(await fogwisp('ping', 'attic', '--count', '2')).toEqual({
      code: 0,
      stdout: 'attic  direct(lan)  4.2 ms\n',
      stderr: 'attic did not answer within 5 s\n',
    });
    mesh.onPing = (to) => {
      if (to === 'attic' && ++count % 2 === 0) throw new FakeError('timeout');
    };
    count = 0;
    expect((await fogwisp('ping', 'attic', '--count', '2')).code).toBe(5);
    mesh.onPing = () => undefined;
  });

  it('netcheck tells each check with its evidence, and ends with 9 when one fails', async () => {
    const { code, stdout } = await fogwisp('netcheck');
    expect(code).toBe(9);
    expect(stdout).toMatch(/^STATE +CHECK +AGE +EVIDENCE\nfail +links +now +there is none$/m);
    expect(stdout).toMatch(/^ok +broker mqtt:\S+ +now +online, MQTT /m);
    expect(stdout).toMatch(/^links: name some below "links:"$/m);
    const lines: unknown = JSON.parse((await fogwisp('netcheck', '--json')).stdout);
    expect(lines).toContainEqual({
      state: 'fail',
      check: 'links',
      evidence: 'there is none',
      ageMs: 0,
      next: expect.any(String),
    });
  });

  it.each([
    [['request', 'atic', 'load'], 4, 'nobody called "atic" is known here; did you mean "attic"?'],
    [['request', 'attic', 'laod'], 4, 'attic serves no "laod"; did you mean "load"?'],
    [['request', 'attic', 'zzz'], 4, 'attic serves no "zzz"; it serves load, motto, echo'],
    [
      ['request', 'attic', 'slow', '--timeout', '1s'],
      5,
      'attic did not answer within 1 s; try a longer --timeout',
    ],
    [['ping', 'porch'], 5, 'porch did not answer within 5 s; try a longer --timeout'],
    [['ping', 'hearth'], 2, '"hearth" is this gateway itself; known: attic, bench, porch'],
  ])('%j fails with its own code and one line', async (words, code, line) => {
    expect(await fogwisp(...words)).toEqual({ code, stdout: '', stderr: `fogwisp: ${line}\n` });
  });

  it('listen prints what the broker gives out', async () => {
    const listening = new CommandLine(['listen', 'fog/attic', '--count', '1', '--timeout', '20s'], {
      XDG_RUNTIME_DIR: folder,
    });
    const timer = setInterval(() => mesh.say('attic', 'load', 0.5), 50);
    expect(await listening.ended).toEqual({ code: 0, stdout: 'fog/attic {"load":0.5}\n', stderr: '' });
    clearInterval(timer);
    const json = await fogwisp('listen', '--json', '--count', '2');
    for (const line of json.stdout.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ topic: expect.stringMatching(/^fog\//) });
    const nothing = await fogwisp('listen', 'nothing/here', '--timeout', '300ms');
    expect(nothing).toEqual({
      code: 5,
      stdout: '',
      stderr: 'fogwisp: nothing came on "nothing/here" in 0.3 s\n',
    });
  });

  it('listen that is interrupted says so by its exit code', async () => {
    const listening = new CommandLine(['listen', 'fog/#'], { XDG_RUNTIME_DIR: folder });
    await listening.until('fog/bridge/state');
    expect((await listening.end('SIGINT')).code).toBe(130);
  });

  it('trace NAME prints each hop, and * for one that does not say how it goes on', async () => {
    const silent = await fogwisp('trace', 'bench');
    expect(silent).toMatchObject({ code: 0, stderr: '' });
    expect(silent.stdout).toMatch(/^bench {2}relayed\(via attic\) {2}4.2 ms there and back\n/);
    expect(silent.stdout).toMatch(/^1 +hearth +attic +lan lan +2.0 ms +\*$/m);
    expect(silent.stdout).toMatch(/^2 +attic +\* +\* +\* +\*$/m);
    const bench = { id: idOf('bench'), name: 'bench', link: 'serial', linkName: '/dev/ttyUSB0' };
    mesh.answer('attic', '$trace', (target) => ({
      links: [],
      next: target === bench.id ? { ...bench, roundTripMs: 11, ageMs: 3000 } : null,
    }));
    const told = await fogwisp('trace', 'bench');
    expect(told.stdout).toMatch(/^2 +attic +bench +serial ttyUSB0 +11 ms +3 s$/m);
    const { hops, isComplete } = JSON.parse((await fogwisp('trace', 'bench', '--json')).stdout);
    expect(isComplete).toBe(true);
    expect(hops.map(({ from, to }: HopView) => `${from} ${to}`)).toEqual(['hearth attic', 'attic bench']);
    expect((await fogwisp('trace', 'bench', '--require', 'direct')).code).toBe(8);
    expect((await fogwisp('trace', 'porch')).code).toBe(5);
    expect((await fogwisp('trace', 'nobody')).code).toBe(4);
  });

  it('trace ends where hops lead in a circle', async () => {
    const back = { id: mesh.id, name: 'hearth' };
    mesh.answer('attic', '$trace', () => ({ links: [], next: back }));
    const { hops, isComplete } = JSON.parse((await fogwisp('trace', 'bench', '--json')).stdout);
    expect(isComplete).toBe(false);
    expect(hops).toHaveLength(2);
  });

  it('explain NAME says why a path is not direct, and when that is tried again', async () => {
    mesh.answer('bench', '$trace', () => ({ links: [['serial', '/dev/ttyS0']], next: null }));
    const { code, stdout } = await fogwisp('explain', 'bench');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^path +relayed\(via attic\)/m);
    expect(stdout).toMatch(/^why +no kind of link in common$/m);
    expect(stdout).toMatch(/^links there +serial ttyS0$/m);
    expect(stdout).not.toMatch(/^limited/m);
    const limited = { bytesPerMinute: 15_728_640, frameMax: 1200 };
    mesh.tell('bench', { path: { ...relayedPath('attic'), limited } });
    const told = (await fogwisp('explain', 'bench')).stdout;
    expect(told).toMatch(/^limited +15\.7 MB a minute, packets of 1200 bytes at most$/m);
    expect(JSON.parse((await fogwisp('status', '--json')).stdout)).toMatchObject({
      peers: expect.arrayContaining([
        expect.objectContaining({ path: expect.objectContaining({ limited }) }),
      ]),
    });
    mesh.tell('bench', { path: { kind: 'unknown', since: 0, reason: 'silent' } });
    const silent = JSON.parse((await fogwisp('explain', 'bench', '--json')).stdout);
    expect(silent).toMatchObject({ to: 'bench', common: [], why: 'the direct path stopped answering' });
    expect(silent.next).toMatch(/^5 s after it failed/);
    mesh.tell('bench', { path: relayedPath('attic') });
    expect((await fogwisp('explain', 'attic')).stdout).toMatch(/^why +the last authenticated packet/m);
    expect((await fogwisp('explain', 'porch')).code).toBe(5);
    expect((await fogwisp('explain', 'nobody')).code).toBe(4);
  });

  it('explain NAME says what NATs are in front of both', async () => {
    mesh.answer('bench', '$trace', () => ({ links: [['udp', ':4747', 'independent', 'open']], next: null }));
    mesh.see(1, { mapping: 'random', filtering: 'restricted' });
    const { stdout } = await fogwisp('explain', 'bench');
    expect(stdout).toMatch(/^NAT here +another port for each, at random; no stranger gets in$/m);
    expect(stdout).toMatch(/^NAT there +one address for all; anybody gets in$/m);
  });

  it('roles shows who serves whom, and ? for one that does not say', async () => {
    const id = idOf('attic');
    const part = { energy: 100, memory: 80 };
    const served = { sinceMs: 5000, score: 7, parts: {}, debt: 0, serves: [], wanted: 2 };
    mesh.answer('attic', '$role', () => ({
      ...{ state: 'super', sinceMs: 61_000, score: 9, parts: part, debt: 0 },
      ...{ termEndsMs: 1_800_000, serves: [[mesh.id, 'hearth']], wanted: 0, supernodes: [] },
    }));
    mesh.answer('bench', '$role', () => ({ ...served, state: 'leaf', supernodes: [[id, 'attic', 60_000]] }));
    const { code, stdout } = await fogwisp('roles');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^attic +super +1 m +in 30 m +9 +hearth +-$/m);
    expect(stdout).toMatch(/^bench +leaf +5 s +- +7 +- +attic \(2 wanted\)$/m);
    expect(stdout).toMatch(/^hearth +\? \(it does not say\)$/m);
    expect(stdout).toMatch(/^attic: score 9 of 15 from energy 100 %, memory 80 %$/m);
    const views = JSON.parse((await fogwisp('roles', '--json')).stdout);
    expect(views[0]).toMatchObject({ name: 'attic', state: 'super', serves: ['hearth'] });
  });

  it('say which gateway they ask when several run', async () => {
    const registry = Registry.ofUser({ XDG_RUNTIME_DIR: folder });
    const elsewhere = new FakeMesh();
    elsewhere.networkId = 'fedcba9876543210';
    const other = await Gateway.start({
      device: elsewhere,
      config: { ...CONFIG_DEFAULT, links: [], mqtt: { ...MQTT_DEFAULT, broker: { kind: 'none' } } },
      network: 'fog1-test',
      kind: 'demo',
      registry,
      onTrouble: () => undefined,
      onFault: () => undefined,
    });
    try {
      const newest = await fogwisp('peers');
      expect(newest.stdout).toContain('no peer yet');
      expect(newest.stderr).toMatch(
        /^2 gateways run; asking the newest, "hearth" \(demo, started \d+ s ago\); --socket chooses\n$/,
      );
      expect((await fogwisp('peers', '--quiet')).stderr).toBe('');
      expect((await fogwisp('peers', '--socket', gateway.socket)).stdout).toContain('attic');
      expect((await run(['peers'], { FOGWISP_SOCKET: gateway.socket })).stdout).toContain('attic');
    } finally {
      await other.stop();
    }
  });

  it('ends quietly when nobody reads any more', async () => {
    const listening = new CommandLine(['listen', 'fog/#'], { XDG_RUNTIME_DIR: folder });
    await listening.until('fog/bridge/state');
    listening.child.stdout?.destroy();
    const timer = setInterval(() => mesh.say('attic', 'load', 1), 50);
    expect((await listening.ended).code).toBe(0);
    clearInterval(timer);
  });
});

describe('config check', () => {
  it('prints every mistake with its line and column', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'name: x\nlinks:\n  seril: /dev/ttyUSB0\nshare: maybe\n');
    const { code, stdout, stderr } = await alone('config', 'check', 'bad.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      'fogwisp: bad.yaml:3:3: unknown key "seril" in "links"; did you mean "serial"?\n' +
        'fogwisp: bad.yaml:4:8: "share" must be true or false\n',
    );
  });

  it('shows what is read, without its secrets', async () => {
    writeFileSync(
      join(folder, 'good.yaml'),
      'network: fog1-secret\nmqtt: { broker: "mqtt://box", username: me, password: pw }\n',
    );
    const { code, stdout } = await alone('config', 'check', 'good.yaml', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ network: '***', mqtt: { password: '***', username: 'me' } });
    expect(stdout).not.toMatch(/secret|pw/);
  });
});

describe('network create', () => {
  it('prints a network, or writes it to a file of its owner, never over another', async () => {
    const printed = await alone('network', 'create');
    expect(printed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^fog1-\S+\n$/), stderr: '' });
    const written = await alone('network', 'create', 'home.key');
    expect(written).toMatchObject({ code: 0, stdout: 'home.key\n' });
    const file = join(folder, 'home.key');
    expect(readFileSync(file, 'utf8')).toMatch(/^#.*\nfog1-\S+\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await alone('network', 'create', 'home.key')).toMatchObject({
      code: 2,
      stderr: 'fogwisp: home.key exists and may hold a key in use; choose another name\n',
    });
  });
});
