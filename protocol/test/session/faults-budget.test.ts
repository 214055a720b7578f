import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/identity/identity.js';
import { concatBytes } from '../../src/kernel/bytes.js';
import { randomBytes } from '../../src/kernel/random.js';
import { decodeH2, decodeRetry, type RetryPacket } from '../../src/packet/handshake.js';
import { encodeSessionHeader } from '../../src/packet/session-header.js';
import { Attempt } from '../../src/session/handshake.js';
import { countingSuite } from '../node/counting-suite.js';
import { Duo } from './duo.js';

const SUITE = nodeSuite();
const [H1, H2, RETRY] = [0x05, 0x06, 0x08];

describe('H1 in floods (§7.3)', () => {
  /** H1 of a member who is unknown. */
  function attemptOf(duo: Duo, pattern: 'KK' | 'XX', connection = 0x100): Attempt {
    const e = SUITE.dhKeyPair(randomBytes(new Prng(connection, duo.sent.length), 32));
    const self = { suite: SUITE, identity: duo.owner, network: duo.network };
    return new Attempt(self, pattern, connection, e, pattern === 'KK' ? duo.b.identity.publicKey : undefined);
  }

  function answersTo(duo: Duo, bytes: Uint8Array, address = 'a'): readonly Uint8Array[] {
    const before = duo.sent.length;
    duo.input(duo.b, { kind: 'packet', via: { kind: 'direct', link: 1, address }, bytes, mtu: 1200 });
    return duo.sent.slice(before).map((one) => one.bytes);
  }

  function retryFor(duo: Duo, bytes: Uint8Array, address = 'a'): RetryPacket | undefined {
    const answers = answersTo(duo, bytes, address).map(decodeRetry);
    return answers.find((answer) => typeof answer !== 'string');
  }

  it('proofs have a budget as large as that of anybody, and no more', () => {
    const duo = new Duo({ suite: SUITE, limits: { dhPerSecondMax: 20 } });
    for (let n = 0; n < 60; n++) {
      const attempt = attemptOf(duo, 'XX', 0x100 + n);
      const retry = retryFor(duo, attempt.packet);
      if (retry === undefined) continue;
      attempt.prove(retry.secretEpoch, retry.cookie);
      answersTo(duo, attempt.packet);
    }
    // XX costs four: five for anybody, five for proofs.
    expect(duo.sent.filter(({ bytes }) => bytes[0] === H2)).toHaveLength(10);
    expect(duo.b.dropped).toEqual(Array.from({ length: 50 }, () => 'overLimit'));
  });

  it('a cookie is for one H1 from one address', () => {
    const duo = new Duo({ suite: SUITE, limits: { dhPerSecondMax: 0 } });
    const cookieOf = (attempt: Attempt, address?: string): string =>
      String(retryFor(duo, attempt.packet, address)?.cookie);
    const attempt = attemptOf(duo, 'XX', 0x100);
    const same = cookieOf(attempt);
    expect(cookieOf(attempt)).toBe(same);
    const e = SUITE.dhKeyPair(new Uint8Array(32).fill(9));
    const self = { suite: SUITE, identity: duo.owner, network: duo.network };
    const others = [
      cookieOf(attempt, 'elsewhere'),
      cookieOf(new Attempt(self, 'XX', 0x100, e)),
      cookieOf(new Attempt(self, 'XX', 0x101, e)),
    ];
    expect(new Set([same, ...others]).size).toBe(4);
  });

  it('a wrong proof counts as none', () => {
    const [busy, idle] = [
      new Duo({ suite: SUITE, limits: { dhPerSecondMax: 0 } }),
      new Duo({ suite: SUITE }),
    ];
    for (const duo of [busy, idle]) {
      const attempt = attemptOf(duo, 'XX');
      attempt.prove(0, new Uint8Array(8));
      const [answer] = answersTo(duo, attempt.packet);
      expect(answer?.[0]).toBe(duo === busy ? RETRY : H2);
    }
  });

  it('KK of somebody unknown costs neither budget nor DH', () => {
    const suite = countingSuite(SUITE);
    const duo = new Duo({ suite, limits: { dhPerSecondMax: 5 } });
    const before = suite.counts.dh;
    for (let n = 0; n < 50; n++) expect(answersTo(duo, attemptOf(duo, 'KK', 0x100 + n).packet)).toEqual([]);
    expect(suite.counts.dh).toBe(before);
    expect(new Set(duo.b.dropped)).toEqual(new Set(['unknownKey']));
    expect(answersTo(duo, attemptOf(duo, 'XX').packet)[0]?.[0]).toBe(H2);
  });

  it('of provisional sessions there are so many: the oldest goes', () => {
    const duo = new Duo({ suite: SUITE, limits: { provisionalCountMax: 4 } });
    const confirmations: Uint8Array[] = [];
    for (let n = 0; n < 12; n++) {
      const attempt = attemptOf(duo, 'XX', 0x100 + n);
      const h2 = decodeH2(answersTo(duo, attempt.packet)[0] ?? new Uint8Array());
      const finished = typeof h2 === 'string' ? undefined : attempt.finish(h2);
      if (finished?.confirmation !== undefined) confirmations.push(finished.confirmation);
    }
    expect(confirmations).toHaveLength(12);
    for (const h3 of confirmations) answersTo(duo, h3);
    expect(duo.b.dropped).toEqual(Array.from({ length: 8 }, () => 'unexpected'));
  });

  it('openings to strangers take half of the places, and make room for whoever is awaited (§8.1)', () => {
    const duo = new Duo({ suite: SUITE });
    const open = (n: number, isAwaited: boolean): void => {
      const { publicKey, key: peer } = createIdentity(SUITE, new Prng(n, 3));
      const via = { kind: 'direct', link: 1, address: `x${n}` } as const;
      duo.input(duo.a, { kind: 'learn', publicKey, isHint: !isAwaited });
      const message = { kind: 'ping', token: 1, sentAt: 0 } as const;
      if (isAwaited) duo.input(duo.a, { kind: 'send', peer, message, delivery: 'datagram' });
      duo.input(duo.a, { kind: 'open', peer, via, patienceMs: 250, mtu: 1200 });
    };
    const begun = (): number => duo.sent.filter(({ bytes }) => bytes[0] === H1).length;
    for (let n = 0; n < 40; n++) open(n, false);
    expect(begun()).toBe(16);
    for (let n = 40; n < 72; n++) open(n, true);
    expect(begun()).toBe(16 + 32);
    open(72, true);
    open(73, false);
    expect(begun()).toBe(16 + 32);
  });

  it('sessions with so many peers: who comes then waits until one was silent for a minute (§10)', () => {
    const duo = new Duo({ suite: SUITE, limits: { sessionCountMax: 3 } });
    const meet = (n: number): void => {
      const self = { suite: SUITE, identity: createIdentity(SUITE, new Prng(n, 1)), network: duo.network };
      const attempt = new Attempt(self, 'XX', 0x200 + n, SUITE.dhKeyPair(randomBytes(new Prng(n, 2), 32)));
      const h2 = decodeH2(answersTo(duo, attempt.packet, `x${n}`)[0] ?? new Uint8Array());
      const finished = typeof h2 === 'string' ? undefined : attempt.finish(h2);
      if (typeof h2 === 'string' || finished?.confirmation === undefined) throw new Error('b answers');
      answersTo(duo, finished.confirmation, `x${n}`);
      const shape = {
        phase: 0,
        connection: h2.responder,
        counter: 0,
        counterLength: 2,
        tagLength: 16,
      } as const;
      const header = encodeSessionHeader(shape);
      const sealed = SUITE.seal(finished.keys.send, 0, header, new Uint8Array(), 16);
      answersTo(duo, concatBytes(header, sealed), `x${n}`);
    };
    for (let n = 0; n < 20; n++) meet(n);
    expect([duo.count(duo.b, 'opened'), duo.count(duo.b, 'closed')]).toEqual([3, 0]);
    duo.filter = () => false;
    duo.runFor(61_000);
    for (let n = 20; n < 40; n++) meet(n);
    expect(duo.count(duo.b, 'opened')).toBe(6);
  });

  it.each([
    [4900, 1],
    [5100, 0],
  ])('a session whose first packet comes after %i ms opens %i times (§7.2)', (ms, opened) => {
    const duo = new Duo({ suite: SUITE });
    duo.input(duo.a, { kind: 'learn', publicKey: duo.b.identity.publicKey });
    const held: Uint8Array[] = [];
    duo.filter = (_, bytes) => bytes[0] === H1 || bytes[0] === H2 || held.push(bytes) === 0;
    duo.open(duo.a, duo.b);
    duo.runFor(ms);
    duo.inject(duo.b, duo.a, held[0] ?? new Uint8Array());
    expect(duo.count(duo.b, 'opened')).toBe(opened);
  });
});
