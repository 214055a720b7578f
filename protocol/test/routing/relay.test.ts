import { describe, expect, it } from 'vitest';
import { RelayQueue } from '../../src/routing/relay-queue.js';
import { RelayShare } from '../../src/routing/relay-share.js';

const BITRATE = 10_000; // 1,000 B/s
const FLOW = new Uint32Array(4);

function frame(from: number, bytes: number) {
  return { from, frame: new Uint8Array(bytes), flow: FLOW, hopsLeft: 3 };
}

/** Frames by neighbour that the link carried in so many ms, while each neighbour sends as told per 100 ms. */
function carry(queue: RelayQueue, ms: number, loads: readonly (readonly [number, number, number])[]) {
  const bytes = new Map<number, number>();
  let lost = 0;
  for (let now = 0; now < ms; now++) {
    for (const [from, size, everyMs] of loads) {
      if (now % everyMs === 0) lost += queue.push(frame(from, size));
    }
    for (let next = queue.shift(now); next !== undefined; next = queue.shift(now)) {
      bytes.set(next.from, (bytes.get(next.from) ?? 0) + next.frame.length);
      queue.spend(now, next.frame.length, BITRATE);
    }
  }
  return { bytes, lost };
}

describe('frames that wait for a slow link (§8.11)', () => {
  it('of a neighbour that sends ten times too much leave their share to another', () => {
    const { bytes, lost } = carry(new RelayQueue(4096), 60_000, [
      [1, 200, 20],
      [2, 200, 500],
    ]);
    expect(bytes.get(2)).toBeGreaterThanOrEqual(60 * 400 - 600);
    expect(bytes.get(1)).toBeGreaterThan(60 * 550);
    expect(lost).toBeGreaterThan(1000);
  });

  it('would be lost with those of the greedy one if they shared its queue', () => {
    const queue = new RelayQueue(4096);
    let modest = 0;
    for (let now = 0; now < 60_000; now++) {
      if (now % 20 === 0) queue.push(frame(1, 200));
      if (now % 500 === 7) queue.push(frame(1, 201)); // the modest one, as if by the same neighbour
      for (let next = queue.shift(now); next !== undefined; next = queue.shift(now)) {
        if (next.frame.length === 201) modest += 201;
        queue.spend(now, next.frame.length, BITRATE);
      }
    }
    expect(modest).toBeLessThan((60 * 400) / 3);
  });

  it('are served alike by bytes, not by frames', () => {
    const { bytes } = carry(new RelayQueue(4096), 60_000, [
      [1, 1000, 100],
      [2, 100, 10],
    ]);
    const [one, two] = [bytes.get(1) ?? 0, bytes.get(2) ?? 0];
    expect(one / two).toBeGreaterThan(0.9);
    expect(one / two).toBeLessThan(1.1);
  });

  it('never take more than their bound, and the longest queue loses', () => {
    const queue = new RelayQueue(1000);
    queue.push(frame(2, 100));
    let lost = 0;
    for (let i = 0; i < 50; i++) lost += queue.push(frame(1, 100));
    expect(lost).toBe(41);
    queue.spend(0, 1, BITRATE);
    const left = [];
    for (let next = queue.shift(1000); next !== undefined; next = queue.shift(1000)) left.push(next.from);
    expect(left.filter((from) => from === 2)).toHaveLength(1);
    expect(left).toHaveLength(10);
  });

  it('go at once while the link is free', () => {
    const queue = new RelayQueue(1000);
    expect(queue.isFree(0)).toBe(true);
    queue.spend(0, 100, BITRATE); // 100 ms
    expect(queue.isFree(0)).toBe(false);
    expect(queue.nextTimeout()).toBe(Infinity);
    queue.push(frame(1, 10));
    expect(queue.nextTimeout()).toBe(80);
    expect(queue.shift(79)).toBeUndefined();
    expect(queue.shift(80)).toMatchObject({ from: 1 });
  });
});

describe('what a source may have relayed (§8.11)', () => {
  it('is so many bytes a second, whatever others have', () => {
    const share = new RelayShare(1000);
    let [greedy, modest] = [0, 0];
    for (let now = 0; now < 60_000; now += 10) {
      if (share.take(now, 1, 1, 100)) greedy += 100;
      if (now % 500 === 0 && share.take(now, 1, 2, 100)) modest += 100;
    }
    expect(greedy).toBeGreaterThan(58_000);
    expect(greedy).toBeLessThanOrEqual(61_000);
    expect(modest).toBe(12_000);
  });
});
