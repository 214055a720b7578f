import { Prng } from '@fogwisp/protocol/sim';
import { type CborValue, encodeValue } from '../../src/cbor/value.js';
import type { CryptoSuite } from '../../src/crypto/suite.js';
import { Framer } from '../../src/framing/framer.js';
import { encodeCertificate } from '../../src/identity/certificate.js';
import { signEntry } from '../../src/identity/entry.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { createNetworkKey, formatNetworkKey, type NetworkKey } from '../../src/identity/network.js';
import { signRecord } from '../../src/identity/record.js';
import { concatBytes } from '../../src/kernel/bytes.js';
import { encodeUtf8 } from '../../src/kernel/utf8.js';
import { encodeBeacon } from '../../src/packet/beacon.js';
import { encodeForward } from '../../src/packet/forward.js';
import { fragmentPacket } from '../../src/packet/fragment.js';
import {
  encodeH1,
  encodeH2,
  encodeH3,
  encodeRetry,
  h1Clear,
  h2Clear,
  h3Clear,
} from '../../src/packet/handshake.js';
import {
  encodeResume,
  encodeResumeAck,
  encodeResumeFloor,
  resumeAckClear,
  resumeClear,
} from '../../src/packet/resume.js';
import { encodeSessionHeader } from '../../src/packet/session-header.js';
import { TicketTable } from '../../src/session/tickets.js';
import { randomBody } from './messages.js';
import { randomBytesOf } from './mutate.js';
import { stubSuite } from './stub-suite.js';

/** Well-formed packets of every kind, to be spoiled. */
export interface Samples {
  readonly suite: CryptoSuite;
  readonly network: NetworkKey;
  readonly identity: Identity;
  readonly packets: Readonly<Record<SampleName, readonly Uint8Array[]>>;
}

export type SampleName =
  | 'beacon'
  | 'h1'
  | 'h2'
  | 'h3'
  | 'retry'
  | 'resume'
  | 'resumeAck'
  | 'resumeFloor'
  | 'ticket'
  | 'session'
  | 'forward'
  | 'fragment'
  | 'body'
  | 'value'
  | 'record'
  | 'entry'
  | 'certificate'
  | 'networkKeyText'
  | 'text'
  | 'frame';

export function samples(): Samples {
  const chance = new Prng(1);
  const suite = stubSuite();
  const network = createNetworkKey(suite, chance);
  const identity = createIdentity(suite, chance);
  const record = recordOf(suite, identity, 'lamp');
  const packets = {
    beacon: [encodeBeacon(suite, network.key, { publicKey: identity.publicKey, boot: 7 })],
    ...handshakePackets(chance),
    ...resumePackets(chance, suite, network, identity),
    session: sessionPackets(chance),
    forward: forwardFrames(suite, network),
    fragment: [64, 120, 250].map((mtu) => {
      const pieces = fragmentPacket(randomBytesOf(chance, 600), mtu, chance.below(4096)) ?? [];
      return concatBytes(...pieces);
    }),
    body: bodies(chance, [identity.id.subarray(0, 8)], record),
    value: values().map((value) => encodeValue(value)),
    record: [record, recordOf(suite, identity, '')],
    entry: [signEntry(suite, identity, { boot: 300, subject: 2, key: identity.id.subarray(8) })],
    certificate: [
      encodeCertificate(suite, identity, identity.publicKey, { network: network.id, expiresAt: 1, roles: 3 }),
    ],
    networkKeyText: [encodeUtf8(formatNetworkKey(network))],
    text: ['a', 'ä€😀', 'topic/door', '\u{10ffff}\ud7ff'].map((text) => encodeUtf8(text)),
    frame: frames(chance),
  };
  return { suite, network, identity, packets };
}

export function recordOf(suite: CryptoSuite, identity: Identity, name: string): Uint8Array {
  const { publicKey } = identity;
  return signRecord(suite, identity, { publicKey, boot: 3, sequence: 1, name, claimedAt: 9, flags: 0 });
}

function handshakePackets(chance: Prng) {
  const noise = (length: number): Uint8Array => randomBytesOf(chance, length);
  const proof = { secretEpoch: 3, mac: noise(8) };
  return {
    h1: [
      encodeH1(h1Clear('KK', 5, noise(5)), noise(48)),
      encodeH1(h1Clear('IK', 0x1234, undefined), noise(96)),
      encodeH1(h1Clear('XX', 0xff, undefined), noise(48), proof),
      encodeH1(h1Clear('XX', 0xff, undefined), noise(130)),
    ],
    h2: [encodeH2(h2Clear(5, 0x100), noise(48)), encodeH2(h2Clear(0xffff, 1), noise(96))],
    h3: [encodeH3(h3Clear(7), noise(64)), encodeH3(h3Clear(0x700), noise(146))],
    retry: [encodeRetry({ initiator: 0x1234, secretEpoch: 200, cookie: noise(8) })],
  };
}

function resumePackets(chance: Prng, suite: CryptoSuite, network: NetworkKey, identity: Identity) {
  const noise = (length: number): Uint8Array => randomBytesOf(chance, length);
  const table = new TicketTable(suite, identity, 4);
  const peer = createIdentity(suite, chance);
  const { ticket } = table.issue(peer.publicKey, noise(32), 1_700_000_000);
  return {
    resume: [
      encodeResume(resumeClear(0x102, 0xdead_beef, 513), noise(16)),
      encodeResume(resumeClear(0xffff, 1, 0), noise(80)),
    ],
    resumeAck: [encodeResumeAck(resumeAckClear(0x102, 0x304, noise(8)), noise(16))],
    resumeFloor: [encodeResumeFloor(suite, network.key, 0xdead_beef, 0xffff_fffe)],
    ticket: [table.write(ticket)],
  };
}

function sessionPackets(chance: Prng): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (const counterLength of [1, 2, 3, 4] as const) {
    for (const connection of [5, 0x1234]) {
      const tagLength = connection === 5 ? 8 : 16;
      const header = { phase: 1, connection, counter: 0x0102_0304, counterLength, tagLength } as const;
      packets.push(concatBytes(encodeSessionHeader(header), randomBytesOf(chance, 30)));
    }
  }
  return packets;
}

function forwardFrames(suite: CryptoSuite, network: NetworkKey): Uint8Array[] {
  const packet = new Uint8Array([0x82, 5, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
  const [destination, source] = [new Uint8Array(8).fill(1), new Uint8Array(8).fill(2)];
  const frames = [
    { kind: 'label', hopsLeft: 19, label: 0x102, packet },
    { kind: 'label', hopsLeft: 0, label: 0xffff, packet },
    { kind: 'byId', ttl: 254, destination, source, packet },
  ] as const;
  return frames.map((frame) => encodeForward(suite, network.key, 0x1_2345, frame));
}

function bodies(chance: Prng, shortIds: readonly Uint8Array[], record: Uint8Array): Uint8Array[] {
  const words = { shortIds, paths: ['door', 'a/b', 'ä'], records: [record] };
  return Array.from({ length: 60 }, () => randomBody(chance, words));
}

function values(): CborValue[] {
  return [
    0,
    -1,
    2 ** 53 - 1,
    1.5,
    1e300,
    Number.NaN,
    'text',
    true,
    null,
    new Uint8Array([1, 2]),
    [1, [2, [3, [4, ['five']]]]],
    { a: 1, bb: [true, false, null], ä: { nested: new Uint8Array(30) } },
    Array.from({ length: 40 }, (_, i) => i * 1000),
  ];
}

function frames(chance: Prng): Uint8Array[] {
  const framer = new Framer(256);
  const zeros = new Uint8Array(90);
  const packets = [new Uint8Array([1]), zeros, randomBytesOf(chance, 253), randomBytesOf(chance, 256)];
  const encoded = packets.map((packet) => framer.encodeFrame(packet));
  return [...encoded, concatBytes(...encoded), concatBytes(new Uint8Array(1), ...encoded.slice(0, 2))];
}
