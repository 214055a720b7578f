import { describe, expect, it } from 'vitest';
import { lan, ROUTE, relayed, serial, World } from './harness.js';

const LAN_LINK = { id: 1, kind: 'lan', name: 'eth0' };

describe('a direct path that dies (§7.8)', () => {
  it('gives way to the relayed one at once, is dead after two PINGs and comes back when it answers', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.pass(10_000);
    world.suspect();
    world.expectChosen(relayed);
    expect(world.sentTo(lan('a'))).toEqual(['ping']);
    expect(world.report).toMatchObject({ kind: 'unknown', reason: 'silent' }); // nothing came relayed yet
    world.heard(relayed);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'silent', hops: 2 });
    world.pass(1000);
    expect(world.sent.map((send) => [send.at - 11_000, send.kind])).toEqual([
      [0, 'ping'],
      [500, 'ping'],
    ]);

    world.answering = [lan('a')];
    world.pass(5100);
    world.expectChosen(lan('a'));
    expect(world.report).toMatchObject({ kind: 'direct', link: LAN_LINK });
  });

  it('was only slow when a PING comes back', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.answering = [lan('a')];
    world.pass(10_000);
    world.suspect();
    world.expectChosen(relayed);
    world.pass(20);
    world.expectChosen(lan('a'));
    expect(world.report).toMatchObject({ kind: 'direct', roundTripMs: 10 });
    expect(world.sent.length).toBe(1);
  });

  it('takes the other direct path before the relayed one', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.answering = [serial];
    world.candidate(serial);
    world.pass(9000);
    world.heard(lan('a'));
    world.suspect();
    world.expectChosen(serial);
  });

  it('takes another one that was silent for long only after it answered', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.answering = [serial];
    world.candidate(serial);
    world.pass(60_000);
    world.heard(lan('a'));
    world.suspect();
    world.expectChosen(relayed);
    world.pass(20);
    world.expectChosen(serial);
  });

  it('stays in use while it is the only one', () => {
    const world = new World().open(lan('a'));
    world.suspect();
    world.expectChosen(lan('a'));
    world.pass(999);
    world.expectChosen(lan('a'));
    world.pass(1);
    world.expectChosen(undefined);
    expect(world.report).toMatchObject({ kind: 'none', reason: 'silent' });
  });

  it('is checked when the peer turns to the relayed path', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.pass(10_000);
    world.heard(relayed);
    world.expectChosen(relayed);
    expect(world.sentTo(lan('a'))).toEqual(['ping']);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'silent' });
  });

  it('is not checked for packets that crossed its validation', () => {
    const world = new World().open(relayed, ROUTE);
    world.answering = [lan('a')];
    world.candidate(lan('a'));
    world.pass(20);
    world.heard(relayed);
    world.expectChosen(lan('a'));
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'validating' }); // one direction is
    world.heard(lan('a'));
    expect(world.report).toMatchObject({ kind: 'direct' });
  });

  it('comes back at once when the peer is heard there', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.suspect();
    world.pass(1500);
    world.answering = [lan('a')];
    world.heard(lan('a'));
    world.expectChosen(relayed);
    world.pass(20);
    world.expectChosen(lan('a'));
  });

  it('comes back sooner when a beacon names it again', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.suspect();
    world.pass(300_000);
    const before = world.sent.length;
    world.candidate(lan('a'));
    world.pass(10);
    expect(world.sent.length).toBe(before + 1);
  });

  it('goes with its link', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.input({ kind: 'linkDown', link: 1 });
    world.expectChosen(relayed);
    expect(world.report).toMatchObject({ kind: 'unknown', reason: 'noCommonLink' });
    world.heard(relayed);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'noCommonLink' });
    world.candidate(lan('a'));
    expect(world.sent).toEqual([]); // the link is down
  });
});

describe('a relayed path (§7.8)', () => {
  it('follows its route', () => {
    const world = new World().open(relayed, ROUTE);
    world.route({ hops: 3, firstHop: 'c0'.repeat(16), mtu: 250 });
    expect(world.chosen).toMatchObject({ via: relayed, mtu: 226 });
    expect(world.report).toMatchObject({
      kind: 'relayed',
      hops: 3,
      via: [{ id: 'c0'.repeat(16), name: '' }],
    });
  });

  it('ends with its route, and the session with the last path after 30 s', () => {
    const world = new World().open(relayed, ROUTE);
    world.route(undefined);
    world.expectChosen(undefined);
    expect(world.report).toMatchObject({ kind: 'none', reason: 'noRoute' });
    world.pass(29_999);
    expect(world.isDead).toBe(false);
    world.pass(1);
    expect(world.isDead).toBe(true);
    expect(world.table.pollTimeout()).toBeUndefined();
  });

  it('a session that was given up is back when its peer is heard', () => {
    const world = new World().open(relayed, ROUTE);
    world.route(undefined);
    world.pass(30_000);
    world.answering = [lan('a')];
    world.heard(lan('a'));
    world.expectChosen(lan('a'));
    world.pass(20);
    expect(world.report).toMatchObject({ kind: 'direct' });
    world.isDead = false;
    world.input({ kind: 'linkDown', link: 1 });
    world.pass(30_000);
    expect(world.isDead).toBe(true);
  });

  it('a route that comes back in time saves the session', () => {
    const world = new World().open(relayed, ROUTE);
    world.route(undefined);
    world.pass(20_000);
    world.route({});
    world.expectChosen(relayed);
    expect(world.report).toMatchObject({ kind: 'unknown' });
    world.heard(relayed);
    expect(world.report).toMatchObject({ kind: 'relayed' });
    world.pass(100_000);
    expect(world.isDead).toBe(false);
  });

  it('that stays silent dies; another first hop gives it another chance', () => {
    const world = new World().open(relayed, ROUTE);
    world.suspect();
    world.pass(1000);
    world.expectChosen(undefined);
    world.route({ firstHop: 'c0'.repeat(16) });
    world.expectChosen(relayed);
  });

  it('one link is no relay', () => {
    const world = new World().open(lan('a'));
    world.route({ hops: 1 });
    world.suspect();
    world.pass(1000);
    world.expectChosen(undefined);
  });
});
