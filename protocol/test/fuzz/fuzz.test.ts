import { describe, expect, it } from 'vitest';
import { decoderTargets, fuzzDecoder } from './decoders.js';

describe('decoders (§1.3)', () => {
  it.each(decoderTargets().map((target) => [target.name, target] as const))('%s', (_, target) => {
    for (let seed = 1; seed <= 50; seed++) fuzzDecoder(target, seed, 1000);
    expect(target.samples.length).toBeGreaterThan(0);
  });
});
