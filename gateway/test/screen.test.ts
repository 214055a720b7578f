import { describe, expect, it } from 'vitest';
import { Canvas } from '../demo/canvas.js';
import type { Pair } from '../demo/pairs.js';
import { readingText } from '../demo/reading-text.js';
import { type Scene, sceneLines } from '../demo/screen.js';
import type { PathView, PeerView } from '../src/peer-view.js';
import { plainPaint } from '../src/text/style.js';

const direct: PathView = { kind: 'direct', link: 'serial', sinceMsAgo: 0, roundTripMs: 12 };
const relayed: PathView = {
  kind: 'relayed',
  via: ['hearth'],
  reason: 'noCommonLink',
  sinceMsAgo: 0,
  roundTripMs: 23,
};

function pair(from: string, to: string, path: PathView): Pair {
  const reading = { topic: 'received', value: 1_391_623_407, msAgo: 1200 };
  const peer: PeerView = { id: to, name: to, status: 'online', path, reading };
  return { from, peer };
}

const key = `fog1-${'x'.repeat(56)}`;
const scene: Scene = {
  pairs: [
    ...['attic', 'bench', 'greenhouse', 'shed'].map((to) => pair('hearth', to, direct)),
    pair('bench', 'shed', relayed),
    pair('shed', 'bench', relayed),
  ],
  processCount: 5,
  brokerUrl: 'mqtt://127.0.0.1:37813',
  story: 'hearth is the gateway; attic, greenhouse: LAN; shed: UDP; bench: a serial line',
  explanation: 'bench and shed share no link: hearth forwards for them, and cannot read it',
  steps: [
    { command: 'npx --no fogwisp request attic load', meaning: 'ask a peer' },
    { command: "npx --no fogwisp listen 'fog/#'", meaning: 'hear the broker' },
    {
      command: `npx --no fogwisp up --network ${key} --name mine --connect udp://192.168.100.100:54321`,
      meaning: 'join',
    },
  ],
  runningMs: 3_700_000,
  troubles: ['the process of attic ended: SIGKILL'],
};

describe('the screen of the demo', () => {
  it('fits the smallest usual terminal with everything on it', () => {
    const lines = sceneLines(scene, plainPaint, 80);
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);
    expect(rows).toBeLessThanOrEqual(23);
    const command = scene.steps.at(-1)?.command ?? '';
    expect(lines.filter((line) => line.length > 80)).toEqual([`  ${command}`]);
  });

  it('says why a path is not direct, beside it where there is room and else below it', () => {
    const wide = sceneLines(scene, plainPaint, 120);
    expect(wide.find((line) => line.startsWith('bench'))).toMatch(
      /relayed\(via hearth\) .* no link reaches both$/,
    );
    const narrow = sceneLines(scene, plainPaint, 80);
    const at = narrow.findIndex((line) => line.startsWith('bench   shed'));
    expect(narrow[at + 1]).toBe('        not direct: no link reaches both');
  });

  it('shows amounts with their units', () => {
    const text = (topic: string, value: number) => readingText({ topic, value, msAgo: 0 });
    expect([
      text('memory', 3.5),
      text('uptime', 4900),
      text('received', 1_391_623_407),
      text('sent', 999),
    ]).toEqual(['memory 3.5 %', 'uptime 81 m', 'received 1.39 GB', 'sent 999 B']);
    expect([text('load', 0.3), text('temperature', 45.2)]).toEqual(['load 0.3', 'temperature 45.2 °C']);
  });
});

describe('the canvas', () => {
  function canvas(): { stream: { columns: number; rows: number; text: string }; canvas: Canvas } {
    const stream = { columns: 20, rows: 10, text: '', write: (text: string) => (stream.text += text) };
    // Only what the canvas uses of a terminal.
    return { stream, canvas: new Canvas(stream as unknown as NodeJS.WriteStream) };
  }

  it('writes again only what changed, so that a selection stays', () => {
    const { stream, canvas: drawn } = canvas();
    drawn.draw(['one', 'two', 'three']);
    expect(stream.text).toContain('one');
    stream.text = '';
    drawn.draw(['one', 'TWO', 'three']);
    expect(stream.text).toBe('\u001b[2;1HTWO\u001b[K\u001b[4;1H');
    stream.text = '';
    drawn.draw(['one', 'TWO', 'three']);
    expect(stream.text).toBe('');
  });

  it('starts afresh when lines move or the terminal changes', () => {
    const { stream, canvas: drawn } = canvas();
    drawn.draw(['one', 'two']);
    stream.text = '';
    drawn.draw(['x'.repeat(21), 'two']);
    expect(stream.text).toContain('\u001b[2J');
    expect(stream.text).toContain('\u001b[3;1Htwo');
    stream.text = '';
    stream.columns = 30;
    drawn.draw(['x'.repeat(21), 'two']);
    expect(stream.text).toContain('\u001b[2;1Htwo');
  });

  it('keeps below the last row', () => {
    const { stream, canvas: drawn } = canvas();
    drawn.draw(Array.from({ length: 30 }, (_, at) => `line ${at}`));
    expect(stream.text).toContain('line 8');
    expect(stream.text).not.toContain('line 9');
  });
});
