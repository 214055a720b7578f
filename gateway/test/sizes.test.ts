import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Figures, judge } from '../tools/sizes/figures.js';
import { handshakesIn, overheadOf } from '../tools/sizes/packets.js';

const PROGRAM = fileURLToPath(new URL('../dist/tools/sizes.js', import.meta.url));

async function output(
  ...words: string[]
): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Uint8Array) => {
    stdout += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout };
}

const FIGURES: Figures = {
  handshake: { KK: 113, IK: 156, XX: 224, RESUME: 27 },
  overhead: { default: 21, floor: 11 },
  reading20: { qos0: 46, qos1: 75 },
  request20: 96,
  idle10s: 60,
  idleSeconds: 180,
  bundle: { minified: 1, gzip: 1 },
};

function missed(figures: Partial<Figures>): string[] {
  return judge({ ...FIGURES, ...figures })
    .filter(({ isMissed }) => isMissed)
    .map(({ what }) => what);
}

describe('sizes on the wire', () => {
  it('are within their targets, counted between two processes', { timeout: 120_000 }, async () => {
    const { code, stdout } = await output('--quick', '--json');
    const figures = JSON.parse(stdout);
    expect(figures).toMatchObject({ quick: true, idleSeconds: 10 });
    expect(missed({ ...figures, idle10s: 0 })).toEqual([]);
    const { handshake, overhead, reading20, request20, bundle } = figures;
    const all = [handshake, overhead, reading20, { request20 }, bundle].flatMap((part) =>
      Object.values(part),
    );
    expect(all).toHaveLength(11);
    for (const value of all) expect(value).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('are told with their targets', () => {
    expect(missed({})).toEqual([]);
    expect(missed({ request20: 97, idle10s: 60.1 })).toEqual([
      '20 B request and response',
      'at rest, per 10 s',
    ]);
    expect(missed({ overhead: { default: 21, floor: 12 } })).toEqual(['sealing a packet, MTU 250']);
    expect(missed({ idle10s: 1000, idleSeconds: 179 })).toEqual([]);
  });
});

describe('what the clear bytes of packets tell (§4)', () => {
  const packet = (...head: number[]): Uint8Array => new Uint8Array([...head, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

  it('a session packet tells what its sealing adds', () => {
    expect(overheadOf(packet(0x94))).toBe(21);
    expect(overheadOf(packet(0x82))).toBe(11);
    expect(overheadOf(packet(0x05))).toBeUndefined();
  });

  it('a handshake counts once it was answered, and each of its packets once', () => {
    const lost = packet(0x05, 0x10, 1, 0, 7);
    const h1 = packet(0x05, 0x10, 1, 0, 5);
    const h2 = packet(0x06, 1, 0, 5, 1, 0, 6);
    expect(handshakesIn([lost, h1, h1, h2])).toEqual([{ pattern: 'KK', lengths: [h1.length, h2.length] }]);
    expect(handshakesIn([lost, h2])).toEqual([]);
  });

  it('XX needs its third packet, RESUME its answer', () => {
    const h1 = packet(0x05, 0x12, 1, 0, 5);
    const h2 = packet(0x06, 1, 0, 5, 1, 0, 6);
    const h3 = packet(0x07, 1, 0, 6);
    expect(handshakesIn([h1, h2])).toEqual([]);
    expect(handshakesIn([h1, h2, h3])).toMatchObject([{ pattern: 'XX' }]);
    const resume = packet(0x0a, 0x12, 0x34);
    expect(handshakesIn([resume])).toEqual([]);
    expect(handshakesIn([resume, packet(0x0b, 0x12, 0x34)])).toMatchObject([{ pattern: 'RESUME' }]);
  });
});
