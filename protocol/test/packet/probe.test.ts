import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEndpoints,
  encodeEndpoints,
  isEndpoint,
  isPrivate,
  isTellable,
  withPort,
} from '../../src/packet/endpoint.js';
import { decodeProbe, encodeCookieProbe, encodeProbe, isProbeAuthentic } from '../../src/packet/probe.js';
import vectors from '../../vectors/packet.json' with { type: 'json' };
import { hex, mutationOf } from './bytes.js';
import { packetSuite } from './suite.js';

const suite = packetSuite();

describe('PROBE (§4.8)', () => {
  it.each(vectors.probe.map((vector) => [vector.name, vector] as const))('is the vector: %s', (_, vector) => {
    const key = hex(vector.key);
    const probe = { attempt: hex(vector.attempt), place: vector.place, isAnswer: vector.isAnswer };
    const packet = hex(...vector.hex);
    expect(packet.length).toBe(13);
    expect(encodeProbe(suite, key, probe)).toEqual(packet);
    expect(decodeProbe(packet)).toEqual({ kind: 'probe', ...probe });
    expect(isProbeAuthentic(suite, key, packet)).toBe(true);
    expect(isProbeAuthentic(suite, new Uint8Array(32), packet)).toBe(false);
  });

  it('is not authentic whatever byte of it changes: an answer is no probe', () => {
    const [vector] = vectors.probe;
    const packet = hex(...(vector?.hex ?? []));
    fc.assert(
      fc.property(mutationOf(packet), (bytes) => {
        if (typeof decodeProbe(bytes) === 'string') return true;
        return !isProbeAuthentic(suite, hex(vector?.key ?? ''), bytes);
      }),
    );
  });

  it('of a stranger has the bytes that were asked for', () => {
    const cookie = new Uint8Array(12).fill(7);
    expect(encodeCookieProbe(cookie)).toEqual(new Uint8Array([9, ...cookie]));
  });
});

describe('addresses (§6.4)', () => {
  it.each(vectors.endpoints.map((vector) => [vector.name, vector] as const))(
    'are packed: %s',
    (_, vector) => {
      expect(encodeEndpoints(vector.endpoints)).toEqual(hex(...vector.hex));
      expect(decodeEndpoints(hex(...vector.hex))).toEqual(vector.endpoints);
    },
  );

  it('are written as RFC 5952 says', () => {
    const texts = ['[2001:db8:0:1::]:1', '[1:0:0:2::3]:65535', '[1:2:3:4:5:6:7:8]:9', '[fe80::a:0:1]:80'];
    for (const address of texts) {
      const packed = encodeEndpoints([{ address, isOwn: false }]);
      expect(decodeEndpoints(packed)).toEqual([{ address, isOwn: false }]);
    }
  });

  const none = ['', 'b', '1.2.3:4', '256.1.1.1:5', '0.0.0.0:5', '239.1.1.1:5', '1.2.3.4:0', '1.2.3.4:65536'];
  const none6 = [
    '[::]:5',
    '[::1]:5',
    '[ff02::1]:5',
    '[1::2::3]:5',
    '[fe80::1%eth0]:5',
    '[12345::]:5',
    '::1:5',
  ];
  it.each([...none, ...none6])('of nobody in particular are left out: %s', (address) => {
    expect(isEndpoint(address)).toBe(false);
    const packed = encodeEndpoints([{ address, isOwn: false }]);
    expect(packed.length === 0 || decodeEndpoints(packed) === undefined).toBe(true);
  });

  it.each(['127.0.0.1:5', '127.1.2.3:5'])(
    'of the machine itself are not told to another one: %s',
    (address) => {
      expect(isTellable(address)).toBe(false);
      expect(encodeEndpoints([{ address, isOwn: true }])).toHaveLength(0);
      expect(decodeEndpoints(hex('04', '7f000001', '0005'))).toBeUndefined();
      expect(decodeEndpoints(hex('14', '7f000001', '0005'))).toBeUndefined();
    },
  );

  it('that are no addresses are malformed, and nothing throws', () => {
    expect(decodeEndpoints(hex('05', '01020304', '0001'))).toBeUndefined();
    expect(decodeEndpoints(hex('04', '01020304', '0000'))).toBeUndefined();
    expect(decodeEndpoints(hex('04', 'e0000001', '0001'))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const decoded = decodeEndpoints(bytes);
        return decoded === undefined || encodeEndpoints(decoded).length === bytes.length;
      }),
    );
  });

  it.each([
    ['10.1.2.3:4', true],
    ['172.16.0.1:4', true],
    ['172.32.0.1:4', false],
    ['192.168.1.1:4', true],
    ['127.0.0.1:4', true],
    ['169.254.1.1:4', true],
    ['203.0.113.1:4', false],
    ['[fd00::1]:4', true],
    ['[fe80::1]:4', true],
    ['[2001:db8::1]:4', false],
  ] as const)('are private or not: %s', (address, isIt) => expect(isPrivate(address)).toBe(isIt));

  it('keep their host when the port is another one', () => {
    expect(withPort('[2001:db8::1]:443', 444)).toBe('[2001:db8::1]:444');
  });
});
