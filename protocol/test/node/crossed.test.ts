import { encodeValue } from '@fogwisp/protocol';
import { type Host, PROFILES, Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const SEEDS = 100;
/** From the plugging of the direct link to the opening by the other way: the handshakes cross in some. */
const LATER_MS = [0, 20, 40, 60, 80, 100, 150] as const;
const FAR = { ...PROFILES.lan, delayMs: 30, jitterMs: 30 };
const NEAR = { ...PROFILES.lan, jitterMs: 60 };

/** Two who know of each other by a third one, and open sessions by it and by a link between them. */
function cross(seed: number) {
  const net = new Network(seed);
  const chance = new Prng(seed, 0xc805);
  const [west, ash, birch] = [net.add('west'), net.add('ash'), net.add('birch')];
  const [cedar, east] = [net.add('cedar'), net.add('east')];
  net.world.join([ash, birch], FAR);
  net.world.join([birch, cedar], FAR);
  net.world.join([west, ash], PROFILES.serial);
  net.world.join([cedar, east], PROFILES.serial);
  net.world.runFor(8000);
  net.world.join([ash, cedar], NEAR);
  net.world.runFor(chance.pick(LATER_MS));
  const [asker, asked] = chance.pick([[ash, 'cedar'] as const, [cedar, 'ash'] as const]);
  const body = encodeValue(1);
  asker.command({ kind: 'request', to: net.id(asked), path: 'echo', body, deadlineMs: 5000 });
  net.world.runFor(5000);
  return { net, west, east, ash, cedar };
}

describe('one who restarts, and opens sessions by two ways at once (§7.9)', () => {
  it('is asked and answers at once, whichever session each end takes for the newer', () => {
    const late: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { net, ash, cedar } = cross(seed);
      ash.crash();
      ash.restart();
      net.world.runFor(2000);
      for (let i = 0; i < 12; i++) {
        for (const [from, to] of [[ash, 'cedar'] as const, [cedar, 'ash'] as const]) {
          if (net.ask(from, net.id(to), i, 3000) !== i) late.push(`seed ${seed}: ${from.name} to ${to}`);
        }
        net.world.runFor(500);
      }
    }
    expect(late).toEqual([]);
  });
});

describe('two who open sessions to each other by two ways at once (§7.2)', () => {
  it('forward for others, whichever of the two each of them takes for the newer', () => {
    const silent: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { net, west, east } = cross(seed);
      const ask = (from: Host, to: string): void => {
        if (net.ask(from, net.id(to)) !== 'hello') silent.push(`seed ${seed}: ${from.name} to ${to}`);
      };
      ask(west, 'east');
      ask(east, 'ash');
      ask(west, 'cedar');
    }
    expect(silent).toEqual([]);
  });
});
