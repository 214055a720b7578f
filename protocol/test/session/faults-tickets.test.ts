import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { describe, expect, it } from 'vitest';
import { createIdentity } from '../../src/identity/identity.js';
import { copyBytes, toHex } from '../../src/kernel/bytes.js';
import { TicketTable } from '../../src/session/tickets.js';
import { Duo, type End, TestRandom } from './duo.js';

const SUITE = nodeSuite();
const [RESUME, RESUME_ACK, RESUME_FLOOR] = [0x0a, 0x0b, 0x0c];

/** Both hold a ticket, and nothing that `mute` says arrives, so that it stays. */
function muted(seed: number, mute: 'a' | 'b'): Duo {
  const duo = new Duo({ suite: SUITE, seed });
  duo.greet(duo.a, duo.b);
  duo.runFor(2000);
  duo.filter = (from) => from.name !== mute;
  duo.sent.length = 0;
  return duo;
}

function sentBy(duo: Duo, end: End, type: number | undefined): readonly Uint8Array[] {
  return duo.sent
    .filter(({ from, bytes }) => from === end.name && bytes[0] === type)
    .map(({ bytes }) => bytes);
}

/** What must never come twice: the ticket and the counter of a RESUME. */
function nonceOf(resume: Uint8Array): string {
  return toHex(resume.subarray(3, 11));
}

function counterOf(resume: Uint8Array | undefined): number {
  return resume === undefined ? -1 : new DataView(resume.buffer, resume.byteOffset).getUint32(7);
}

/** Tries once, by RESUME if it can. */
function attempt(duo: Duo, ms: number): void {
  duo.open(duo.a, duo.b);
  duo.runFor(ms);
}

describe('counters of a ticket, when the power goes (§7.7)', () => {
  it('none is sent twice, however soon it goes, and none while the store confirms nothing', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const duo = muted(seed, 'a');
      for (let life = 0; life < 30; life++) {
        const before = sentBy(duo, duo.a, RESUME).length;
        const isStored = life % 3 !== seed % 3;
        duo.stores = () => isStored;
        duo.restart(duo.a);
        attempt(duo, 100 * (life % 5));
        for (let i = 0; life === 4 + seed && i < 50; i++) attempt(duo, 20_000);
        if (!isStored) expect(sentBy(duo, duo.a, RESUME)).toHaveLength(before);
      }
      const nonces = sentBy(duo, duo.a, RESUME).map(nonceOf);
      expect(new Set(nonces).size).toBe(nonces.length);
      expect(nonces.length).toBeGreaterThan(100);
    }
  });

  it('none is accepted twice, and none while the store confirms nothing', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const duo = muted(seed, 'b');
      const accepted: string[] = [];
      const give = (resume: Uint8Array): boolean => {
        const before = sentBy(duo, duo.b, RESUME_ACK).length;
        duo.inject(duo.b, duo.a, resume);
        const isAccepted = sentBy(duo, duo.b, RESUME_ACK).length > before;
        if (isAccepted) accepted.push(nonceOf(resume));
        return isAccepted;
      };
      // The answers are lost, so that the ticket stays; floors are not.
      duo.filter = (from, bytes) => from === duo.b && bytes[0] === RESUME_FLOOR;
      for (let life = 0; life < 12; life++) {
        const isStored = life % 3 !== seed % 3;
        duo.stores = (end) => end === duo.a || isStored;
        duo.restart(duo.b);
        const before = accepted.length;
        // Those of the life before come again before anything has moved the floor.
        for (const resume of sentBy(duo, duo.a, RESUME)) give(resume);
        duo.open(duo.a, duo.b);
        for (let ms = 0; ms < 1000; ms += 100) {
          give(sentBy(duo, duo.a, RESUME).at(-1) ?? new Uint8Array());
          duo.runFor(100);
        }
        if (!isStored) expect(accepted).toHaveLength(before);
        for (const resume of sentBy(duo, duo.a, RESUME)) give(resume);
        duo.runFor(20_000);
      }
      expect(new Set(accepted).size).toBe(accepted.length);
      expect(accepted.length).toBeGreaterThan(5);
    }
  });
});

describe('RESUME-FLOOR (§7.7)', () => {
  /** b has a floor beyond the counters of a; `floor` says so and was not delivered. */
  function refused(): { readonly duo: Duo; readonly floor: Uint8Array } {
    const duo = muted(1, 'b');
    duo.restart(duo.b);
    attempt(duo, 20_000);
    const [floor] = sentBy(duo, duo.b, RESUME_FLOOR);
    if (floor === undefined) throw new Error('b answers so');
    return { duo, floor };
  }

  it('comes once a second at most, however often it is due', () => {
    const { duo } = refused();
    const [stale] = sentBy(duo, duo.a, RESUME);
    const before = sentBy(duo, duo.b, RESUME_FLOOR).length;
    for (let i = 0; i < 100; i++) {
      duo.inject(duo.b, duo.a, stale ?? new Uint8Array());
      duo.runFor(50);
    }
    expect(sentBy(duo, duo.b, RESUME_FLOOR).length - before).toBe(5);
  });

  it('moves the counter when it is genuine, not when it was changed, and never back', () => {
    const { duo, floor } = refused();
    const next = (): number => {
      attempt(duo, 20_000);
      return counterOf(sentBy(duo, duo.a, RESUME).at(-1));
    };
    const before = next();
    for (let at = 0; at < floor.length; at++) {
      const spoiled = copyBytes(floor);
      spoiled[at] = (spoiled[at] ?? 0) ^ 1;
      duo.inject(duo.a, duo.b, spoiled);
    }
    expect(next()).toBe(before + 2);
    duo.inject(duo.a, duo.b, floor);
    const moved = next();
    expect(moved).toBeGreaterThan(before + 100);
    duo.inject(duo.a, duo.b, floor);
    expect(next()).toBe(moved + 2);
  });

  it('moves it by 65,536 at most', () => {
    const self = createIdentity(SUITE, new TestRandom(1));
    const table = new TicketTable(SUITE, self, 1);
    const peer = createIdentity(SUITE, new TestRandom(2));
    const { ticket } = table.issue(peer.publicKey, new Uint8Array(32), 0);
    table.jump(ticket, 0x1_0001);
    expect(ticket.sendNext).toBe(0);
    table.jump(ticket, 0x1_0000);
    expect(ticket.sendNext).toBe(0x1_0000);
  });
});
