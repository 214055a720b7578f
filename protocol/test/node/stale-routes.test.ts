import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

/** Longer than anybody remembers what a lost route was worth. */
const APART_MS = 300_000;
/** In one of eight the order in which the neighbors are lost is the one that matters. */
const SEEDS = 24;

/** What was said of the way to somebody, report by report. */
function waysTo(net: Network, from: Host, to: string): readonly string[] {
  const reports = from.eventsOf('peer').filter(({ peer }) => peer.id === net.id(to));
  return reports.map(({ peer }) => peer.path.kind);
}

/**
 * Ash, birch and cedar share a network that is unplugged: in that turn ash loses both, and what it reached by
 * birch it reaches by elm, which it would tell cedar.
 */
function apart(seed: number): { net: Network; cedar: Host; meet: () => void } {
  const net = new Network(seed);
  const [ash, birch, cedar] = [net.add('ash'), net.add('birch'), net.add('cedar')];
  const [elm, fir] = [net.add('elm'), net.add('fir')];
  const lan = net.world.join([ash, birch, cedar], PROFILES.lan);
  net.world.join([birch, fir], PROFILES.lan);
  net.world.join([ash, elm], PROFILES.lan);
  net.world.join([elm, fir], PROFILES.lan);
  net.world.runFor(60_000);
  expect(net.ask(cedar, 'fir')).toBe('hello');
  net.world.runFor(60_000);
  net.world.unplug(lan);
  net.world.runFor(1000);
  for (const host of [birch, elm, fir]) host.crash();
  net.world.runFor(APART_MS);
  return { net, cedar, meet: () => net.world.plug(lan) };
}

describe('what one would have told who ceased to be a neighbor (§8.3)', () => {
  it('is not told when both meet again, though it was said in the turn in which they parted', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { net, cedar, meet } = apart(seed);
      const before = waysTo(net, cedar, 'fir').length;
      expect(waysTo(net, cedar, 'fir').at(-1)).toBe('none');
      meet();
      net.world.runFor(60_000);
      expect(net.ask(cedar, 'ash')).toBe('hello');
      expect(waysTo(net, cedar, 'fir').slice(before)).toEqual([]);
    }
  });
});
