import { describe, expect, it } from 'vitest';
import { peerTable } from '../src/peer-table.js';
import { viewPeer } from '../src/peer-view.js';

const paint = (_tone: string, text: string): string => text;
const path = { kind: 'unknown', since: 0, reason: 'notContacted' } as const;

function row(dueAt: number): string {
  const report = { id: '0'.repeat(32), name: 'meter', status: 'asleep', dueAt, heardAt: 5000, path } as const;
  return peerTable([viewPeer(report, 65_000, undefined)], paint)[1] ?? '';
}

describe('a peer that sleeps, in the table of peers', () => {
  it('is asleep and not offline, with the time until it is due', () => {
    expect(row(65_000 + 240_000)).toMatch(/^meter +asleep +- +- +1 m +due in 4 m *$/);
  });

  it('is late when it has not come', () => {
    expect(row(60_000)).toMatch(/late by 5 s *$/);
  });
});
