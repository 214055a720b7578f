import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/kernel/bytes.js';
import { BEACON_BYTES, decodeBeacon, encodeBeacon } from '../../src/packet/beacon.js';
import {
  decodeH1,
  decodeH2,
  decodeH3,
  decodeRetry,
  encodeH1,
  encodeH2,
  encodeH3,
  encodeRetry,
  type HandshakePattern,
  h1Clear,
  h2Clear,
  h3Clear,
  maskKey,
  proofMac,
} from '../../src/packet/handshake.js';
import {
  decodeResume,
  decodeResumeAck,
  decodeResumeFloor,
  encodeResume,
  encodeResumeAck,
  encodeResumeFloor,
  isFloorAuthentic,
  resumeAckClear,
  resumeClear,
} from '../../src/packet/resume.js';
import { decodeUnknown, encodeUnknown } from '../../src/packet/unknown.js';
import vectors from '../../vectors/packet.json' with { type: 'json' };
import { anyConnection, bytesOf, hex, mutationOf } from './bytes.js';
import { packetSuite } from './suite.js';

const suite = packetSuite();
const networkKey = hex(vectors.networkKey);

describe('BEACON (§4.2)', () => {
  const [vector] = vectors.beacon;
  const packet = hex(...(vector?.hex ?? []));

  it('is the vector, 44 bytes, both ways', () => {
    const beacon = { publicKey: hex(vector?.publicKey ?? ''), boot: vector?.boot ?? 0 };
    expect(packet.length).toBe(44);
    expect(BEACON_BYTES).toBe(44);
    expect(encodeBeacon(suite, networkKey, beacon)).toEqual(packet);
    expect(decodeBeacon(suite, networkKey, packet)).toEqual({ kind: 'beacon', ...beacon });
  });

  it('is dropped under another network key', () => {
    expect(decodeBeacon(suite, new Uint8Array(32), packet)).toBe('wrongNetwork');
  });

  it('is dropped whatever byte of it changes', () => {
    fc.assert(
      fc.property(mutationOf(packet), (bytes) => typeof decodeBeacon(suite, networkKey, bytes) === 'string'),
    );
  });
});

describe('H1 (§4.3)', () => {
  for (const vector of vectors.h1) {
    it(`is the vector both ways: ${vector.name}`, () => {
      const packet = hex(...vector.hex);
      const pattern = vector.pattern as HandshakePattern;
      const maskedKey = vector.maskedKey === undefined ? undefined : hex(vector.maskedKey);
      const noise = hex(vector.noise);
      const clear = h1Clear(pattern, vector.connection, maskedKey);
      const proof =
        vector.proof === undefined
          ? undefined
          : {
              secretEpoch: vector.proof.secretEpoch,
              mac: proofMac(suite, networkKey, hex(vector.cookie), { clear, noise }),
            };
      expect(packet.length).toBe(vector.length);
      expect(clear).toEqual(hex(vector.clear));
      expect(encodeH1(clear, noise, proof)).toEqual(packet);
      const { connection } = vector;
      expect(decodeH1(packet)).toEqual({ kind: 'h1', pattern, connection, maskedKey, noise, proof, clear });
    });
  }

  it('masks the key id with the network key and the ephemeral key', () => {
    const [kk] = vectors.h1;
    const masked = maskKey(suite, networkKey, hex(kk?.ephemeral ?? ''), hex(kk?.keyId ?? ''));
    expect(masked).toEqual(hex(kk?.maskedKey ?? ''));
    expect(maskKey(suite, networkKey, hex(kk?.ephemeral ?? ''), masked)).toEqual(hex(kk?.keyId ?? ''));
  });

  it('does not depend on the proof in its clear part, as Noise has hashed that before', () => {
    const noise = new Uint8Array(48);
    const clear = h1Clear('XX', 3, undefined);
    const packet = decodeH1(encodeH1(clear, noise, { secretEpoch: 1, mac: new Uint8Array(8) }));
    expect(packet).toMatchObject({ clear, noise });
  });

  it.each([
    ['pattern 3', ['05', '13']],
    ['reserved shape bit', ['05', '1a']],
    ['version 2', ['05', '22']],
  ])('is malformed with %s', (_, [type, shape]) => {
    expect(decodeH1(hex(type ?? '', shape ?? '', '010005', '00'.repeat(96)))).toBe('malformed');
  });

  it.each(['000005', '010105', '020005', '030100'])('is malformed with the connection id %s', (field) => {
    expect(decodeH1(hex('05', '12', field, '00'.repeat(48)))).toBe('malformed');
  });

  it('is truncated without room for the proof that it claims, and oversize with too much payload', () => {
    expect(decodeH1(hex('05', '16', '010005', '00'.repeat(48)))).toBe('truncated');
    expect(decodeH1(hex('05', '12', '010005', '00'.repeat(400)))).toBe('oversize');
  });

  it.each([
    ['KK', 48],
    ['IK', 96],
    ['XX', 48],
  ] as const)('carries a payload of up to three certificates: %s', (pattern, least) => {
    const clear = h1Clear(pattern, 9, pattern === 'KK' ? new Uint8Array(5) : undefined);
    const noise = new Uint8Array(least + 256);
    const proof = { secretEpoch: 1, mac: new Uint8Array(8) };
    expect(decodeH1(encodeH1(clear, noise))).toMatchObject({ noise });
    expect(decodeH1(encodeH1(clear, noise, proof))).toMatchObject({ noise, proof });
    expect(decodeH1(encodeH1(clear, new Uint8Array(least + 257)))).toBe('oversize');
  });
});

describe('H2, H3 and RETRY (§4.3)', () => {
  for (const vector of vectors.h2) {
    it(`H2 is the vector both ways: ${vector.name}`, () => {
      const packet = hex(...vector.hex);
      const { initiator, responder } = vector;
      const clear = h2Clear(initiator, responder);
      const noise = hex(vector.noise);
      expect(packet.length).toBe(vector.length);
      expect(encodeH2(clear, noise)).toEqual(packet);
      expect(decodeH2(packet)).toEqual({ kind: 'h2', initiator, responder, noise, clear });
    });
  }

  it('H3 and RETRY are the vectors both ways', () => {
    for (const vector of vectors.h3) {
      const clear = h3Clear(vector.responder);
      const noise = hex(vector.noise);
      expect(encodeH3(clear, noise)).toEqual(hex(...vector.hex));
      expect(decodeH3(hex(...vector.hex))).toEqual({ kind: 'h3', responder: vector.responder, noise, clear });
      expect(hex(...vector.hex).length).toBe(vector.length);
    }
    for (const { initiator, secretEpoch, cookie, hex: fields, length } of vectors.retry) {
      expect(encodeRetry({ initiator, secretEpoch, cookie: hex(cookie) })).toEqual(hex(...fields));
      const retry = { kind: 'retry', initiator, secretEpoch, cookie: hex(cookie) };
      expect(decodeRetry(hex(...fields))).toEqual(retry);
      expect(hex(...fields).length).toBe(length);
    }
  });

  it('RETRY is never larger than the smallest H1, so a forged source gains nothing', () => {
    const retry = encodeRetry({ initiator: 0xffff, secretEpoch: 255, cookie: new Uint8Array(8) });
    const h1 = encodeH1(h1Clear('XX', 7, undefined), new Uint8Array(32 + 16));
    expect(retry.length).toBeLessThan(h1.length);
  });

  it('keeps connection ids of every size', () => {
    fc.assert(
      fc.property(anyConnection, anyConnection, (initiator, responder) => {
        const noise = new Uint8Array(48);
        expect(decodeH2(encodeH2(h2Clear(initiator, responder), noise))).toMatchObject({
          initiator,
          responder,
        });
      }),
    );
  });
});

describe('RESUME, RESUME-ACK and RESUME-FLOOR (§4.4)', () => {
  it('are the vectors both ways', () => {
    for (const { connection, ticket, counter, sealed, ...vector } of vectors.resume) {
      const clear = resumeClear(connection, ticket, counter);
      expect(clear).toEqual(hex(vector.clear));
      expect(encodeResume(clear, hex(sealed))).toEqual(hex(...vector.hex));
      const resume = { kind: 'resume', connection, ticket, counter, sealed: hex(sealed), clear };
      expect(decodeResume(hex(...vector.hex))).toEqual(resume);
      expect(hex(...vector.hex).length).toBe(27);
    }
    for (const { resumer, answerer, nonce, tag, ...vector } of vectors.resumeAck) {
      const clear = resumeAckClear(resumer, answerer, hex(nonce));
      expect(clear).toEqual(hex(vector.clear));
      expect(encodeResumeAck(clear, hex(tag))).toEqual(hex(...vector.hex));
      const answer = { kind: 'resumeAck', resumer, answerer, nonce: hex(nonce), tag: hex(tag), clear };
      expect(decodeResumeAck(hex(...vector.hex))).toEqual(answer);
      expect(hex(...vector.hex).length).toBe(29);
    }
    for (const { key, ticket, counterFloor, ...vector } of vectors.resumeFloor) {
      const packet = hex(...vector.hex);
      expect(encodeResumeFloor(suite, hex(key), ticket, counterFloor)).toEqual(packet);
      const floor = decodeResumeFloor(packet);
      expect(floor).toMatchObject({ ticket, counterFloor });
      expect(typeof floor === 'object' && isFloorAuthentic(suite, hex(key), floor)).toBe(true);
      expect(typeof floor === 'object' && isFloorAuthentic(suite, networkKey, floor)).toBe(false);
      expect(packet.length).toBe(17);
    }
  });

  it('UNKNOWN is smaller than any packet that it answers', () => {
    for (const { connection, ...vector } of vectors.unknown) {
      expect(encodeUnknown(connection)).toEqual(hex(...vector.hex));
      expect(decodeUnknown(hex(...vector.hex))).toEqual({ kind: 'unknown', connection });
    }
    expect(decodeUnknown(hex('0d', '07'))).toBe('truncated');
    expect(decodeUnknown(hex('0d', '000700'))).toBe('oversize');
  });

  it('a connection id below 256 has no place here', () => {
    expect(decodeResume(hex('0a', '00ff', '00'.repeat(24)))).toBe('malformed');
    expect(decodeResumeAck(hex('0b', '0100', '00ff', '00'.repeat(24)))).toBe('malformed');
  });

  it('a floor that anybody changed is not authentic', () => {
    const [vector] = vectors.resumeFloor;
    const key = hex(vector?.key ?? '');
    fc.assert(
      fc.property(mutationOf(hex(...(vector?.hex ?? []))), (bytes) => {
        const floor = decodeResumeFloor(bytes);
        return typeof floor === 'string' || !isFloorAuthentic(suite, key, floor);
      }),
    );
  });
});

describe('clear packets against noise (§4)', () => {
  const decoders = [
    decodeH1,
    decodeH2,
    decodeH3,
    decodeRetry,
    decodeResume,
    decodeResumeAck,
    decodeResumeFloor,
  ];

  it('names a reason for whatever is no packet, and never throws', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.nat(6),
        fc.integer({ min: 5, max: 12 }),
        (rest, i, type) => {
          for (const bytes of [rest, concatBytes(new Uint8Array([type]), rest)]) {
            const decoded = decoders[i]?.(bytes);
            expect(['string', 'object']).toContain(typeof decoded);
          }
        },
      ),
    );
  });

  it('what decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(
        bytesOf(120),
        fc.constantFrom('10', '11', '12', '14', '15', '16'),
        anyConnection,
        (rest, shape, id) => {
          const field = id < 256 ? [1, 0, id] : [2, id >> 8, id & 255];
          const bytes = new Uint8Array([0x05, Number.parseInt(shape, 16), ...field, ...rest]);
          const h1 = decodeH1(bytes);
          expect(typeof h1).toBe('object');
          if (typeof h1 === 'object') expect(encodeH1(h1.clear, h1.noise, h1.proof)).toEqual(bytes);
        },
      ),
    );
  });
});
