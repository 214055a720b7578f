import type { PortMappingReport } from '@fogwisp/firmware-shim/node';
import type { ReachabilityReport } from '@fogwisp/protocol';
import { describe, expect, it } from 'vitest';
import type { StationReport } from '../src/links/station-watch.js';
import { StationWatch } from '../src/links/station-watch.js';
import { reachableAddresses } from '../src/netcheck/addresses.js';
import type { CheckLine, CheckState } from '../src/netcheck/line.js';
import { mappingLine } from '../src/netcheck/mapping-line.js';
import { type NetFacts, netcheck } from '../src/netcheck/netcheck.js';
import { type SeenLink, seenLine, seenLink, strangersLine } from '../src/netcheck/seen-line.js';
import type { PeerView } from '../src/peer-view.js';

const NOTHING: NetFacts = {
  links: [],
  stations: [],
  heard: [],
  seen: [],
  mappings: [],
  now: 1000,
  addresses: { ipv4: [], ipv6: [] },
  peers: [],
  broker: undefined,
};

function line(check: string, facts: Partial<NetFacts>): CheckLine {
  const found = netcheck({ ...NOTHING, ...facts }).find((each) => each.check === check);
  if (found === undefined) throw new Error(`no line "${check}"`);
  return found;
}

function station(facts: Partial<StationReport>): StationReport {
  return { medium: 'udp', address: 'relay:1', state: 'waiting', sentPackets: 9, waitedMs: 14_000, ...facts };
}

const SEEN: SeenLink = {
  ...{ link: 'udp :1', address: '203.0.113.9:5000', mapping: 'independent' },
  ...{ filtering: 'restricted', observers: 2, msAgo: 600 },
};

const byTcp = station({ medium: 'tcp', state: 'heard', heardMsAgo: 10 });

describe('a check of the network', () => {
  it('says of a machine with nothing that nothing concerns it, and what is missing', () => {
    expect(netcheck(NOTHING).map(({ check, state }) => `${check}: ${state}`)).toEqual([
      'links: fail',
      'udp to outside: n/a',
      'tcp to outside: n/a',
      'ipv6: n/a',
      'lan multicast: n/a',
      'paths: unknown',
      'broker: n/a',
    ]);
  });

  it('tells each link with the reason that it is down', () => {
    const links = [
      { kind: 'udp', name: ':1', state: 'up' },
      { kind: 'tcp', name: 'relay:1', state: 'down', reason: 'nobody listens' },
      { kind: 'serial', name: 'ttyUSB0', state: 'opening' },
    ] as const;
    expect(line('link udp :1', { links }).state).toBe('ok');
    expect(line('link tcp relay:1', { links })).toMatchObject({ state: 'fail', evidence: 'nobody listens' });
    expect(line('link serial ttyUSB0', { links }).state).toBe('unknown');
  });

  it.each([
    [{ state: 'heard', heardMsAgo: 2000 }, 'ok', 'packets come from it', 2000],
    [{ state: 'heard', heardMsAgo: 200_000 }, 'warn', 'silent since', 200_000],
    [{ state: 'waiting' }, 'fail', '9 packets to it in 14 s, none came back', 0],
    [{ sentPackets: 1, waitedMs: 900 }, 'unknown', '1 packets to it in 1 s, none came back', 0],
    [{ state: 'unresolved' }, 'fail', 'the name has no address', 0],
  ] as const)('tells a station by its packets: %j', (facts, state, evidence, ageMs) => {
    const found = line('udp relay:1', { stations: [station(facts)] });
    expect(found).toMatchObject({ state, evidence });
    expect(found.ageMs).toBe(ageMs);
  });

  it('tells a network that drops UDP from one that is away and from one where nothing is known yet', () => {
    const udp = (...stations: StationReport[]) => line('udp to outside', { stations }).state;
    expect(udp(station({}), byTcp)).toBe('warn');
    expect(udp(station({}), station({ medium: 'tcp', state: 'down' }))).toBe('fail');
    expect(udp(station({ sentPackets: 1 }), byTcp)).toBe('unknown');
    expect(udp(station({}), station({ state: 'heard', heardMsAgo: 5 }))).toBe('ok');
    expect(udp(byTcp)).toBe('n/a');
  });

  it('tells whether TCP gets out, which is what is left where UDP does not', () => {
    const tcp = (...stations: StationReport[]) => line('tcp to outside', { stations });
    const dialled = (facts: Partial<StationReport>) => station({ medium: 'tcp', sentPackets: 0, ...facts });
    expect(tcp(byTcp, dialled({ state: 'down' }))).toMatchObject({ state: 'ok', ageMs: 10 });
    expect(tcp(dialled({ state: 'standby' })).state).toBe('n/a');
    expect(tcp(dialled({ state: 'waiting' })).state).toBe('unknown');
    expect(tcp(dialled({ state: 'down', reason: 'timed out' }))).toMatchObject({
      state: 'fail',
      evidence: 'no station answers: timed out',
    });
    expect(tcp(station({})).state).toBe('n/a');
  });

  it('believes IPv6 and the local network when something came by them', () => {
    const addresses = { ipv4: [], ipv6: ['2001:db8::5'] };
    expect(line('ipv6', { addresses }).state).toBe('unknown');
    expect(line('ipv6', { addresses, heard: [{ kind: 'udp', msAgo: 3, msAgo6: 3 }] })).toMatchObject({
      state: 'ok',
      ageMs: 3,
    });
    const links = [{ kind: 'lan', name: 'eth0', state: 'up' }] as const;
    expect(line('lan multicast', { links, heard: [{ kind: 'lan' }] }).state).toBe('unknown');
    expect(line('lan multicast', { links, heard: [{ kind: 'lan', msAgo: 7 }] }).state).toBe('ok');
    expect(line('lan multicast', { links, heard: [{ kind: 'udp', msAgo: 7 }] }).state).toBe('unknown');
  });

  it('counts paths, and says why some are relayed', () => {
    const peer = (kind: 'direct' | 'relayed'): PeerView => ({
      id: kind,
      name: kind,
      status: 'online',
      path: { kind, sinceMsAgo: 0, ...(kind === 'relayed' ? { reason: 'noCommonLink' as const } : {}) },
    });
    expect(line('paths', { peers: [peer('direct')] })).toMatchObject({ state: 'ok' });
    expect(line('paths', { peers: [peer('direct'), peer('relayed')] })).toMatchObject({
      state: 'warn',
      evidence: '1 of 2 peers direct, 1 relayed; no link reaches both',
    });
  });

  it('tells the broker', () => {
    const broker = { url: 'mqtt://box', version: '5', queued: 0, dropped: 0, reason: undefined } as const;
    expect(line('broker mqtt://box', { broker: { ...broker, state: 'online' } }).state).toBe('ok');
    const away = { ...broker, state: 'offline', reason: 'nobody listens there' } as const;
    expect(line('broker mqtt://box', { broker: away })).toMatchObject({
      state: 'fail',
      evidence: 'nobody listens there',
    });
  });
});

describe('a link as others see it', () => {
  const report = (facts: Partial<ReachabilityReport>): ReachabilityReport => ({
    link: 1,
    address: '203.0.113.9:5000',
    mapping: 'independent',
    filtering: 'restricted',
    evidence: [
      { observer: 'aa', address: '203.0.113.9:5000', at: 100 },
      { observer: 'bb', address: '203.0.113.9:5000', at: 400 },
    ],
    ...facts,
  });
  const told = (facts: Partial<ReachabilityReport>) => seenLine(seenLink('udp :1', report(facts), 1000));

  it('is told with the address, who says so, and when', () => {
    expect(told({})).toEqual({
      state: 'ok',
      check: 'seen udp :1',
      evidence: '203.0.113.9:5000: a NAT with one address for all; 2 peers say so',
      ageMs: 600,
    });
    expect(seenLine(seenLink('udp :1', undefined, 1000))).toEqual({
      state: 'unknown',
      check: 'seen udp :1',
      evidence: 'nobody has said from which address it is seen',
    });
  });

  it.each([
    ['none', 'ok'],
    ['unknown', 'unknown'],
    ['predictable', 'warn'],
    ['random', 'warn'],
  ] as const)('with the mapping %s is %s', (mapping, state) => {
    expect(told({ mapping }).state).toBe(state);
  });
});

describe('whether strangers get in', () => {
  it.each([
    ['unknown', 'unknown', 'no peer that it never wrote to has tried to get in'],
    ['open', 'ok', 'anybody gets in'],
    ['address', 'ok', 'who was sent to gets in, from any port'],
    ['restricted', 'ok', 'no stranger gets in'],
  ] as const)('is told apart from what is seen: %s', (filtering, state, evidence) => {
    const told = strangersLine({ ...SEEN, filtering });
    expect(told).toMatchObject({ check: 'strangers udp :1', state, evidence });
  });
});

describe('a port of the router', () => {
  const asked = { router: '192.168.1.1', method: 'pcp', address: undefined, reason: 'why', at: 400 } as const;
  const OPEN = { filtering: 'open' } as const;
  const mapped = { ...asked, state: 'mapped', address: '203.0.113.9:4747' } as const;

  it.each<[PortMappingReport, Partial<SeenLink>, CheckState, string]>([
    [{ state: 'off', reason: 'it is turned off', at: 0 }, {}, 'n/a', 'it is turned off'],
    [{ state: 'unknown', reason: 'who knows', at: 0 }, {}, 'unknown', 'who knows'],
    [{ ...asked, state: 'asking' }, {}, 'unknown', '192.168.1.1 is being asked'],
    [{ ...asked, state: 'absent', method: undefined }, {}, 'warn', 'router 192.168.1.1: why'],
    [{ ...asked, state: 'absent', method: undefined }, OPEN, 'n/a', 'router 192.168.1.1: why'],
    [{ ...asked, state: 'refused' }, {}, 'warn', 'router 192.168.1.1 (PCP): why'],
    [{ ...asked, state: 'refused', method: 'upnp' }, OPEN, 'n/a', 'router 192.168.1.1 (UPnP): why'],
    [
      { ...mapped, method: 'upnp' },
      {},
      'ok',
      '203.0.113.9:4747, given by 192.168.1.1 with UPnP; others see that address',
    ],
    [mapped, {}, 'ok', '203.0.113.9:4747, given by 192.168.1.1 with PCP; others see that address'],
    [
      mapped,
      { address: undefined },
      'unknown',
      '203.0.113.9:4747, given by 192.168.1.1 with PCP; nobody has said what others see',
    ],
    [
      { ...mapped, address: '100.64.0.7:4747' },
      {},
      'warn',
      '100.64.0.7:4747, given by 192.168.1.1 with PCP; others see 203.0.113.9, so it is not told to them',
    ],
  ])('is told with what the router said: %j %j', (report, facts, state, evidence) => {
    const told = mappingLine({ ...SEEN, ...facts }, report, 1000);
    expect(told).toMatchObject({ check: 'port mapping udp :1', state, evidence });
    if ('router' in report && report.state !== 'asking') expect(told.ageMs).toBe(600);
  });

  it('stands behind the link that it is of', () => {
    const facts = { seen: [SEEN], mappings: [mapped] };
    const checks = netcheck({ ...NOTHING, ...facts }).map(({ check }) => check);
    expect(checks.slice(3, 6)).toEqual(['seen udp :1', 'strangers udp :1', 'port mapping udp :1']);
  });
});

describe('what is known of a greeted station', () => {
  it('is what went to its address and came from it, and of no other', () => {
    const watch = new StationWatch();
    watch.noteUnresolved('relay:1');
    expect(watch.reports(0)).toMatchObject([{ address: 'relay:1', state: 'unresolved' }]);
    watch.watch('relay:1', '10.0.0.1:1');
    watch.noteSent('10.0.0.1:1', 100);
    watch.noteSent('10.0.0.1:1', 200);
    watch.noteSent('10.0.0.2:1', 200);
    watch.noteHeard('10.0.0.2:1', 250);
    expect(watch.reports(1100)).toEqual([
      { medium: 'udp', address: 'relay:1', state: 'waiting', sentPackets: 2, waitedMs: 1000 },
    ]);
    watch.noteHeard('10.0.0.1:1', 1200);
    expect(watch.reports(1500)).toMatchObject([{ state: 'heard', heardMsAgo: 300 }]);
  });
});

describe('addresses of this machine', () => {
  it('are those that others may reach', () => {
    const each = (family: 'IPv4' | 'IPv6', address: string, internal = false) =>
      ({ family, address, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as const;
    const eth0 = [each('IPv4', '10.0.0.5'), each('IPv6', 'fe80::1'), each('IPv6', '2001:db8::5')];
    const lo = [each('IPv4', '127.0.0.1', true), each('IPv6', '::1', true)];
    expect(reachableAddresses({ eth0, lo })).toEqual({ ipv4: ['10.0.0.5'], ipv6: ['2001:db8::5'] });
  });
});
