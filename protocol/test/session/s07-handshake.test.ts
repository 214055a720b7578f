import { describe, expect, it } from 'vitest';
import { encodeCertificate } from '../../src/identity/certificate.js';
import { Duo } from './duo.js';

const RECORD = { kind: 'publish', alias: 1, body: new Uint8Array(20) } as const;

function sizesOf(duo: Duo): number[] {
  return duo.sent.filter(({ bytes }) => (bytes[0] as number) < 0x18).map(({ bytes }) => bytes.length);
}

describe('handshake (§7.1, §7.2)', () => {
  it('greets a stranger with XX: 53 + 103 + 68 bytes', () => {
    const duo = new Duo();
    duo.greet(duo.a, duo.b);
    duo.runFor(1000);
    expect(sizesOf(duo)).toEqual([53, 103, 68]);
    expect(duo.count(duo.a, 'attached')).toBe(1);
    expect(duo.count(duo.b, 'attached')).toBe(1);
  });

  it('opens to a known key with IK: 101 + 55 bytes', () => {
    const duo = new Duo();
    duo.input(duo.a, { kind: 'learn', publicKey: duo.b.identity.publicKey });
    duo.open(duo.a, duo.b);
    duo.runFor(1000);
    expect(sizesOf(duo)).toEqual([101, 55]);
    expect(duo.count(duo.b, 'attached')).toBe(1);
  });

  it('opens to an acquainted peer with KK: 58 + 55 bytes', () => {
    const duo = new Duo();
    duo.greet(duo.a, duo.b);
    duo.runFor(1000);
    duo.sent.length = 0;
    duo.a.store.clear();
    duo.input(duo.a, { kind: 'close', peer: duo.b.identity.key, code: 0 });
    duo.runFor(100);
    duo.open(duo.a, duo.b);
    duo.runFor(1000);
    // The ticket of the first session is still in memory: RESUME comes first.
    expect(sizesOf(duo)).toEqual([27, 29]);
  });

  it('falls back from KK to IK and to XX when the peer does not know us', () => {
    const duo = new Duo();
    duo.greet(duo.a, duo.b);
    duo.runFor(1000);
    duo.b.store.clear();
    duo.restart(duo.b);
    duo.sent.length = 0;
    duo.a.store.clear();
    duo.open(duo.a, duo.b);
    duo.runFor(5000);
    const sizes = sizesOf(duo);
    expect(sizes.slice(0, 2)).toEqual([27, 27]);
    expect(sizes.slice(2, 4)).toEqual([58, 58]);
    expect(sizes.slice(4, 6)).toEqual([101, 55]);
    expect(duo.count(duo.b, 'attached')).toBe(2);
  });

  it('resolves a simultaneous open to one session', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const duo = new Duo({ seed });
      duo.acquaint();
      duo.open(duo.a, duo.b);
      duo.open(duo.b, duo.a);
      duo.runFor(3000);
      expect([duo.count(duo.a, 'opened'), duo.count(duo.b, 'opened')]).toEqual([1, 1]);
      duo.send(duo.a, RECORD, 'reliable', 1);
      duo.send(duo.b, RECORD, 'reliable', 2);
      duo.runFor(1000);
      expect(duo.a.settled).toEqual([{ tag: 1, ok: true }]);
      expect(duo.b.settled).toEqual([{ tag: 2, ok: true }]);
    }
  });

  it('opens under 40 % loss, whoever begins, and both agree', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const duo = new Duo({ seed, wire: { loss: 0.4, jitterMs: 20 } });
      duo.acquaint();
      duo.send(duo.a, RECORD, 'reliable', 1);
      duo.send(duo.b, RECORD, 'reliable', 2);
      duo.runFor(110_000);
      expect(duo.a.settled).toEqual([{ tag: 1, ok: true }]);
      expect(duo.b.settled).toEqual([{ tag: 2, ok: true }]);
      expect(duo.a.messages.filter((message) => message.kind === 'publish')).toHaveLength(1);
      expect(duo.b.messages.filter((message) => message.kind === 'publish')).toHaveLength(1);
    }
  });

  it('does not open between two networks', () => {
    const duo = new Duo();
    const other = new Duo({ seed: 99 });
    other.greet(other.a, other.b);
    const h1 = other.sent[0]?.bytes as Uint8Array;
    duo.inject(duo.b, duo.a, h1);
    expect(duo.b.dropped).toEqual(['authentication']);
    expect(duo.sent).toEqual([]);
  });

  it('leaves a session alone when somebody forges H1 and H2 for it', () => {
    const duo = new Duo();
    duo.greet(duo.a, duo.b);
    duo.runFor(1000);
    const packets = duo.sent.map(({ bytes }) => bytes);
    for (const packet of packets) {
      duo.inject(duo.b, duo.a, packet);
      duo.inject(duo.a, duo.b, packet);
    }
    duo.runFor(6000);
    duo.send(duo.a, RECORD, 'reliable', 1);
    duo.runFor(1000);
    expect(duo.a.settled).toEqual([{ tag: 1, ok: true }]);
    expect(duo.count(duo.b, 'opened')).toBe(1);
  });
});

describe('budget and RETRY (§7.3)', () => {
  it('asks for a proof once the budget is spent, and opens with it', () => {
    const duo = new Duo({ limits: { dhPerSecondMax: 5 } });
    duo.acquaint();
    const stranger = new Duo({ seed: 7 });
    stranger.greet(stranger.a, stranger.b);
    const forged = stranger.sent[0]?.bytes as Uint8Array;
    duo.inject(duo.b, duo.a, forged);
    duo.open(duo.a, duo.b);
    duo.runFor(1000);
    expect(sizesOf(duo)).toEqual([101, 13, 110, 55]);
    expect(duo.count(duo.b, 'attached')).toBe(1);
  });

  it('lends four answers longer than H1, and one more for four RETRYs or one that was wanted', () => {
    const duo = new Duo();
    const captured = new Duo();
    for (let i = 0; i < 24; i++) {
      const via = { kind: 'direct', link: 1, address: `c${i}` } as const;
      captured.input(captured.a, { kind: 'greet', via, patienceMs: 250, mtu: 1200 });
    }
    const h1s = captured.sent.map(({ bytes }) => bytes);
    const answers = (count: number) => {
      const from = sizesOf(duo).length;
      for (const h1 of h1s.splice(0, count)) duo.inject(duo.b, duo.a, h1);
      return sizesOf(duo).slice(from);
    };
    expect(answers(9)).toEqual([103, 103, 103, 103, 13, 13, 13, 13, 103]);
    const from = sizesOf(duo).length;
    duo.greet(duo.a, duo.b);
    duo.runFor(1000);
    expect(sizesOf(duo).slice(from)).toEqual([53, 13, 62, 103, 68]);
    expect(duo.count(duo.a, 'attached')).toBe(1);
    expect(answers(2)).toEqual([103, 13]);
  });

  it('lends as many for one H1 that comes again and again', () => {
    const duo = new Duo();
    duo.filter = () => false;
    duo.greet(duo.a, duo.b);
    const h1 = duo.sent[0]?.bytes as Uint8Array;
    for (let i = 0; i < 9; i++) duo.inject(duo.b, duo.a, h1);
    expect(sizesOf(duo).slice(1)).toEqual([103, 103, 103, 103, 13, 13, 13, 13, 103]);
  });

  it('never answers an H1 with more bytes than it has, below the budget', () => {
    const duo = new Duo({ limits: { dhPerSecondMax: 0 } });
    duo.acquaint();
    duo.open(duo.a, duo.b);
    duo.runFor(100);
    const answer = duo.sent.find(({ from }) => from === 'b')?.bytes.length;
    expect(answer).toBe(13);
  });

  it('keeps >= 95 % of legitimate handshakes under 100 forged H1 per second', () => {
    let opened = 0;
    const runs = 40;
    const stranger = new Duo({ seed: 4711 });
    stranger.greet(stranger.a, stranger.b);
    const forged = stranger.sent[0]?.bytes as Uint8Array;
    for (let seed = 1; seed <= runs; seed++) {
      const duo = new Duo({ seed, limits: { dhPerSecondMax: 20 } });
      duo.acquaint();
      // The budget is spent before anybody means it.
      for (let i = 0; i < 300; i++) {
        if (i === 200) duo.send(duo.a, RECORD, 'reliable', 1);
        duo.inject(duo.b, duo.a, forged);
        duo.runFor(10);
      }
      if (duo.a.settled[0]?.ok === true) opened++;
    }
    expect(opened).toBeGreaterThanOrEqual(runs * 0.95);
  });
});

describe('certificates (§5.5)', () => {
  it('ride with the static keys at first contact, 82 bytes each, and in no other handshake', () => {
    const terms = { network: new Uint8Array(8), expiresAt: 2_000_000_000, roles: 1 };
    const duo = new Duo({
      certify: (suite, issuer, subject) => encodeCertificate(suite, issuer, subject, terms),
    });
    duo.greet(duo.a, duo.b);
    duo.runFor(1000);
    expect(sizesOf(duo)).toEqual([53, 103 + 82, 68 + 82]);
    expect(duo.count(duo.a, 'attached')).toBe(1);
    const known = new Duo({
      seed: 2,
      certify: (suite, issuer, subject) => encodeCertificate(suite, issuer, subject, terms),
    });
    known.acquaint();
    known.open(known.a, known.b);
    known.runFor(1000);
    expect(sizesOf(known)).toEqual([101 + 82, 55 + 82]);
  });
});
