import { UsageError } from '@fogwisp/protocol';
import { BOXES, type Host, type MediumOptions, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const WISH_MS = 300_000;
const SETTLE_MS = 60 * SECOND_MS;
/** Heartbeats come up to an eighth earlier than announced; one may be under way at each end of the hour. */
const BEATS_PER_HOUR_MAX = Math.ceil(HOUR_MS / ((WISH_MS * 7) / 8)) + 1;

interface Place {
  readonly net: Network;
  readonly board: Host;
  readonly others: readonly Host[];
}

/** Strangers' probes that are asked for every ten minutes, where there are no strangers (§7.12). */
const CHECKS_PER_HOUR_MAX = 36;

/** A board and its neighbors: two, or on a cable one. */
function place(medium: MediumOptions, wakeEveryMs: number | undefined, isBoxed = false): Place {
  const net = new Network(1);
  const onBoot = (host: Host): void => {
    for (const address of ['1.2.3.1:4747', '1.2.3.2:4747']) {
      if (medium.cast === 'address') host.command({ kind: 'connect', link: 1, address });
    }
  };
  const board = net.add('board', { onBoot, ...(wakeEveryMs !== undefined && { wakeEveryMs }) });
  const names = medium.cast === 'address' ? ['b', 'c'] : ['b'];
  const others = names.map((name) => net.add(name));
  const shared = net.world.addMedium({ ...medium, loss: 0 });
  for (const [i, host] of others.entries()) {
    if (medium.cast === 'address') net.world.attach(host, shared, { address: `1.2.3.${i + 1}:4747` });
    else net.world.connect(board, host, { ...medium, loss: 0 });
  }
  if (medium.cast === 'address') {
    const behind = isBoxed ? net.world.addNat({ ...BOXES.port, ip: '1.2.4.1' }) : undefined;
    const address = isBoxed ? '192.168.1.2:4747' : '1.2.4.1:4747';
    net.world.attach(board, shared, { address, ...(behind && { behind }) });
  }
  net.world.runFor(SETTLE_MS);
  for (const name of names) expect(net.ask(board, name)).toBe('hello');
  return { net, board, others };
}

/** Packets that the board sends or gets in an hour of rest, both ways together. */
function packetsPerHour({ net, board }: Place): number {
  const { counters } = board;
  net.world.runFor(HOUR_MS / 4);
  const before = counters.sentPackets + counters.receivedPackets;
  net.world.runFor(HOUR_MS);
  return counters.sentPackets + counters.receivedPackets - before;
}

describe('a node that is to be woken rarely (§8.2)', () => {
  const media: readonly (readonly [string, MediumOptions])[] = [
    ['UDP in the open', PROFILES.udp],
    ['a cable', PROFILES.serial],
  ];

  it.each(media)('over %s hears and says as much as it wishes, and all stay neighbors', (_, medium) => {
    const usual = packetsPerHour(place(medium, undefined));
    const rare = place(medium, WISH_MS);
    const gone: string[] = [];
    const packets = packetsPerHour(rare);
    // Both ways.
    const beats = 2 * rare.others.length * BEATS_PER_HOUR_MAX;
    expect(packets).toBeLessThanOrEqual(beats + (medium.cast === 'address' ? CHECKS_PER_HOUR_MAX : 0));
    expect(packets).toBeGreaterThan(beats / 2);
    expect(usual).toBeGreaterThan(4 * packets);
    for (const host of [rare.board, ...rare.others]) {
      for (const { peer } of host.eventsOf('peer')) if (peer.status === 'offline') gone.push(peer.name);
    }
    expect(gone).toEqual([]);
    const [other] = rare.others;
    expect(other && rare.net.ask(other, 'board', 'awake?', SECOND_MS)).toBe('awake?');
  });

  it('behind a box says as much as keeps it open there, and no more', () => {
    const usual = packetsPerHour(place(PROFILES.udp, undefined, true));
    const packets = packetsPerHour(place(PROFILES.udp, WISH_MS, true));
    expect(packets).toBeLessThan(usual / 2);
    expect(packets).toBeGreaterThan(HOUR_MS / 120_000);
  });

  it('is told a millisecond count up to an hour', () => {
    const net = new Network(2);
    for (const wakeEveryMs of [-1, 0.5, Number.NaN, HOUR_MS + 1]) {
      expect(() => net.add(`bad${wakeEveryMs}`, { wakeEveryMs })).toThrow(UsageError);
    }
  });

  it('that dies is missed after three and a half of what it wished, or as soon as somebody needs it', () => {
    const { net, board, others } = place(PROFILES.udp, WISH_MS);
    net.world.runFor(WISH_MS);
    board.crash();
    const [other] = others;
    if (other === undefined) throw new Error('two others');
    const isOnline = () =>
      other
        .eventsOf('peer')
        .filter(({ peer }) => peer.name === 'board')
        .at(-1)?.peer.status;
    net.world.runFor(2 * WISH_MS);
    expect(isOnline()).toBe('online');
    net.ask(other, 'board', 'still?', 10 * SECOND_MS);
    net.world.runFor(60 * SECOND_MS);
    expect(isOnline()).not.toBe('online');
  });
});
