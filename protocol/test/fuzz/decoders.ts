import { Prng } from '@fogwisp/protocol/sim';
import { decodeValue, encodeValue } from '../../src/cbor/value.js';
import { CborWriter } from '../../src/cbor/writer.js';
import { Framer } from '../../src/framing/framer.js';
import { decodeCertificate } from '../../src/identity/certificate.js';
import { decodeEntry } from '../../src/identity/entry.js';
import { formatNetworkKey, parseNetworkKey } from '../../src/identity/network.js';
import { decodeRecord, verifyRecord } from '../../src/identity/record.js';
import { equalBytes, toHex } from '../../src/kernel/bytes.js';
import { decodeUtf8, encodeUtf8 } from '../../src/kernel/utf8.js';
import { decodeBeacon } from '../../src/packet/beacon.js';
import { decodeMessages, encodeMessage } from '../../src/packet/codec.js';
import { decodeForward, isForwardAuthentic } from '../../src/packet/forward.js';
import { DATAGRAM_BYTES_MAX, Reassembler } from '../../src/packet/fragment.js';
import {
  decodeH1,
  decodeH2,
  decodeH3,
  decodeRetry,
  encodeH1,
  encodeH2,
  encodeH3,
  encodeRetry,
} from '../../src/packet/handshake.js';
import {
  decodeResume,
  decodeResumeAck,
  decodeResumeFloor,
  encodeResume,
  encodeResumeAck,
  isFloorAuthentic,
} from '../../src/packet/resume.js';
import { decodeSessionHeader, encodeSessionHeader, expandCounter } from '../../src/packet/session-header.js';
import { TicketTable } from '../../src/session/tickets.js';
import { mutate, randomBytesOf } from './mutate.js';
import { type Samples, samples } from './samples.js';

/** One way into the house for bytes from outside, and what must hold for whatever comes in. */
export interface Target {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Throws when the promise is broken. */
  readonly check: (bytes: Uint8Array, chance: Prng) => void;
}

/** What is not a reason to drop is exactly what its encoder writes. */
function same(written: Uint8Array | undefined, bytes: Uint8Array): void {
  if (written === undefined || equalBytes(written, bytes)) return;
  throw new Error(`decoded, but written differently: ${toHex(written)}`);
}

function holds(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what);
}

export function decoderTargets(): readonly Target[] {
  const all = samples();
  return [...handshakeTargets(all), ...resumeTargets(all), ...sealedTargets(all), ...recordTargets(all)];
}

function handshakeTargets({ suite, network, packets }: Samples): readonly Target[] {
  return [
    {
      name: 'beacon',
      samples: packets.beacon,
      check: (bytes) => {
        const beacon = decodeBeacon(suite, network.key, bytes);
        holds(typeof beacon === 'string' || beacon.publicKey.length === 32, 'a beacon has a key');
      },
    },
    {
      name: 'h1',
      samples: packets.h1,
      check: (bytes) => {
        const h1 = decodeH1(bytes);
        if (typeof h1 === 'string') return;
        same(encodeH1(h1.clear, h1.noise, h1.proof), bytes);
      },
    },
    {
      name: 'h2',
      samples: packets.h2,
      check: (bytes) => {
        const h2 = decodeH2(bytes);
        if (typeof h2 !== 'string') same(encodeH2(h2.clear, h2.noise), bytes);
      },
    },
    {
      name: 'h3',
      samples: packets.h3,
      check: (bytes) => {
        const h3 = decodeH3(bytes);
        if (typeof h3 !== 'string') same(encodeH3(h3.clear, h3.noise), bytes);
      },
    },
    {
      name: 'retry',
      samples: packets.retry,
      check: (bytes) => {
        const retry = decodeRetry(bytes);
        if (typeof retry !== 'string') same(encodeRetry(retry), bytes);
      },
    },
  ];
}

function resumeTargets({ suite, network, identity, packets }: Samples): readonly Target[] {
  return [
    {
      name: 'resume',
      samples: packets.resume,
      check: (bytes) => {
        const resume = decodeResume(bytes);
        if (typeof resume !== 'string') same(encodeResume(resume.clear, resume.sealed), bytes);
      },
    },
    {
      name: 'resumeAck',
      samples: packets.resumeAck,
      check: (bytes) => {
        const ack = decodeResumeAck(bytes);
        if (typeof ack !== 'string') same(encodeResumeAck(ack.clear, ack.tag), bytes);
      },
    },
    {
      name: 'resumeFloor',
      samples: packets.resumeFloor,
      check: (bytes) => {
        const floor = decodeResumeFloor(bytes);
        if (typeof floor !== 'string') isFloorAuthentic(suite, network.key, floor);
      },
    },
    {
      name: 'ticket',
      samples: packets.ticket,
      check: (bytes) => {
        const table = new TicketTable(suite, identity, 4);
        const isWhole = packets.ticket.some((ticket) => equalBytes(ticket, bytes));
        holds((table.restore(bytes) === undefined) !== isWhole, 'a damaged ticket is not restored');
      },
    },
  ];
}

function sealedTargets({ suite, network, packets }: Samples): readonly Target[] {
  return [
    {
      name: 'session header',
      samples: packets.session,
      check: (bytes, chance) => {
        const packet = decodeSessionHeader(bytes);
        if (typeof packet === 'string') return;
        same(encodeSessionHeader(packet), packet.header);
        const counter = expandCounter(packet.counter, packet.counterLength, chance.next());
        holds(counter >= 0 && Number.isSafeInteger(counter), 'a counter is a whole number');
      },
    },
    {
      name: 'forward frame',
      samples: packets.forward,
      check: (bytes) => {
        const frame = decodeForward(bytes);
        if (typeof frame === 'string') return;
        holds(frame.packet.length > 0, 'a frame carries something');
        isForwardAuthentic(suite, network.key, frame.counter, bytes);
      },
    },
    { name: 'fragments', samples: packets.fragment, check: checkFragments },
    {
      name: 'messages',
      samples: packets.body,
      check: (bytes) => {
        const messages = decodeMessages(bytes);
        if (messages === undefined) return;
        const into = new CborWriter();
        for (const message of messages) encodeMessage(message, into);
        same(into.finish(), bytes);
      },
    },
    {
      name: 'value',
      samples: packets.value,
      check: (bytes) => {
        const decoded = decodeValue(bytes);
        if (decoded.ok) same(encodeValue(decoded.value), bytes);
      },
    },
  ];
}

function recordTargets({ suite, packets }: Samples): readonly Target[] {
  return [
    {
      name: 'record',
      samples: packets.record,
      check: (bytes) => {
        decodeRecord(bytes);
        const isWhole = packets.record.some((record) => equalBytes(record, bytes));
        holds((verifyRecord(suite, bytes) === undefined) !== isWhole, 'a changed record does not verify');
      },
    },
    {
      name: 'index entry',
      samples: packets.entry,
      check: (bytes) => {
        const decoded = decodeEntry(bytes);
        if (decoded === undefined) return;
        const { entry, signed, signature } = decoded;
        const isWhole = packets.entry.some((whole) => equalBytes(whole, bytes));
        const isSigned = suite.verify(entry.publicKey, signed, signature);
        holds(isSigned === isWhole, 'a changed entry does not verify');
      },
    },
    {
      name: 'certificate',
      samples: packets.certificate,
      check: (bytes) => holds(decodeCertificate(bytes)?.issuer.length !== 0, 'a certificate has an issuer'),
    },
    {
      name: 'network key text',
      samples: packets.networkKeyText,
      check: (bytes) => {
        const text = decodeUtf8(bytes) ?? String.fromCharCode(...bytes);
        const network = parseNetworkKey(suite, text);
        if (network === undefined) return;
        holds(parseNetworkKey(suite, formatNetworkKey(network)) !== undefined, 'a key is read as written');
      },
    },
    {
      name: 'utf8',
      samples: packets.text,
      check: (bytes) => {
        const text = decodeUtf8(bytes);
        if (text !== undefined) same(encodeUtf8(text), bytes);
      },
    },
    { name: 'framer', samples: packets.frame, check: checkFramer },
  ];
}

/** The bytes as a row of fragments of random lengths, from strangers and neighbours. */
function checkFragments(bytes: Uint8Array, chance: Prng): void {
  const reassembler = new Reassembler();
  let now = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + chance.between(1, 80));
    const piece = new Uint8Array(bytes.subarray(at, end));
    if (chance.chance(0.8)) piece[0] = 0x60 | ((piece[0] ?? 0) & 1);
    if (chance.chance(0.8) && piece.length > 2) piece[2] = chance.below(4);
    const address = chance.pick(['x', 'y', 'z']);
    const source = { link: 1, address, isAuthenticated: address === 'x', lifetimeMs: 2000 };
    const whole = reassembler.push(now, source, piece);
    if (whole instanceof Uint8Array) {
      holds(whole.length > 0 && whole.length <= DATAGRAM_BYTES_MAX, 'a whole packet has its bounds');
    }
    now += chance.below(700);
    at = end;
  }
}

/** However a stream is cut, the same packets come out of it. */
function checkFramer(bytes: Uint8Array, chance: Prng): void {
  const [whole, pieces] = [new Framer(256), new Framer(256)];
  whole.push(bytes);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + chance.between(1, 33));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  for (;;) {
    const [a, b] = [whole.shift(), pieces.shift()];
    holds((a === undefined) === (b === undefined), 'as many packets');
    if (a === undefined || b === undefined) break;
    same(a, b);
    holds(a.length > 0 && a.length <= 256, 'a packet has its bounds');
  }
  holds(whole.dropped === pieces.dropped, 'as many frames dropped');
}

/** Runs `cases` inputs made from `seed`: noise, and samples with something changed. */
export function fuzzDecoder(target: Target, seed: number, cases: number): void {
  const chance = new Prng(seed, 0x0dec_0de5);
  for (let i = 0; i < cases; i++) {
    const bytes = chance.chance(0.1)
      ? randomBytesOf(chance, chance.below(120))
      : mutate(chance, chance.pick(target.samples), target.samples);
    try {
      target.check(bytes, chance);
    } catch (cause) {
      throw new Error(`${target.name}, seed ${seed}, case ${i}: ${toHex(bytes)}`, { cause });
    }
  }
}
