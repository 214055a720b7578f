import { type Answer, decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  goodbyeOf,
  isAsked,
  isKnown,
  type MdnsService,
  questionOf,
  readStations,
  recordsOf,
} from '../../src/node/mdns-records.js';

const SERVICE: MdnsService = {
  label: 'fogwisp-00c0ffee',
  address: '192.0.2.7',
  port: 4242,
  network: '1a2b3c4d',
};

/** As it comes out at the other end. */
function onTheWire(answers: Answer[]): Answer[] {
  return decode(encode({ type: 'response', answers })).answers ?? [];
}

describe('mDNS records', () => {
  it('say one station, and are read as one', () => {
    const station = { kind: 'station', port: 4242, addresses: ['192.0.2.7'] };
    expect(readStations(onTheWire(recordsOf(SERVICE)), '1a2b3c4d')).toEqual([station]);
    expect(readStations(onTheWire(recordsOf(SERVICE)), '1a2b3c4e')).toEqual([{ kind: 'foreign' }]);
    const loud = onTheWire(recordsOf({ ...SERVICE, label: 'FOGWISP-X', network: '1A2B3C4D' }));
    expect(readStations(loud, '1a2b3c4d')).toEqual([station]);
    const six = onTheWire(recordsOf({ ...SERVICE, address: 'fe80::1:2%eth0' }));
    expect(readStations(six, '1a2b3c4d')).toEqual([{ ...station, addresses: ['fe80::1:2'] }]);
  });

  it('say goodbye for nobody else', () => {
    const goodbye = onTheWire(goodbyeOf(SERVICE));
    expect(goodbye.every((record) => 'ttl' in record && record.ttl === 0)).toBe(true);
    expect(goodbye.some((record) => record.type === 'PTR' && record.data === '_fogwisp._udp.local')).toBe(
      false,
    );
    expect(readStations(goodbye, '1a2b3c4d')).toEqual([]);
  });

  it('answer what they are asked, unless the asker knows it', () => {
    const { label } = SERVICE;
    for (const { name, type } of recordsOf(SERVICE)) {
      expect(isAsked({ name: name.toUpperCase(), type }, label)).toBe(true);
      expect(isAsked({ name, type: 'ANY' }, label)).toBe(true);
      expect(isAsked({ name, type: 'HINFO' }, label)).toBe(false);
    }
    expect(isAsked({ name: 'fogwisp-ffffffff._fogwisp._udp.local', type: 'SRV' }, label)).toBe(false);
    expect(isAsked({ name: '_http._tcp.local', type: 'PTR' }, label)).toBe(false);
    const { answers } = questionOf(SERVICE);
    expect([isKnown(answers, label), isKnown(answers, 'fogwisp-ffffffff')]).toEqual([true, false]);
    expect(
      isKnown(
        answers.map((record) => ({ ...record, ttl: 60 })),
        label,
      ),
    ).toBe(false);
  });

  it('of strangers throw nothing and yield little, whatever is in them', () => {
    const good = encode({ type: 'response', answers: [...recordsOf(SERVICE), ...recordsOf(SERVICE)] });
    const spots = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
    let stations = 0;
    fc.assert(
      fc.property(spots, fc.nat(good.length), (changes, cut) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        const records = decoded(cut % 3 === 0 ? bytes.subarray(0, cut) : bytes);
        const heard = readStations(records, '1a2b3c4d');
        isKnown(records, SERVICE.label);
        stations += heard.filter((each) => each.kind === 'station').length;
        expect(heard.length).toBeLessThanOrEqual(8);
      }),
      { numRuns: 3000 },
    );
    expect(stations).toBeGreaterThan(0); // not all of them are destroyed
  });

  it('of many stations in one packet are read up to a bound', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      recordsOf({ ...SERVICE, label: `fogwisp-${i}` }),
    ).flat();
    expect(readStations(onTheWire(many), '1a2b3c4d')).toHaveLength(8);
  });
});

/** What the library makes of it; it may refuse. */
function decoded(bytes: Buffer): Answer[] {
  try {
    const { answers = [], additionals = [] } = decode(bytes);
    return [...answers, ...additionals];
  } catch {
    return [];
  }
}
