import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { Mapper, type MapperReport } from '../../src/node/port-mapping/mapper.js';
import { encodeNatPmp } from '../../src/node/port-mapping/nat-pmp.js';
import { encodePcp } from '../../src/node/port-mapping/pcp.js';
import { PortMapping, type PortMappingReport } from '../../src/node/port-mapping/port-mapping.js';
import { findRouter } from '../../src/node/port-mapping/router.js';
import type { UpnpAnswer, UpnpWanted } from '../../src/node/port-mapping/upnp.js';
import { nodeRandom } from '../../src/node/random.js';
import { freePort } from './free-port.js';

const OWN = '192.168.1.10';
const PORT = 4747;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LIFE_S = 7200;

type Answer = (asked: Uint8Array) => readonly Uint8Array[];

/** Asks one that answers at once, in virtual time. */
class Bench {
  readonly mapper = new Mapper(nodeRandom);
  readonly sent: Uint8Array[] = [];
  readonly reports: MapperReport[] = [];
  readonly wanted: UpnpWanted[] = [];
  now = 0;
  answer: Answer;
  upnp: UpnpAnswer;

  constructor(answer: Answer, upnp: UpnpAnswer = { kind: 'absent' }) {
    this.answer = answer;
    this.upnp = upnp;
    this.mapper.handleInput(0, { kind: 'ask', own: OWN, port: PORT });
    this.#drain();
  }

  runTo(until: number): this {
    for (
      let at = this.mapper.pollTimeout();
      at !== undefined && at <= until;
      at = this.mapper.pollTimeout()
    ) {
      this.now = at;
      this.mapper.handleInput(at, { kind: 'timeout' });
      this.#drain();
    }
    this.now = until;
    return this;
  }

  release(): void {
    this.mapper.handleInput(this.now, { kind: 'release' });
    this.#drain();
  }

  /** Nobody listens there. */
  refuse(): void {
    this.mapper.handleInput(this.now, { kind: 'refused' });
    this.#drain();
  }

  get last(): MapperReport | undefined {
    return this.reports.at(-1);
  }

  #drain(): void {
    for (let out = this.mapper.pollOutput(); out !== undefined; out = this.mapper.pollOutput()) {
      if (out.kind === 'report') this.reports.push(out.report);
      else if (out.kind === 'upnp') {
        this.wanted.push(out.wanted);
        this.mapper.handleInput(this.now, { kind: 'upnp', answer: this.upnp });
      } else {
        this.sent.push(out.bytes);
        for (const bytes of this.answer(out.bytes))
          this.mapper.handleInput(this.now, { kind: 'packet', bytes });
      }
    }
  }
}

interface Grant {
  readonly ip?: readonly number[];
  readonly externalPort?: number;
  readonly lifetimeS?: number;
  readonly result?: number;
}

/** As RFC 6887 §7.2 and §11.1 lay it out: the request with another header, and what was assigned. */
function pcpAnswer(asked: Uint8Array, grant: Grant = {}): Uint8Array {
  const answer = new Uint8Array(60);
  const view = new DataView(answer.buffer);
  answer.set([2, 0x81, 0, grant.result ?? 0]);
  view.setUint32(4, grant.lifetimeS ?? new DataView(asked.buffer).getUint32(4));
  answer.set(asked.subarray(24, 42), 24);
  view.setUint16(42, grant.externalPort ?? 40_123);
  answer.set(grant.ip ?? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 5], 44);
  return answer;
}

const byPcp =
  (grant: Grant = {}): Answer =>
  (asked) =>
    asked[0] === 2 ? [pcpAnswer(asked, grant)] : [];

/** As RFC 6886 §3.2, §3.3 and §3.5. */
const byNatPmp =
  (grant: Grant = {}): Answer =>
  (asked) => {
    if (asked[0] === 2) return [Uint8Array.of(0, 0x81, 0, 1, 0, 0, 0, 9)];
    const head = [0, 0x80 | (asked[1] ?? 0), 0, grant.result ?? 0, 0, 0, 0, 9];
    if (asked[1] === 0) return [Uint8Array.from([...head, ...(grant.ip ?? [203, 0, 113, 5])])];
    const answer = Uint8Array.from([...head, ...asked.subarray(4, 8), 0, 0, 0, 0]);
    const view = new DataView(answer.buffer);
    view.setUint16(10, grant.externalPort ?? 40_123);
    view.setUint32(12, grant.lifetimeS ?? new DataView(asked.buffer).getUint32(8));
    return [answer];
  };

describe('a port of the router, asked for by PCP (RFC 6887)', () => {
  it('is asked for as the RFC lays it out', () => {
    const nonce = Uint8Array.from({ length: 12 }, (_, i) => i + 1);
    const request = encodePcp({ client: OWN, nonce, port: PORT, externalPort: 4748, lifetimeS: LIFE_S });
    const client = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 168, 1, 10];
    const anybody = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0];
    const head = [2, 1, 0, 0, 0, 0, 0x1c, 0x20, ...client];
    expect([...request]).toEqual([...head, ...nonce, 17, 0, 0, 0, 0x12, 0x8b, 0x12, 0x8c, ...anybody]);
  });

  it('is had at the first answer, renewed at half of its life, and given back', () => {
    const bench = new Bench(byPcp());
    expect(bench.last).toMatchObject({ state: 'mapped', method: 'pcp', address: '203.0.113.5:40123' });
    expect(bench.sent).toHaveLength(1);
    bench.runTo(DAY_MS);
    expect(bench.sent).toHaveLength(25);
    expect(bench.reports.every(({ state }) => state === 'asking' || state === 'mapped')).toBe(true);
    // It asks for the port that it has.
    expect(new DataView(bench.sent[5]?.buffer ?? new ArrayBuffer(0)).getUint16(42)).toBe(40_123);
    bench.release();
    expect(new DataView(bench.sent.at(-1)?.buffer ?? new ArrayBuffer(0)).getUint32(4)).toBe(0);
  });

  it('is held for its life, and no longer, when the router falls silent', () => {
    const bench = new Bench(byPcp());
    bench.answer = () => [];
    bench.runTo(LIFE_S * 1000 - 100_000);
    expect(bench.last).toMatchObject({ state: 'mapped' });
    bench.runTo(LIFE_S * 1000 + 10_000);
    expect(bench.last).toMatchObject({ state: 'absent', address: undefined, reason: 'it does not answer' });
  });
});

describe('a port of a router that knows NAT-PMP alone (RFC 6886)', () => {
  it('is asked for as the RFC lays it out', () => {
    expect([...encodeNatPmp(PORT, 4748, LIFE_S)]).toEqual([
      0, 1, 0, 0, 0x12, 0x8b, 0x12, 0x8c, 0, 0, 0x1c, 0x20,
    ]);
  });

  it('is had with two questions more', () => {
    const bench = new Bench(byNatPmp());
    expect(bench.last).toMatchObject({ state: 'mapped', method: 'nat-pmp', address: '203.0.113.5:40123' });
    expect(bench.sent).toHaveLength(3);
    bench.runTo(HOUR_MS);
    expect(bench.sent).toHaveLength(5);
  });

  it('is not had when it refuses', () => {
    const bench = new Bench(byNatPmp({ result: 2 }));
    expect(bench.last).toMatchObject({
      state: 'refused',
      reason: 'it does not allow that',
      address: undefined,
    });
  });
});

describe('a port of a router that knows UPnP alone', () => {
  const granted = { kind: 'granted', external: '203.0.113.5', externalPort: 40_123 } as const;

  it('is asked for when PCP and NAT-PMP came to nothing, once for each lease', () => {
    const bench = new Bench(() => [], granted).runTo(4900);
    expect([bench.sent.length, bench.wanted.length]).toEqual([7, 0]);
    bench.runTo(5000);
    expect(bench.wanted).toEqual([{ port: PORT, externalPort: PORT, lifetimeS: LIFE_S }]);
    expect(bench.last).toMatchObject({ state: 'mapped', method: 'upnp', address: '203.0.113.5:40123' });
    bench.runTo(DAY_MS);
    expect([bench.sent.length, bench.wanted.length]).toEqual([7, 24]);
    expect(bench.wanted.at(-1)).toEqual({ port: PORT, externalPort: 40_123, lifetimeS: LIFE_S });
  });

  it('is asked for at once when nobody listens there, or one of the others is refused', () => {
    const bench = new Bench(() => [], granted);
    bench.refuse();
    expect(bench.last).toMatchObject({ state: 'mapped', method: 'upnp', at: 0 });
    expect(new Bench(byPcp({ result: 2 }), granted).last).toMatchObject({ state: 'mapped', method: 'upnp' });
  });

  it('is not asked for where there is another one', () => {
    expect(new Bench(byPcp(), granted).runTo(DAY_MS).wanted).toEqual([]);
    expect(new Bench(byNatPmp(), granted).runTo(DAY_MS).wanted).toEqual([]);
  });

  it('is not had when it refuses, and who refused before is told when nobody speaks it', () => {
    const refused = new Bench(() => [], { kind: 'refused', reason: 'so it says' }).runTo(10_000);
    expect(refused.last).toMatchObject({ state: 'refused', method: 'upnp', reason: 'so it says' });
    const before = new Bench(byNatPmp({ result: 2 }));
    expect(before.last).toMatchObject({
      state: 'refused',
      method: 'nat-pmp',
      reason: 'it does not allow that',
    });
  });

  it('is held for its life, and no longer, when the router falls silent', () => {
    const bench = new Bench(() => [], granted).runTo(10_000);
    bench.upnp = { kind: 'absent' };
    bench.runTo(LIFE_S * 1000 - 100_000);
    expect(bench.last).toMatchObject({ state: 'mapped' });
    bench.runTo(LIFE_S * 1000 + 10_000);
    expect(bench.last).toMatchObject({ state: 'absent', address: undefined, reason: 'it does not answer' });
  });

  it('is not waited for for ever, and what comes late is nothing', () => {
    const mapper = new Mapper(nodeRandom);
    mapper.handleInput(0, { kind: 'ask', own: OWN, port: PORT });
    mapper.handleInput(1, { kind: 'refused' });
    mapper.handleInput(2, { kind: 'refused' });
    mapper.handleInput(3, { kind: 'packet', bytes: new Uint8Array(60) });
    expect(mapper.pollTimeout()).toBe(60_001);
    mapper.handleInput(60_001, { kind: 'timeout' });
    mapper.handleInput(60_002, { kind: 'upnp', answer: granted });
    const outputs = Array.from({ length: 9 }, () => mapper.pollOutput());
    expect(outputs.map((out) => out?.kind).filter((kind) => kind !== undefined)).toEqual([
      ...['report', 'send', 'upnp', 'report'],
    ]);
  });
});

describe('a router that is of no help', () => {
  it('costs seven packets an hour when it says nothing', () => {
    const bench = new Bench(() => []);
    bench.runTo(10_000);
    expect(bench.sent).toHaveLength(7);
    expect(bench.last).toMatchObject({ state: 'absent', reason: 'it does not answer' });
    bench.runTo(DAY_MS);
    expect(bench.sent.length).toBeLessThanOrEqual(24 * 7);
  });

  it('costs one packet an hour when nobody listens there, or it says no', () => {
    const bench = new Bench(() => []);
    bench.refuse();
    expect(bench.mapper.pollTimeout()).toBe(HOUR_MS);
    expect(bench.last).toMatchObject({ state: 'absent', reason: 'nobody listens there' });
    const refused = new Bench(byPcp({ result: 2 })).runTo(DAY_MS - 1);
    expect(refused.sent).toHaveLength(24);
    expect(refused.last).toMatchObject({ state: 'refused', reason: 'it does not allow that' });
  });

  const v4 = (...ip: number[]) => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ip];
  it.each([
    ['port 0', { externalPort: 0 }, 'it gives port 0, which is none'],
    ['no address', { ip: v4(0, 0, 0, 0) }, 'its own address makes no sense'],
    ['the machine itself', { ip: v4(127, 0, 0, 1) }, 'its own address makes no sense'],
    ['a group', { ip: v4(239, 1, 1, 1) }, 'its own address makes no sense'],
    ['IPv6 for IPv4', { ip: Array.from({ length: 16 }, () => 7) }, 'its own address makes no sense'],
    ['no time at all', { lifetimeS: 0 }, 'it gives a port for 0 s only'],
    ['a second', { lifetimeS: 1 }, 'it gives a port for 1 s only'],
  ])('is not believed: %s', (_, grant, reason) => {
    const bench = new Bench(byPcp(grant)).runTo(DAY_MS - 1);
    expect(bench.last).toMatchObject({ state: 'refused', reason, address: undefined });
    expect(bench.sent).toHaveLength(24);
  });

  it('gives for ever: it is asked for as often as for two hours', () => {
    const bench = new Bench(byPcp({ lifetimeS: 0xffff_ffff }));
    expect(bench.runTo(DAY_MS).sent).toHaveLength(25);
  });

  it.each(['its answers to others', 'another port', 'random bytes'])('is not heard: %s', (lie) => {
    const bench = new Bench((asked) => {
      if (lie === 'random bytes') return [new Uint8Array(0), crypto.getRandomValues(new Uint8Array(60))];
      const answer = pcpAnswer(asked.length === 60 ? asked : new Uint8Array(60));
      answer[lie === 'another port' ? 41 : 30] = (answer[lie === 'another port' ? 41 : 30] ?? 0) ^ 1;
      return [answer];
    });
    bench.runTo(10_000);
    expect(bench.last).toMatchObject({ state: 'absent', reason: 'what it answers makes no sense' });
    expect(bench.sent).toHaveLength(7);
  });

  it('is not harmed by, nor harms with, bytes of any kind', () => {
    for (let i = 0; i < 3000; i++) {
      const bytes = crypto.getRandomValues(new Uint8Array(i % 70));
      if (i % 3 > 0) bytes.set([i % 2 === 0 ? 2 : 0, 0x81, 0, 0].slice(0, bytes.length));
      const bench = new Bench(() => [bytes]);
      expect(bench.sent.length).toBeLessThanOrEqual(3);
      expect(bench.last?.address).toBeUndefined();
    }
  });
});

describe('the router in front of this machine', () => {
  const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;
  const at = (address: string) => [
    { address, family: 'IPv4', internal: false, netmask: '255.255.255.0', mac: '', cidr: null } as const,
  ];

  it('is that of the default route, the cheapest one first', () => {
    const interfaces = { eth0: at('192.0.2.7'), wlan0: at('192.168.1.7') };
    expect(findRouter(table, interfaces)).toEqual({ router: '192.0.2.1', own: '192.0.2.7' });
    expect(findRouter(table, { wlan0: at('192.168.1.7') })).toEqual({
      router: '192.168.1.1',
      own: '192.168.1.7',
    });
    expect(findRouter(table, {})).toBeUndefined();
    expect(findRouter('', interfaces)).toBeUndefined();
    expect(findRouter('nonsense\n\t\t', interfaces)).toBeUndefined();
  });
});

describe('a real socket', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  async function startRouter(answer: Answer): Promise<{ port: number; heard: Uint8Array[]; socket: Socket }> {
    const heard: Uint8Array[] = [];
    const socket = createSocket('udp4');
    socket.on('message', (bytes, from) => {
      heard.push(Uint8Array.from(bytes));
      for (const reply of answer(Uint8Array.from(bytes))) socket.send(reply, from.port, from.address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    ends.push(() => socket.close());
    return { port: socket.address().port, heard, socket };
  }

  async function start(servicePort: number) {
    const mapped: (readonly string[])[] = [];
    const reports: PortMappingReport[] = [];
    const mapping = new PortMapping({
      ...{ random: nodeRandom, port: PORT, servicePort, ssdpPort: await freePort() },
      find: () => ({ router: '127.0.0.1', own: '127.0.0.1' }),
      onMapped: (addresses) => mapped.push(addresses),
      onReport: (report) => reports.push(report),
    });
    return { mapping, mapped, reports };
  }

  const until = async (holds: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(holds()).toBe(true);
  };

  it('tells the address once, and gives it back at the end', async () => {
    const router = await startRouter(byPcp());
    const { mapping, mapped, reports } = await start(router.port);
    await until(() => mapped.length > 0);
    expect(mapped).toEqual([['203.0.113.5:40123']]);
    expect(reports.at(-1)).toMatchObject({ state: 'mapped', router: '127.0.0.1' });
    mapping.close();
    await until(() => router.heard.length === 2);
    expect([...(router.heard[1] ?? new Uint8Array(0)).subarray(4, 8)]).toEqual([0, 0, 0, 0]);
  });

  it('hears at once that nobody listens', async () => {
    const router = await startRouter(() => []);
    ends.splice(0);
    router.socket.close();
    await once(router.socket, 'close');
    const { mapping, mapped, reports } = await start(router.port);
    ends.push(() => mapping.close());
    await until(() => reports.at(-1)?.state === 'absent');
    expect(mapped).toEqual([]);
  });
});
