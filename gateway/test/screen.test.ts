import { describe, expect, it } from 'vitest';
import { Canvas } from '../demo/canvas.js';
import { LAN_NAMES, peerCountFor } from '../demo/cast.js';
import { Handovers } from '../demo/handover.js';
import { type Pair, upgradeText } from '../demo/pairs.js';
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
  const bridgedBy = 'hearth';
  const peer: PeerView = { id: to, name: to, status: 'online', path, reading, bridgedBy };
  return { from, peer };
}

const key = `fog1-${'x'.repeat(56)}`;
const scene: Scene = {
  pairs: [
    ...['porch', 'bench', 'shed'].map((to) => pair('hearth', to, direct)),
    pair('bench', 'shed', relayed),
    pair('shed', 'bench', relayed),
    ...LAN_NAMES.map((to) => pair('hearth', to, direct)),
  ],
  title: '12 peers, 2 gateways, broker mqtt://127.0.0.1:37813',
  story: [
    'hearth, porch: gateways; shed: UDP; bench: serial lines; the others: LAN',
    'cabin, barn: each behind a NAT, simulated: real ones need root and Linux',
  ],
  count: '12 of 12 peers, each its own process: 22.9 GB of memory free, 80 MB each',
  explanation: [
    'bench and shed share no link: a gateway forwards for them, and cannot read it',
    'BY: the gateway that speaks for it; press g to kill one, s to kill a supernode',
  ],
  supernodes: [
    { name: 'porch', count: 9, text: 'serves 9, score 9, 48 m to go' },
    { name: 'hearth', count: 7, text: 'serves 7, score 9, 72 m to go' },
  ],
  events: [
    'hearth killed: porch took its 12 peers, all heard again after 1.3 s; it is back',
    'supernode hearth killed: it served 9; all have what they need again after 7.1 s',
  ],
  steps: [
    { command: 'npx --no fogwisp request attic load', meaning: 'ask a peer' },
    { command: 'npx --no fogwisp trace bench', meaning: 'every hop to it' },
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
  it('fits the smallest usual terminal: what is all alike is counted', () => {
    const lines = sceneLines(scene, plainPaint, 80, 24);
    const rows = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);
    expect(rows).toBeLessThanOrEqual(23);
    const command = scene.steps.at(-1)?.command ?? '';
    expect(lines.filter((line) => line.length > 80)).toEqual([`  ${command}`]);
    expect(lines.some((line) => line.startsWith('bench   shed'))).toBe(true);
    const more = /^\+ (\d+) more like these: (\d+) direct, no reading older than 1 s$/m.exec(
      lines.join('\n'),
    );
    const shown = lines.filter((line) => / {2}hearth$/.test(line)).length;
    expect(shown + Number(more?.[1])).toBe(scene.pairs.length);
  });

  it('shows all where there is room, with the reason why a path is not direct', () => {
    const lines = sceneLines(scene, plainPaint, 120, 50);
    for (const name of LAN_NAMES)
      expect(lines.some((line) => line.startsWith(`hearth  ${name} `))).toBe(true);
    expect(lines.find((line) => line.startsWith('bench'))).toMatch(
      /relayed\(via hearth\) .* hearth {2}no link reaches both$/,
    );
    expect(lines).toContain(scene.count);
  });

  it('tells how a path became direct, by the end that waited longer', () => {
    const upgrade = { from: 'relayed(via hearth)', to: 'direct(udp)', tookMs: 40 };
    const cabin = { ...pair('cabin', 'barn', direct), upgrade };
    const barn = { ...pair('barn', 'cabin', direct), upgrade: { ...upgrade, tookMs: 340 } };
    expect(upgradeText(scene.pairs)).toBe('');
    expect(upgradeText([cabin])).toBe('cabin -> barn: relayed(via hearth) -> direct(udp) after 40 ms');
    expect(upgradeText([cabin, barn])).toMatch(/^barn -> cabin: .* after 340 ms$/);
    const slow = { ...cabin, upgrade: { ...upgrade, tookMs: 6240 } };
    expect(upgradeText([...scene.pairs, slow, barn])).toMatch(/^cabin -> barn: .* after 6\.2 s$/);
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

describe('the number of peers', () => {
  it('is what memory and processors have room for, and says so', () => {
    const room = { freeBytes: 8e9, coreCount: 4, load: 0.2 };
    expect(peerCountFor(room)).toEqual({
      count: 12,
      areSomeBehind: true,
      why: '12 of 12 peers, each its own process: 8.0 GB of memory free, 80 MB each',
    });
    expect(peerCountFor({ ...room, freeBytes: 1e9 })).toMatchObject({ count: 6 });
    expect(peerCountFor({ ...room, freeBytes: 2e8 })).toMatchObject({ count: 4, areSomeBehind: false });
    expect(peerCountFor({ ...room, load: 9.5 }).why).toMatch(/^6 of 12 .*: load 9.5 on 4 processors$/);
  });
});

describe('a handover', () => {
  it('is over when every peer of the killed gateway was heard on the broker', () => {
    const handovers = new Handovers('fog');
    expect(handovers.textAt(0, ['hearth', 'porch'])).toBe('');
    handovers.onKilled(1000, 'hearth', ['attic', 'bench']);
    handovers.onMessage(1500, 'fog/attic');
    expect(handovers.textAt(1700, ['porch'])).toBe('hearth killed: porch takes over its 2 peers ... 0.7 s');
    handovers.onMessage(2300, 'fog/bench');
    handovers.onMessage(9000, 'fog/bench');
    const done = 'hearth killed: porch took its 2 peers, all heard again after 1.3 s';
    expect(handovers.textAt(9000, ['porch'])).toBe(done);
    expect(handovers.textAt(9000, ['hearth', 'porch'])).toBe(`${done}; it is back`);
  });
});
