import { describe, expect, it } from 'vitest';
import type { PathReport, PeerReport } from '../../src/api.js';
import { PI_LIMITS } from '../../src/limits.js';
import { Presence, type PresenceInput } from '../../src/service/presence.js';
import { keyFor } from './wire.js';

const SELF = keyFor('a');
const BOB = keyFor('b');
const CAROL = keyFor('c');
const DAVE = keyFor('d');

const DIRECT: PathReport = {
  kind: 'direct',
  link: { id: 1, kind: 'udp', name: 'eth0' },
  since: 1000,
  verifiedAt: 1000,
  roundTripMs: 20,
};

/** A machine whose events are collected; time goes on by `run`. */
class Stage {
  now = 1000;
  readonly reports: { at: number; report: PeerReport }[] = [];
  readonly presence: Presence;

  constructor(recordCountMax = 256, sessionCountMax = 256) {
    this.presence = new Presence({ self: SELF, limits: { ...PI_LIMITS, recordCountMax, sessionCountMax } });
  }

  give(...inputs: PresenceInput[]): PeerReport[] {
    const before = this.reports.length;
    for (const input of inputs) {
      this.presence.handleInput(this.now, input);
      for (let out = this.presence.pollOutput(); out !== undefined; out = this.presence.pollOutput()) {
        if (out.event.kind === 'peer') this.reports.push({ at: this.now, report: out.event.peer });
      }
    }
    return this.reports.slice(before).map(({ report }) => report);
  }

  run(ms: number): PeerReport[] {
    const end = this.now + ms;
    const before = this.reports.length;
    for (;;) {
      const at = this.presence.pollTimeout();
      if (at === undefined || at > end) break;
      this.now = at;
      this.give({ kind: 'timeout' });
    }
    this.now = end;
    return this.reports.slice(before).map(({ report }) => report);
  }
}

describe('presence (§9.5)', () => {
  it('calls a peer unknown, not offline, until it was heard', () => {
    const stage = new Stage();
    const [named] = stage.give({ kind: 'peerNamed', peer: BOB, name: 'bob' });
    expect(named).toEqual({
      id: BOB,
      name: 'bob',
      status: 'unknown',
      path: { kind: 'unknown', since: 1000, reason: 'notContacted' },
      heardAt: undefined,
    });
    expect(stage.give({ kind: 'peerDown', peer: BOB, code: 'unreachable' })).toMatchObject([
      { status: 'unknown' },
    ]);
    expect(stage.give({ kind: 'reachable', peer: BOB, isReachable: false })).toEqual([]);
  });

  it('goes online with a session or a packet, and offline when the session ends', () => {
    const stage = new Stage();
    expect(stage.give({ kind: 'peerUp', peer: BOB, resumed: false })).toMatchObject([
      { status: 'online', heardAt: 1000 },
    ]);
    stage.give({ kind: 'path', peer: BOB, path: DIRECT });
    expect(stage.give({ kind: 'peerDown', peer: BOB, code: 'unreachable' })).toMatchObject([
      { status: 'offline', path: { kind: 'none', reason: 'silent' } },
    ]);
    expect(stage.give({ kind: 'heard', peer: BOB })).toMatchObject([{ status: 'online' }]);
    expect(stage.give({ kind: 'heard', peer: BOB })).toEqual([]);
  });

  it('takes a path that was just verified as proof, and an old one not', () => {
    const stage = new Stage();
    stage.now = 2000;
    expect(stage.give({ kind: 'path', peer: BOB, path: DIRECT })).toMatchObject([
      { status: 'online', heardAt: 1000 },
    ]);
    stage.give({ kind: 'peerDown', peer: BOB, code: 'closed' });
    expect(stage.give({ kind: 'path', peer: BOB, path: DIRECT })).toMatchObject([{ status: 'offline' }]);
  });

  it('keeps a peer online that restarts', () => {
    const stage = new Stage();
    stage.give({ kind: 'peerUp', peer: BOB, resumed: false }, { kind: 'path', peer: BOB, path: DIRECT });
    expect(stage.give({ kind: 'peerDown', peer: BOB, code: 'restarted' })).toEqual([]);
    expect(stage.give({ kind: 'peerUp', peer: BOB, resumed: false })).toEqual([]);
  });

  it('says nothing when only the time of the last packet changed, but knows it', () => {
    const stage = new Stage();
    stage.give({ kind: 'peerUp', peer: BOB, resumed: false }, { kind: 'path', peer: BOB, path: DIRECT });
    stage.now += 5000;
    expect(stage.give({ kind: 'heard', peer: BOB })).toEqual([]);
    expect(stage.give({ kind: 'path', peer: BOB, path: { ...DIRECT, verifiedAt: 6000 } })).toEqual([]);
    expect(stage.presence.report(BOB)).toMatchObject({ heardAt: 6000, path: { verifiedAt: 6000 } });
    expect(stage.run(60_000)).toEqual([]);
  });

  it('tells each change of the path at once', () => {
    const stage = new Stage();
    stage.give({ kind: 'peerUp', peer: BOB, resumed: false }, { kind: 'path', peer: BOB, path: DIRECT });
    const changes: PathReport[] = [
      { ...DIRECT, link: { id: 2, kind: 'serial', name: 'ttyUSB0' } },
      { ...DIRECT, since: 1001 },
      { kind: 'relayed', via: [{ id: CAROL, name: '' }], hops: 2, since: 1002, reason: 'silent' },
      { kind: 'relayed', via: [{ id: DAVE, name: '' }], hops: 2, since: 1002, reason: 'silent' },
      { kind: 'relayed', via: [{ id: DAVE, name: '' }], hops: 3, since: 1002, reason: 'silent' },
      { kind: 'relayed', via: [{ id: DAVE, name: '' }], hops: 3, since: 1002, reason: 'noCommonLink' },
      { kind: 'none', since: 1003, reason: 'noRoute' },
    ];
    for (const path of changes) {
      expect(stage.give({ kind: 'path', peer: BOB, path })).toMatchObject([{ path }]);
      expect(stage.give({ kind: 'path', peer: BOB, path })).toEqual([]);
    }
  });

  it('tells a round trip that changed by more than a fifth, at most every two seconds', () => {
    const stage = new Stage();
    stage.give({ kind: 'peerUp', peer: BOB, resumed: false }, { kind: 'path', peer: BOB, path: DIRECT });
    const trip = (roundTripMs: number): PresenceInput => ({
      kind: 'path',
      peer: BOB,
      path: { ...DIRECT, roundTripMs },
    });
    stage.run(3000);
    expect(stage.give(trip(24))).toEqual([]);
    expect(stage.give(trip(25))).toMatchObject([{ path: { roundTripMs: 25 } }]);
    expect(stage.give(trip(50), trip(100), trip(200))).toEqual([]);
    expect(stage.run(1999)).toEqual([]);
    expect(stage.run(1)).toMatchObject([{ path: { roundTripMs: 200 } }]);
    expect(stage.give(trip(400), trip(210))).toEqual([]);
    expect(stage.run(10_000)).toEqual([]);
    expect(stage.give({ kind: 'path', peer: BOB, path: { ...DIRECT, roundTripMs: 0.2 } })).toHaveLength(1);
    stage.run(3000);
    expect(stage.give({ kind: 'path', peer: BOB, path: { ...DIRECT, roundTripMs: 0.9 } })).toEqual([]);
  });

  it('fills in the names of those a path leads through, also when they become known later', () => {
    const stage = new Stage();
    stage.give({ kind: 'peerNamed', peer: BOB, name: 'bob' }, { kind: 'peerUp', peer: BOB, resumed: false });
    const path: PathReport = {
      kind: 'relayed',
      via: [{ id: CAROL, name: '' }],
      hops: 2,
      since: 1,
      reason: 'noCommonLink',
    };
    expect(stage.give({ kind: 'path', peer: BOB, path })).toMatchObject([
      { path: { via: [{ id: CAROL, name: '' }] } },
    ]);
    const later = stage.give({ kind: 'peerNamed', peer: CAROL, name: 'carol' });
    expect(later.find(({ id }) => id === BOB)?.path.via).toEqual([{ id: CAROL, name: 'carol' }]);
    const renamed = stage.give({ kind: 'peerNamed', peer: CAROL, name: 'carol~cccc' });
    expect(renamed.map(({ id }) => id)).toEqual([CAROL, BOB]);
  });

  it('tells of a route to a peer without a session', () => {
    const stage = new Stage();
    stage.give({ kind: 'peerNamed', peer: BOB, name: 'bob' });
    expect(stage.give({ kind: 'reachable', peer: BOB, isReachable: true })).toEqual([]);
    expect(stage.give({ kind: 'reachable', peer: BOB, isReachable: false })).toMatchObject([
      { status: 'unknown', path: { kind: 'none', reason: 'noRoute' } },
    ]);
    expect(stage.give({ kind: 'reachable', peer: BOB, isReachable: true })).toMatchObject([
      { status: 'unknown', path: { kind: 'unknown', reason: 'notContacted' } },
    ]);
    stage.give({ kind: 'peerUp', peer: BOB, resumed: false }, { kind: 'path', peer: BOB, path: DIRECT });
    expect(stage.give({ kind: 'reachable', peer: BOB, isReachable: false })).toEqual([]);
  });

  it('does not take the loss of a route for the loss of a path that is in use', () => {
    const stage = new Stage();
    stage.give({ kind: 'heard', peer: BOB }, { kind: 'path', peer: BOB, path: DIRECT });
    expect(stage.give({ kind: 'reachable', peer: BOB, isReachable: false })).toEqual([]);
  });

  it('forgets whom the catalog forgot, unless there is a session', () => {
    const stage = new Stage();
    stage.give(
      { kind: 'peerNamed', peer: BOB, name: 'bob' },
      { kind: 'peerUp', peer: CAROL, resumed: false },
    );
    stage.give({ kind: 'peerGone', peer: BOB }, { kind: 'peerGone', peer: CAROL });
    expect(stage.presence.report(BOB)).toBeUndefined();
    expect(stage.presence.report(CAROL)?.status).toBe('online');
  });

  it('keeps a bounded number of peers: of those without a session the longest silent goes', () => {
    const stage = new Stage(2, 2);
    const keys = ['1', '2', '3', '4', '5'].map(keyFor);
    for (const peer of keys.slice(0, 4)) {
      stage.now += 10;
      stage.give({ kind: 'heard', peer });
    }
    stage.give({ kind: 'peerUp', peer: keys[0] as string, resumed: false });
    stage.give({ kind: 'heard', peer: keys[4] as string });
    const left = keys.filter((peer) => stage.presence.report(peer) !== undefined);
    expect(left).toEqual([keys[0], keys[2], keys[3], keys[4]]);
  });

  it('says nothing of itself', () => {
    const stage = new Stage();
    expect(stage.give({ kind: 'peerNamed', peer: SELF, name: 'me' })).toEqual([]);
    expect(stage.presence.report(SELF)).toBeUndefined();
  });
});
