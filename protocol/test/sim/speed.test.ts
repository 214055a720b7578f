import { connectGraph, geometric, joined, PROFILES, Prng, World } from '@fogwisp/protocol/sim';
import { expect, it } from 'vitest';
import { echo, flooder, pinger } from './toys.js';

/** Printed, not asserted: figures depend on the machine. */
function measure(what: string, world: World, ms: number): void {
  const before = process.memoryUsage().heapUsed;
  const started = performance.now();
  world.runFor(ms);
  const seconds = (performance.now() - started) / 1000;
  const rate = Math.round(world.eventCount / seconds);
  const heap = Math.round((process.memoryUsage().heapUsed - before) / 1e6);
  console.log(
    `${what}: ${world.eventCount} events in ${seconds.toFixed(2)} s = ${rate} events/s, heap +${heap} MB`,
  );
  expect(world.eventCount).toBeGreaterThan(10_000);
}

it('takes simple hosts at several hundred thousand events a second', () => {
  const world = new World({ seed: 1 });
  for (let i = 0; i < 100; i++) {
    const a = world.addHost(`a${i}`, pinger({ everyMs: 10, count: 1000 }), { forgetsEvents: true });
    world.connect(a, world.addHost(`b${i}`, echo));
  }
  measure('100 pairs', world, 10_000);
});

it('takes a thousand hosts on mixed links', () => {
  const world = new World({ seed: 1 });
  for (let i = 0; i < 1000; i++) world.addHost(`n${i}`, flooder(600_000), { forgetsEvents: true });
  connectGraph(world, joined(geometric(new Prng(1), 1000, 8)), () => PROFILES.serial);
  measure('1,000 flooding hosts', world, 60_000);
});
