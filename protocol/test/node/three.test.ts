import { describe, expect, it } from 'vitest';
import { PROFILES } from '@fogwisp/protocol/sim';
import { Network } from './network.js';

describe('three nodes in a row', () => {
  it('the ends reach each other through the middle, and say so', () => {
    const net = new Network(1);
    const [a, g, c] = ['a', 'g', 'c'].map((name) => net.add(name));
    if (a === undefined || g === undefined || c === undefined) throw new Error('three');
    net.world.connect(a, g, PROFILES.serial);
    net.world.connect(g, c, PROFILES.serial);
    expect(net.ask(a, 'g')).toBe('hello');
    expect(net.ask(a, 'c', 'far')).toBe('far');
    expect(net.ask(c, 'a', 'back')).toBe('back');
    net.world.runFor(5000);
    expect(net.pathOf(a, 'g')).toBe('direct(serial)');
    expect(net.pathOf(a, 'c')).toBe('relayed(g)');
    expect(net.pathOf(c, 'a')).toBe('relayed(g)');
  });
});
