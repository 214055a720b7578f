import { randomBytes, toHex } from '@fogwisp/protocol';
import type { Platform } from '../platform.js';
import { type ConformanceCase, check, eventually, quiet } from './case.js';

const FAR_MS = 2 ** 31 + 1000;

/** What the clock, the timer and the randomness of every Platform must do. */
export function platformConformance(make: () => Platform): readonly ConformanceCase[] {
  return [
    { name: 'has a clock of whole milliseconds that never goes back', run: () => clock(make()) },
    { name: 'wakes once, not inside wakeAt and not early', run: () => wakes(make()) },
    { name: 'has one timer: each call takes the place of the last', run: () => rearms(make()) },
    { name: 'waits for a far deadline instead of firing at once', run: () => waits(make()) },
    { name: 'ends a turn once, soon and not inside the call', run: () => endsTurn(make()) },
    { name: 'has randomness that does not repeat', run: () => random(make()) },
  ];
}

async function clock(platform: Platform): Promise<void> {
  let last = platform.now();
  for (let i = 0; i < 1000; i++) {
    const now = platform.now();
    check(Number.isInteger(now) && now >= last, 'now is whole and never decreases');
    last = now;
  }
  check(await eventually(() => platform.now() > last), 'time passes');
}

async function wakes(platform: Platform): Promise<void> {
  const at = platform.now() + 5;
  const wokenAt: number[] = [];
  const wakeCount = () => wokenAt.length;
  platform.wakeAt(at, () => wokenAt.push(platform.now()));
  check(wakeCount() === 0, 'wakeAt returns before it wakes');
  check(await eventually(() => wakeCount() > 0), 'it wakes');
  await quiet();
  check(wakeCount() === 1, 'it wakes once');
  check((wokenAt[0] ?? 0) >= at, 'it does not wake early');
  let hasWoken = false;
  platform.wakeAt(platform.now() - 100, () => {
    hasWoken = true;
  });
  check(!hasWoken, 'a deadline that has passed is not met inside the call');
  check(await eventually(() => hasWoken), 'a deadline that has passed wakes soon');
}

async function rearms(platform: Platform): Promise<void> {
  const woken: string[] = [];
  platform.wakeAt(platform.now() + 10, () => woken.push('first'));
  platform.wakeAt(platform.now() + 20, () => woken.push('second'));
  check(await eventually(() => woken.length > 0), 'it wakes');
  platform.wakeAt(platform.now() + 10, () => woken.push('third'));
  platform.wakeAt(undefined, () => woken.push('never'));
  await quiet();
  check(woken.join() === 'second', `only the last deadline counts (woke ${woken.join()})`);
}

async function waits(platform: Platform): Promise<void> {
  let hasWoken = false;
  platform.wakeAt(platform.now() + FAR_MS, () => {
    hasWoken = true;
  });
  await quiet();
  platform.wakeAt(undefined, () => {});
  check(!hasWoken, 'a deadline in 25 days does not wake now');
}

async function endsTurn(platform: Platform): Promise<void> {
  let count = 0;
  platform.afterArrivals?.(() => count++);
  check(count === 0, 'afterArrivals returns before it runs anything');
  await quiet();
  check(count === (platform.afterArrivals === undefined ? 0 : 1), 'it runs once');
}

function random(platform: Platform): void {
  const seen = new Set<string>();
  for (let i = 0; i < 64; i++) seen.add(toHex(randomBytes(platform.random, 16)));
  check(seen.size === 64, '64 times 16 bytes are all different');
}
