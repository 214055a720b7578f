import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { fromHex, toHex } from '../../src/kernel/bytes.js';
import { decodeForward, encodeForward, isForwardAuthentic } from '../../src/packet/forward.js';
import { fakeSuite } from './fake-suite.js';
import { line } from './graphs.js';
import { Lone } from './lone.js';
import { Network } from './network.js';

const PACKET = new Uint8Array([0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

function bytesOf(key: string): Uint8Array {
  return fromHex(key) ?? new Uint8Array();
}

/** Overheads of the frames since the last call, by their ends. */
function overheads(network: Network): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const { from, to, bytes } of network.frames.splice(0)) {
    const list = found[`${from}-${to}`] ?? [];
    list.push(bytes.length - PACKET.length);
    found[`${from}-${to}`] = list;
  }
  return found;
}

describe('forwarding (SPEC §8.4)', () => {
  it('goes by id first and by label from then on: 24 bytes, then 9', () => {
    const network = new Network({ seed: 1, nodeCount: 4, edges: line(4) });
    network.run(5000);
    network.send(0, 3, PACKET);
    network.run(1000);
    expect(overheads(network)).toEqual({ '0-1': [24], '1-2': [24], '2-3': [24] });
    network.send(0, 3, PACKET);
    network.run(1000);
    expect(overheads(network)).toEqual({ '0-1': [9], '1-2': [9], '2-3': [9] });
    expect(network.delivered(3)).toEqual([toHex(PACKET), toHex(PACKET)]);
    const deliver = network.outputs.find(({ output }) => output.kind === 'deliver');
    expect(deliver?.output).toMatchObject({ from: network.key(0) });
  });

  it('answers find their own way by label', () => {
    const network = new Network({ seed: 1, nodeCount: 4, edges: line(4) });
    network.run(5000);
    for (let i = 0; i < 3; i++) {
      network.send(0, 3, PACKET);
      network.run(100);
      network.send(3, 0, PACKET);
      network.run(100);
    }
    expect(overheads(network)['1-0']).toEqual([24, 9, 9]);
    expect(network.delivered(0)).toHaveLength(3);
  });

  it('writes the frames that the packet layer writes', () => {
    const network = new Network({ seed: 1, nodeCount: 3, edges: line(3) });
    network.run(5000);
    for (let i = 0; i < 3; i++) {
      network.send(0, 2, PACKET);
      network.run(1000);
    }
    const ends = new Map<string, number>();
    for (const { from, to, bytes } of network.frames) {
      const frame = decodeForward(bytes);
      if (typeof frame === 'string') throw new Error(frame);
      const key = network.side(from, to).sendKey;
      const counter = ends.get(`${from}`) ?? 0;
      ends.set(`${from}`, counter + 1);
      expect(frame.counter).toBe(counter);
      expect(isForwardAuthentic(fakeSuite, key, counter, bytes)).toBe(true);
      expect(encodeForward(fakeSuite, key, counter, frame)).toEqual(bytes);
    }
  });

  it('counts hops down on the way: 255 by id, 39 by label', () => {
    const network = new Network({ seed: 1, nodeCount: 4, edges: line(4) });
    network.run(5000);
    for (let i = 0; i < 2; i++) {
      network.send(0, 3, PACKET);
      network.run(1000);
    }
    const left = network.frames.map(({ bytes }) => {
      const frame = decodeForward(bytes);
      if (typeof frame === 'string') throw new Error(frame);
      return frame.kind === 'label' ? frame.hopsLeft : frame.ttl;
    });
    expect(left).toEqual([255, 254, 253, 39, 38, 37]);
  });

  it('reaches the end of a chain of 62 links, by id where a label frame would not get there', () => {
    const network = new Network({ seed: 1, nodeCount: 63, edges: line(63) });
    network.run(20_000);
    for (let i = 0; i < 3; i++) {
      network.send(0, 62, PACKET);
      network.run(5000);
    }
    expect(network.delivered(62)).toHaveLength(3);
    const all = overheads(network);
    expect(all['0-1']).toEqual([24, 24, 24]);
    expect(all['22-23']).toEqual([24, 24, 24]); // 40 links to go
    expect(all['23-24']).toEqual([24, 9, 9]);
    expect(all['61-62']).toEqual([24, 9, 9]);
  });

  it('works with the real AEAD', () => {
    const suite = nobleSuite();
    const network = new Network({ seed: 1, nodeCount: 3, edges: line(3), suite });
    network.run(5000);
    for (let i = 0; i < 2; i++) {
      network.send(0, 2, PACKET);
      network.run(1000);
    }
    expect(network.delivered(2)).toHaveLength(2);
    const [first] = network.frames;
    expect(isForwardAuthentic(suite, network.side(0, 1).sendKey, 0, first?.bytes ?? PACKET)).toBe(true);
  });

  it('does not change what it was given', () => {
    const network = new Network({ seed: 1, nodeCount: 3, edges: line(3) });
    network.run(5000);
    const packet = new Uint8Array(PACKET);
    network.send(0, 2, packet);
    const [frame] = network.frames;
    const before = toHex(frame?.bytes ?? PACKET);
    network.run(1000);
    expect(packet).toEqual(PACKET);
    expect(toHex(frame?.bytes ?? PACKET)).toBe(before);
  });
});

describe('labels', () => {
  it('of the first hop survive a change of the route behind it', () => {
    const edges = [
      [0, 1],
      [1, 2],
      [1, 3],
      [2, 4],
      [3, 4],
    ] as const;
    const network = new Network({ seed: 2, nodeCount: 5, edges });
    network.run(10_000);
    for (let i = 0; i < 2; i++) {
      network.send(0, 4, PACKET);
      network.run(500);
    }
    const middle = network.nextHop(1, 4) ?? 0;
    overheads(network);
    network.cutNow(1, middle);
    network.run(100);
    network.send(0, 4, PACKET);
    network.run(500);
    const other = middle === 2 ? 3 : 2;
    expect(overheads(network)).toEqual({ '0-1': [9], [`1-${other}`]: [24], [`${other}-4`]: [24] });
    network.send(0, 4, PACKET);
    network.run(500);
    expect(overheads(network)).toEqual({ '0-1': [9], [`1-${other}`]: [9], [`${other}-4`]: [9] });
    expect(network.delivered(4)).toHaveLength(4);
  });

  it('of a neighbour that restarted are replaced', () => {
    const network = new Network({ seed: 3, nodeCount: 3, edges: line(3) });
    network.run(5000);
    for (let i = 0; i < 2; i++) {
      network.send(0, 2, PACKET);
      network.run(500);
    }
    network.restart(1);
    network.run(10_000);
    overheads(network);
    for (let i = 0; i < 2; i++) {
      network.send(0, 2, PACKET);
      network.run(500);
    }
    expect(overheads(network)).toEqual({ '0-1': [24, 9], '1-2': [24, 9] });
    expect(network.delivered(2)).toHaveLength(4);
  });

  it('survive a moment without the direct path', () => {
    const network = new Network({ seed: 4, nodeCount: 3, edges: line(3) });
    network.run(5000);
    network.send(0, 2, PACKET);
    network.run(500);
    network.cutNow(0, 1);
    network.run(3000);
    network.mend(0, 1);
    network.run(3000);
    overheads(network);
    network.send(0, 2, PACKET);
    network.run(500);
    expect(overheads(network)).toEqual({ '0-1': [9], '1-2': [9] });
    expect(network.delivered(2)).toHaveLength(2);
  });

  it('that the neighbour does not know cost one frame: it says so', () => {
    const network = new Network({ seed: 5, nodeCount: 3, edges: line(3) });
    network.run(5000);
    network.send(0, 2, PACKET);
    network.run(500);
    const session = network.side(0, 1).session;
    const wrong = {
      kind: 'label',
      label: 0x7777,
      source: bytesOf(network.key(0)),
      destination: bytesOf(network.key(2)),
    };
    network.input(0, {
      kind: 'message',
      neighbor: session,
      message: wrong as { kind: 'label' } & typeof wrong,
    });
    for (let i = 0; i < 70; i++) {
      network.send(0, 2, PACKET);
      network.run(100);
    }
    expect(network.dropped('noRoute')).toBe(1);
    expect(network.delivered(2)).toHaveLength(1 + 70 - 1);
    expect(overheads(network)['0-1']?.slice(4, 10)).toEqual([9, 9, 9, 9, 9, 9]);
  });

  it('go by id again every 64th frame and after 30 s without any', () => {
    const network = new Network({ seed: 6, nodeCount: 3, edges: line(3) });
    network.run(5000);
    for (let i = 0; i < 130; i++) {
      network.send(0, 2, PACKET);
      network.run(100);
    }
    const sent = overheads(network)['0-1'] ?? [];
    expect(sent.flatMap((bytes, i) => (bytes === 24 ? [i] : []))).toEqual([0, 64, 128]);
    network.run(31_000);
    network.send(0, 2, PACKET);
    network.run(100);
    network.send(0, 2, PACKET);
    network.run(100);
    expect(overheads(network)['0-1']).toEqual([24, 9]);
    const labels = network.outputs.filter(
      ({ output: o }) => o.kind === 'message' && o.message.kind === 'label',
    );
    expect(labels).toHaveLength(2); // one from each receiver, told once
  });

  it('are told again when the first telling was lost, ever more rarely', () => {
    const network = new Network({ seed: 6, nodeCount: 3, edges: line(3) });
    network.run(5000);
    network.sabotage = (_from, to, message) => to === 0 && message.kind === 'label';
    for (let i = 0; i < 600; i++) {
      network.send(0, 2, PACKET);
      network.run(100);
    }
    const told = network.outputs.filter(
      ({ node, output: o }) => node === 1 && o.kind === 'message' && o.message.kind === 'label',
    );
    expect(told).toHaveLength(5); // at 0, 2, 6, 14, 30 s
    network.sabotage = undefined;
    for (let i = 0; i < 20; i++) {
      network.send(0, 2, PACKET);
      network.run(1000);
    }
    expect(overheads(network)['0-1']?.slice(-10)).toEqual([9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
  });

  it('cost a rare flow next to nothing', () => {
    const network = new Network({ seed: 6, nodeCount: 3, edges: line(3) });
    network.run(5000);
    for (let i = 0; i < 60; i++) {
      network.send(0, 2, PACKET);
      network.run(40_000);
    }
    expect(network.delivered(2)).toHaveLength(60);
    const told = network.outputs.filter(
      ({ node, output: o }) => node === 1 && o.kind === 'message' && o.message.kind === 'label',
    );
    expect(told.length).toBeLessThanOrEqual(12);
  });

  it('are given to no more flows than the limit; the others go by id', () => {
    const lone = new Lone({ labelCountMax: 4 });
    lone.greet(1);
    const told = new Set<number>();
    const give = (source: number, counter: number): readonly number[] => {
      const frame = { kind: 'byId', ttl: 9, destination: Lone.stationId(0).subarray(0, 8) } as const;
      const from = Lone.stationId(source).subarray(0, 8);
      const key = new Uint8Array(32).fill(101);
      const bytes = encodeForward(fakeSuite, key, counter, { ...frame, source: from, packet: PACKET });
      lone.input({ kind: 'frame', via: { kind: 'direct', link: 1, address: '' }, bytes });
      return lone.sent('label').map(({ message }) => message.label);
    };
    let counter = 0;
    for (let source = 10; source < 20; source++) for (const label of give(source, counter++)) told.add(label);
    expect(told.size).toBe(4);
    lone.wait(59_000);
    expect(give(30, counter++)).toEqual([]);
    lone.input({ kind: 'heard', neighbor: 1 });
    lone.wait(3000);
    const [fresh] = give(31, counter++);
    expect(fresh).toBeDefined();
    expect(told.has(fresh ?? 0)).toBe(false);
  });

  it('never come back within 60 s', () => {
    const lone = new Lone({ labelCountMax: 3 });
    lone.greet(1);
    const key = new Uint8Array(32).fill(101);
    const usedAt = new Map<number, number>();
    for (let counter = 0; counter < 3000; counter++) {
      const source = Lone.stationId(1000 + counter).subarray(0, 8);
      const frame = { kind: 'byId', ttl: 9, destination: Lone.stationId(0).subarray(0, 8), source } as const;
      const bytes = encodeForward(fakeSuite, key, counter, { ...frame, packet: PACKET });
      lone.input({ kind: 'frame', via: { kind: 'direct', link: 1, address: '' }, bytes });
      for (const { message } of lone.sent('label')) {
        expect(lone.now - (usedAt.get(message.label) ?? -Infinity)).toBeGreaterThan(60_000);
        usedAt.set(message.label, lone.now);
      }
      lone.now += 7000;
    }
    expect(usedAt.size).toBeGreaterThan(500);
  });
});
