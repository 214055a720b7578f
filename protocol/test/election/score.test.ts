import { describe, expect, it } from 'vitest';
import { partsOf, scoreOf } from '../../src/election/score.js';
import { ServiceRecord } from '../../src/election/service-record.js';

const BEST = { memoryKiB: 1024, bandwidthKbit: 10_240, reachability: 'open' } as const;
const WORST = { memoryKiB: 0, bandwidthKbit: 0, reachability: 'symmetric' } as const;

describe('the score (§8.6)', () => {
  it.each([
    [BEST, 100, 7, 15],
    [BEST, 0, 7, 11],
    [{ ...BEST, batteryPercent: 100 }, 100, 7, 8],
    [{ ...BEST, batteryPercent: 20 }, 100, 7, 1],
    [{ ...BEST, batteryPercent: 19 }, 100, 7, 0],
    [{ ...BEST, isAsleep: true }, 100, 7, 0],
    [{ memoryKiB: 200, bandwidthKbit: 1000, reachability: 'lan' }, 50, 7, 8],
    [WORST, 0, 7, 1],
    [BEST, 100, 1, 2],
    [WORST, 0, 1, 1],
    [BEST, 100, 0, 0],
  ] as const)('of %o, available %i %%, willing %i, is %i', (capability, available, willingness, score) => {
    expect(scoreOf(partsOf(capability, available), willingness)).toBe(score);
  });
});

describe('availability (§8.6)', () => {
  it('begins at a half and follows the days', () => {
    const record = new ServiceRecord(undefined);
    expect(record.availabilityPerCent).toBe(50);
    for (let hour = 0; hour < 24; hour++) record.awake();
    expect(record.availabilityPerCent).toBe(75);
    for (let hour = 0; hour < 40 * 24; hour++) record.awake();
    expect(record.availabilityPerCent).toBeGreaterThanOrEqual(95);
  });

  it('falls by the time between the last record and this boot, where there is a clock', () => {
    const record = new ServiceRecord(undefined);
    for (let hour = 0; hour < 14 * 24; hour++) record.awake();
    const stored = record.encode(1_000_000, 3);
    const later = new ServiceRecord(stored);
    expect(later.availabilityPerCent).toBe(record.availabilityPerCent);
    expect(later.setClock(1_000_000 + 7 * 86_400, 0)).toBe(true);
    expect(later.availabilityPerCent).toBeLessThan(0.65 * record.availabilityPerCent);
    expect(new ServiceRecord(record.encode(0, 3)).setClock(2_000_000, 0)).toBe(false);
  });

  it('is as new when the record is torn', () => {
    expect(new ServiceRecord(new Uint8Array(5)).availabilityPerCent).toBe(50);
  });
});
