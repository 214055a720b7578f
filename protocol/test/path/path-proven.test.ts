import { describe, expect, it } from 'vitest';
import { lan, ROUTE, relayed, SESSION, World } from './harness.js';

const AT = lan('10.0.0.2:1');

function proven(): World {
  const world = new World().open(relayed, ROUTE);
  world.heard(relayed);
  world.input({ kind: 'proven', session: SESSION, via: AT, roundTripMs: 50 });
  return world;
}

describe('a path that a probe has proved (§7.8, §7.11)', () => {
  it('is used at once, without a challenge, and told', () => {
    const world = proven();
    expect(world.chosen).toMatchObject({ via: AT, allowance: undefined });
    expect(world.report).toMatchObject({ kind: 'direct', roundTripMs: 50 });
    expect(world.sent.filter(({ kind }) => kind === 'pathChallenge')).toEqual([]);
  });

  it('is asymmetric when the peer goes on by the relays', () => {
    const world = proven();
    world.answering = [AT];
    world.heard(relayed);
    expect(world.report?.reason).not.toBe('asymmetric'); // a packet that was under way
    world.pass(6000);
    world.heard(AT);
    world.heard(relayed, 31, { probing: true });
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'asymmetric' });
    world.heard(AT);
    expect(world.report).toMatchObject({ kind: 'direct' });
  });

  it('is abandoned when the peer has left it and no other way is known, and challenged at once', () => {
    const world = proven();
    world.route(undefined);
    world.pass(6000);
    world.heard(AT);
    world.heard(relayed);
    expect(world.chosen?.via).toBeUndefined();
    world.route(ROUTE);
    expect(world.chosen?.via).toEqual(relayed);
    world.answering = [AT];
    world.pass(100);
    expect(world.chosen?.via).toEqual(AT);
  });

  it('is not abandoned for what may have been under way, nor for what only tries a path', () => {
    const world = proven();
    world.route(undefined);
    world.heard(relayed);
    expect(world.chosen?.via).toEqual(AT);
    world.pass(6000);
    world.heard(relayed, 31, { probing: true });
    world.heard(relayed, 100, { newest: false });
    expect(world.chosen?.via).toEqual(AT);
  });
});
