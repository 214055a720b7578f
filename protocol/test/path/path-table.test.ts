import { describe, expect, it } from 'vitest';
import { PATH_NEXT } from '../../src/path/path.js';
import { pathWithoutSession } from '../../src/path/report.js';
import { lan, PEER, ROUTE, relayed, SELF, SESSION, serial, World } from './harness.js';

const LAN_LINK = { id: 1, kind: 'lan', name: 'eth0' };
const SERIAL_LINK = { id: 2, kind: 'serial', name: 'ttyUSB0' };

describe('the path of a session (§7.8)', () => {
  it('is direct as soon as it opened directly', () => {
    const world = new World().open(lan('a'));
    expect(world.chosen).toMatchObject({
      via: lan('a'),
      mtu: 1200,
      allowance: undefined,
      link: { name: 'eth0' },
    });
    expect(world.report).toEqual({ kind: 'direct', link: LAN_LINK, since: 1000, verifiedAt: 1000 });
    expect(world.sent).toEqual([]);
    expect(world.table.pollTimeout()).toBeUndefined();
  });

  it('is relayed, with the reason, when no address is known', () => {
    const world = new World().open(relayed, ROUTE);
    expect(world.chosen).toMatchObject({
      via: relayed,
      mtu: 1200 - 24,
      link: undefined,
      allowance: undefined,
    });
    expect(world.report).toMatchObject({
      kind: 'relayed',
      via: [{ id: ROUTE.firstHop, name: '' }],
      hops: 2,
      reason: 'noCommonLink',
    });
  });

  it('says nothing new for each packet', () => {
    const world = new World().open(lan('a'));
    for (let i = 0; i < 10; i++) {
      world.pass(100);
      world.heard(lan('a'));
    }
    expect(world.reports.length).toBe(1);
  });

  it('moves from relayed to direct once an address proves itself, and stays relayed until then', () => {
    const world = new World().open(relayed, ROUTE);
    world.answering = [lan('a')];
    world.candidate(lan('a'));
    world.expectChosen(relayed);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'validating' });
    world.pass(20);
    world.expectChosen(lan('a'));
    expect(world.report).toMatchObject({ kind: 'direct', link: LAN_LINK, roundTripMs: 10, since: 1010 });
  });

  it('says when others forward by another way, on the path in use only', () => {
    const world = new World().open(relayed, ROUTE);
    world.route(ROUTE);
    world.route({ mtu: 500 });
    expect(world.reroutedCount).toBe(0);
    world.route({ hops: 3 });
    world.route({ hops: 3, firstHop: 'c0'.repeat(16) });
    expect(world.reroutedCount).toBe(2);
    const direct = new World().open(lan('a'), ROUTE);
    direct.route({ hops: 3 });
    expect(direct.reroutedCount).toBe(0);
  });

  it('tells a relayed path with what its first hop has granted, and no other', () => {
    const world = new World().open(relayed, ROUTE);
    world.heard(relayed);
    expect(world.report).toMatchObject({ kind: 'relayed' });
    expect(world.report?.limited).toBeUndefined();
    const grants = [{ firstHop: ROUTE.firstHop, bytesPerMinute: 60_000 }];
    world.input({ kind: 'grants', grants });
    expect(world.report?.limited).toEqual({ bytesPerMinute: 60_000, frameMax: 1200 });
    world.route({ firstHop: 'c0'.repeat(16) });
    expect(world.report?.limited).toBeUndefined();
    world.route(ROUTE);
    expect(world.report?.limited).toBeDefined();
    world.input({ kind: 'grants', grants: [] });
    expect(world.report?.limited).toBeUndefined();
    world.input({ kind: 'grants', grants });
    world.input({ kind: 'proven', session: SESSION, via: lan('a'), roundTripMs: 10 });
    world.heard(lan('a'));
    expect(world.report).toMatchObject({ kind: 'direct' });
    expect(world.report?.limited).toBeUndefined();
  });

  /** The peer was at this address, is now relayed, and does not answer there any more. */
  function lost(): World {
    const world = new World().open(lan('a'));
    world.route(ROUTE);
    world.suspect();
    world.pass(1000);
    world.heard(relayed);
    world.sent.length = 0;
    return world;
  }

  it('gives an address three challenges, then tries it again less and less often', () => {
    const world = lost();
    world.pass(60_000);
    expect(world.sent.map((send) => send.at - 2000)).toEqual([
      ...[5000, 5250, 5750],
      ...[16_750, 17_000, 17_500],
      ...[38_500, 38_750, 39_250],
    ]);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'silent' });
  });

  it('forgets an address that never answers any more', () => {
    const world = lost();
    world.pass(4 * 3_600_000);
    const count = world.sent.length;
    world.pass(3_600_000);
    expect(world.sent.length).toBe(count);
    expect(count).toBe(7 * 3);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'noCommonLink' });
  });

  it('forgets an address that never answered at once, until somebody names it again', () => {
    const world = new World().open(relayed, ROUTE);
    world.candidate(lan('a'));
    world.pass(60_000);
    expect(world.sent.map((send) => send.at - 1000)).toEqual([0, 250, 750]);
    expect(world.report).toMatchObject({ kind: 'relayed', reason: 'noCommonLink' });
    world.candidate(lan('a'));
    expect(world.sentTo(lan('a'))).toHaveLength(4);
  });

  it('waits longer for answers on slow links', () => {
    const world = new World();
    const info = {
      kind: 'serial',
      name: 'radio',
      mtu: 64,
      flow: 'stream',
      cast: 'point',
      reliable: false,
    } as const;
    world.input({ kind: 'linkUp', link: 2, info: { ...info, bitrate: 1000 } });
    world.open(relayed, ROUTE).candidate(serial);
    world.pass(20_000);
    expect(world.sent.map((send) => send.at - 1000).slice(0, 3)).toEqual([0, 4096, 12_288]);
  });
});

describe('a peer that moves (§7.8)', () => {
  /** Its old address is known to be dead. */
  function homeless(): World {
    const world = new World().open(lan('a'));
    world.suspect();
    world.pass(1000);
    return world;
  }

  it('is answered at its new address at once, three bytes and three packets for one', () => {
    const world = homeless();
    world.heard(lan('b'), 50);
    expect(world.sentTo(lan('b'))).toEqual(['pathChallenge']);
    // 150 less a challenge that was sent, and one in reserve.
    expect(world.chosen).toMatchObject({ via: lan('b'), allowance: 84 });
    expect(world.report).toMatchObject({ kind: 'unknown', reason: 'validating' });

    world.input({ kind: 'sent', session: SESSION, via: lan('b'), bytes: 31 });
    expect(world.chosen).toMatchObject({ via: undefined });
    world.heard(lan('b'), 50);
    expect(world.chosen).toMatchObject({ via: lan('b'), allowance: 203 });
    world.input({ kind: 'sent', session: SESSION, via: lan('b'), bytes: 203 });
    expect(world.chosen).toMatchObject({ via: undefined });
    world.heard(lan('b'), 50);
    expect(world.chosen).toMatchObject({ via: lan('b'), allowance: 150 });
  });

  it('is still sent to where it was, as long as that is valid and the new address is not', () => {
    const world = new World().open(lan('a'));
    world.pass(10_000);
    world.heard(lan('b'), 50);
    world.expectChosen(lan('a'));
    world.answering = [lan('b')];
    world.pass(300);
    world.expectChosen(lan('b'));
  });

  it('costs an address that is not its own no more than three times what came from there', () => {
    for (const bytes of [11, 21, 31, 60, 200]) {
      const world = homeless();
      world.heard(lan('b'), bytes);
      let sent = 0;
      for (let left = world.chosen?.allowance ?? 0; left > 0; left = world.chosen?.allowance ?? 0) {
        world.input({ kind: 'sent', session: SESSION, via: lan('b'), bytes: left });
        sent += left;
        world.pass(300);
      }
      world.pass(600_000);
      expect(sent + 33 * world.sentTo(lan('b')).length).toBeLessThanOrEqual(3 * bytes);
    }
  });

  it('is reported direct there once the address is validated', () => {
    const world = new World().open(lan('a'));
    world.answering = [lan('b')];
    world.heard(lan('b'), 50);
    world.pass(20);
    expect(world.chosen).toMatchObject({ via: lan('b'), allowance: undefined });
    expect(world.report).toMatchObject({ kind: 'direct', since: 1010 });
  });

  it('is validated only by the token that was sent, and only from there', () => {
    const world = homeless();
    world.heard(lan('b'), 50);
    const token = new Uint8Array(8);
    world.input({ kind: 'response', session: SESSION, via: lan('b'), token });
    token[7] = 1; // the right one, by the wrong way
    world.input({ kind: 'response', session: SESSION, via: lan('a'), token });
    expect(world.chosen?.allowance).toBe(84);
    world.input({ kind: 'response', session: SESSION, via: lan('b'), token });
    expect(world.chosen?.allowance).toBeUndefined();
  });

  it('goes back to its old address when the new one was only a copy from elsewhere', () => {
    const world = new World().open(lan('a'));
    world.heard(lan('evil'), 50);
    world.expectChosen(lan('a'));
    world.heard(lan('a'), 50);
    world.expectChosen(lan('a'));
    world.pass(5000);
    world.expectChosen(lan('a'));
    expect(world.report).toMatchObject({ kind: 'direct' });
  });

  it('moves across links with the same session', () => {
    const world = new World().open(serial);
    world.answering = [lan('a')];
    world.heard(lan('a'));
    world.pass(20);
    expect(world.report).toMatchObject({ kind: 'direct', link: LAN_LINK });
    world.answering = [serial];
    world.input({ kind: 'linkDown', link: 1 });
    world.expectChosen(serial);
    expect(world.report).toMatchObject({ kind: 'unknown' });
    world.heard(serial);
    expect(world.report).toMatchObject({ kind: 'direct', link: SERIAL_LINK });
  });

  it('does not move for an old packet', () => {
    const world = new World().open(lan('a'));
    world.heard(lan('b'), 50, { newest: false });
    world.expectChosen(lan('a'));
    expect(world.sent).toEqual([]);
  });

  it('does not move for a packet that only tries a path, but tries it too', () => {
    const world = new World().open(lan('a'));
    world.answering = [lan('b')];
    world.heard(lan('b'), 31, { probing: true });
    expect(world.sentTo(lan('b'))).toEqual(['pathChallenge']);
    world.pass(20);
    world.expectChosen(lan('a'));
    world.heard(lan('b'));
    world.expectChosen(lan('b'));
    expect(world.chosen?.allowance).toBeUndefined();
  });

  it('may have four addresses: a fifth takes the place of the one that is silent longest', () => {
    const world = new World().open(lan('a'));
    world.answering = ['b', 'c', 'd', 'e'].map(lan);
    for (const { address } of world.answering.map((via) => via as ReturnType<typeof lan>)) {
      world.heard(lan(address));
      world.pass(6000);
    }
    world.expectChosen(lan('e'));
    const count = world.sentTo(lan('a')).length;
    world.heard(lan('a'), 30); // forgotten, so to be validated again
    expect(world.sentTo(lan('a')).length).toBe(count + 1);
  });

  it('loses no valid path to hints', () => {
    const world = new World().open(lan('a'));
    world.answering = ['b', 'c', 'd'].map(lan);
    for (const via of world.answering) {
      world.heard(via);
      world.pass(6000);
    }
    const count = world.sent.length;
    for (const address of ['v', 'w', 'x']) world.candidate(lan(address));
    expect(world.sent.length).toBe(count);
  });
});

describe('two links at once (§7.8)', () => {
  it('replies follow the newest packet to another valid link', () => {
    const world = new World().open(lan('a'));
    world.answering = [serial];
    world.candidate(serial);
    world.pass(20);
    world.heard(lan('a'));
    world.expectChosen(lan('a'));
    world.heard(serial);
    world.expectChosen(serial);
    expect(world.report).toMatchObject({ kind: 'direct', link: SERIAL_LINK });
  });

  it('the end with the greater id does not follow twice within 5 s, so that both meet', () => {
    const world = new World('f'.repeat(32)).open(lan('a'));
    world.answering = [serial];
    world.candidate(serial);
    world.pass(6000);
    world.heard(lan('a'));
    world.heard(serial);
    world.expectChosen(serial);
    world.heard(lan('a'));
    world.expectChosen(serial);
    expect(world.report).toMatchObject({ kind: 'direct', link: LAN_LINK }); // where the peer is heard
    world.pass(5000);
    world.heard(serial);
    world.heard(lan('a'));
    world.expectChosen(lan('a'));
  });

  it('two ends that started on different links end on one', () => {
    const [low, high] = [new World(SELF), new World('f'.repeat(32))];
    for (const world of [low, high]) {
      world.open(lan('a'));
      world.answering = [serial, lan('a')];
      world.candidate(serial);
      world.pass(20_000);
    }
    low.heard(serial);
    low.expectChosen(serial);
    high.expectChosen(lan('a'));
    for (let i = 0; i < 10; i++) {
      const [fromLow, fromHigh] = [low.chosen?.via ?? relayed, high.chosen?.via ?? relayed];
      high.heard(fromLow);
      low.heard(fromHigh);
      for (const world of [low, high]) world.pass(100);
    }
    expect(low.chosen?.via).toEqual(high.chosen?.via);
  });

  it('a much faster link is taken, a little faster one is not', () => {
    const world = new World().open(lan('a'));
    world.answering = [serial];
    world.candidate(serial);
    world.pass(10_000);
    world.heard(lan('a'));
    world.pass(6000);
    world.input({ kind: 'pong', session: SESSION, via: lan('a'), roundTripMs: 14 });
    world.input({ kind: 'pong', session: SESSION, via: serial, roundTripMs: 10 });
    world.expectChosen(lan('a'));
    for (let i = 0; i < 20; i++)
      world.input({ kind: 'pong', session: SESSION, via: lan('a'), roundTripMs: 80 });
    world.input({ kind: 'pong', session: SESSION, via: serial, roundTripMs: 10 });
    world.expectChosen(serial);
  });
});

describe('sessions of the table (§7.8)', () => {
  it('ignores what comes after the end', () => {
    const world = new World().open(lan('a'));
    world.input({ kind: 'closed', session: SESSION });
    world.heard(lan('b'));
    world.suspect();
    world.pass(100_000);
    expect(world.sent).toEqual([]);
    expect(world.isDead).toBe(false);
  });

  it('new keys leave its other paths as they are', () => {
    const world = new World().open(lan('a'), ROUTE);
    world.pass(1000);
    world.open(serial, ROUTE);
    world.expectChosen(serial);
    world.input({ kind: 'linkDown', link: 2 });
    world.expectChosen(lan('a'));
    expect(world.sent).toEqual([]);
  });

  it('opened by a link that is gone has no path', () => {
    const world = new World();
    world.input({ kind: 'linkDown', link: 1 });
    world.open(lan('a'));
    world.expectChosen(undefined);
    world.pass(30_000);
    expect(world.isDead).toBe(true);
  });

  it('a new mtu of the link is told', () => {
    const world = new World().open(serial);
    const info = world.chosen?.link;
    if (info !== undefined) world.input({ kind: 'linkUp', link: 2, info: { ...info, mtu: 64 } });
    expect(world.chosen).toMatchObject({ via: serial, mtu: 64 });
  });

  it('keeps peers apart', () => {
    const world = new World().open(lan('a'));
    world.input({
      kind: 'opened',
      session: 8,
      peer: `${PEER.substring(0, 30)}00`,
      via: lan('z'),
      route: undefined,
    });
    world.input({ kind: 'suspect', session: SESSION });
    expect(world.sentTo(lan('a'))).toEqual(['ping']);
    expect(world.sentTo(lan('z'))).toEqual([]);
  });

  it('knows what to say of a peer without a session', () => {
    expect(pathWithoutSession(5, true)).toEqual({ kind: 'unknown', since: 5, reason: 'notContacted' });
    expect(pathWithoutSession(5, false)).toEqual({ kind: 'none', since: 5, reason: 'noRoute' });
  });

  it('every state can be left', () => {
    for (const next of Object.values(PATH_NEXT)) expect(next.length).toBeGreaterThan(0);
  });
});
