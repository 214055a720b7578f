import { describe, expect, it } from 'vitest';
import { linkCost } from '../../src/routing/metric.js';
import { mixRoute } from '../../src/routing/route-entry.js';
import { packSequence } from '../../src/routing/sequence.js';
import { highOf, lowOf } from '../../src/routing/short-id.js';
import vectors from '../../vectors/routing.json' with { type: 'json' };

describe('routing vectors (§8)', () => {
  it('numbers of routes in a digest', () => {
    for (const { destination, boot, sequence, number, ...rest } of vectors.digests) {
      const packed = packSequence(boot, sequence);
      expect(mixRoute(highOf(destination), lowOf(destination), packed, rest)).toBe(number);
    }
  });

  it('costs of links', () => {
    const rest = { kind: 'sim', name: 'sim', flow: 'datagram', cast: 'point', reliable: false } as const;
    for (const { bitrate, mtu, lossPerMille, cost } of vectors.costs) {
      expect(linkCost({ ...rest, bitrate, mtu }, lossPerMille)).toBe(cost);
    }
  });
});
