import type { RoleReport } from '@fogwisp/protocol';
import { describe, expect, it } from 'vitest';
import { roleAnswer } from '../src/role.js';
import { FakeNetwork } from './fake-network.js';

const ROLE: RoleReport = {
  state: 'super',
  since: 400,
  score: 9,
  parts: { energy: 100, availability: 50, memory: 80, bandwidth: 60, reachability: 50 },
  debt: -2,
  termEndsAt: 61_000,
  serves: [{ id: 'aa', name: 'attic' }],
  wanted: 0,
  isNeedy: false,
  supernodes: [{ peer: { id: 'bb', name: 'bench' }, since: 500, until: 31_000, bytesPerMinute: 60_000 }],
};

describe('the role of a device', () => {
  it('is answered with times from now, and names beside ids', () => {
    const { termEndsAt: _none, ...leaf } = ROLE;
    expect(roleAnswer(undefined, 1000)).toBeNull();
    expect(roleAnswer(ROLE, 1000)).toEqual({
      state: 'super',
      sinceMs: 600,
      score: 9,
      parts: ROLE.parts,
      debt: -2,
      termEndsMs: 60_000,
      serves: [['aa', 'attic']],
      wanted: 0,
      supernodes: [['bb', 'bench', 30_000]],
    });
    expect(roleAnswer({ ...leaf, termEndsAt: undefined }, 1000)).not.toHaveProperty('termEndsMs');
  });

  it('is on no list of services, and unknown until the device is among others', async () => {
    const network = new FakeNetwork();
    const attic = network.device('attic');
    const cellar = network.device('cellar');
    const asked = Promise.all([cellar.request('attic', '$role'), cellar.request('attic', '$services')]);
    await network.advance(0);
    expect(await asked).toEqual([null, []]);
    expect(attic.role).toBeUndefined();
  });
});
