import { describe, expect, it } from 'vitest';
import { MappingLife } from '../../src/traversal/keepalive.js';

const SECOND_MS = 1000;

/** A box that forgets after so long, and a node that asks whenever it would: the silences that it tried. */
function learn(lifeMs: number, tries: number): { life: MappingLife; silences: number[] } {
  const life = new MappingLife();
  const silences: number[] = [];
  for (let i = 0; i < tries; i++) {
    const silenceMs = life.testMs;
    silences.push(silenceMs);
    if (silenceMs < lifeMs) life.survived(silenceMs);
    else life.failed(silenceMs);
  }
  return { life, silences };
}

describe('how long a box remembers (§7.12)', () => {
  it('is tried from 25 s up, half as long again each time, and no longer than 110 s', () => {
    const { life, silences } = learn(Infinity, 6);
    expect(silences.map((ms) => ms / SECOND_MS)).toEqual([25, 37.5, 56.25, 84.375, 110, 110]);
    expect(life.safeMs).toBe(110 * SECOND_MS);
  });

  it.each([27, 30, 60, 90, 120])('is known after a few tries: %i s', (lifeS) => {
    const { life } = learn(lifeS * SECOND_MS, 8);
    expect(life.safeMs).toBeLessThan(lifeS * SECOND_MS);
    // What is safe is no less than it was at first, and at least half of what the box would allow.
    expect(life.safeMs).toBeGreaterThanOrEqual(Math.min(25, lifeS / 2) * SECOND_MS);
  });

  it('is shorter than what one starts with: four fifths of the shortest silence that broke a path', () => {
    const { life } = learn(15 * SECOND_MS, 8);
    expect(life.safeMs).toBeLessThan(15 * SECOND_MS);
  });

  it('is found out again when a longer silence is survived after all', () => {
    const life = new MappingLife();
    life.survived(25 * SECOND_MS);
    life.failed(37_500);
    expect(life.testMs).toBe(30 * SECOND_MS);
    life.survived(37_500);
    expect(life.testMs).toBe(56_250);
  });
});
