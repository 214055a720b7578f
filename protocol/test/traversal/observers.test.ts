import { Prng } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import type { DirectVia, Via } from '../../src/kernel/link.js';
import { SessionKeys } from '../../src/session/keys.js';
import { Traversal } from '../../src/traversal/traversal.js';
import { SUITE } from '../node/network.js';
import { UDP_LINK } from './pair.js';

const LINK = 1;
const PEERS = [1, 2, 3, 4] as const;

/** A node behind a box with direct paths to four others, all of whom told it where they see it. */
class Observed {
  readonly #machine = new Traversal({ self: '00'.repeat(16), suite: SUITE, random: new Prng(1, 1) });
  #now = 0;

  constructor() {
    this.#machine.handleInput(0, { kind: 'linkUp', link: LINK, info: UDP_LINK });
    const keys = new SessionKeys(
      SUITE,
      Array.from({ length: 5 }, () => new Uint8Array(32)),
    );
    for (const session of PEERS) {
      const peer = `${session}`.repeat(32);
      this.#machine.handleInput(0, { kind: 'opened', session, peer, keys, formerKeys: undefined });
      this.#machine.handleInput(0, { kind: 'attached', session });
      this.lead(session, viaOf(session));
    }
    this.asked(5000);
  }

  lead(session: number, via: Via): void {
    this.#machine.handleInput(this.#now, { kind: 'path', session, via, isValid: true });
  }

  /** Who is asked within so long; all answer at once. */
  asked(ms: number): readonly number[] {
    const asked: number[] = [];
    const until = this.#now + ms;
    for (; this.#now < until; this.#now += 10) {
      this.#machine.handleInput(this.#now, { kind: 'timeout' });
      for (let o = this.#machine.pollOutput(); o !== undefined; o = this.#machine.pollOutput()) {
        if (o.kind !== 'ping') continue;
        asked.push(o.session);
        const { session, via, token } = o;
        const observed = '203.0.113.1:4747';
        this.#machine.handleInput(this.#now, { kind: 'pong', session, via, token, observed });
      }
    }
    return asked.sort();
  }
}

function viaOf(session: number): DirectVia {
  return { kind: 'direct', link: LINK, address: `198.51.100.${session}:4747` };
}

function relayTo(session: number): Via {
  return { kind: 'relayed', peer: `${session}`.repeat(16) };
}

describe('observers (§7.12)', () => {
  it('are asked again when a direct path gives way, once where many do at once', () => {
    const node = new Observed();
    node.lead(1, relayTo(1));
    expect(node.asked(500)).toEqual([2, 3, 4]);
    node.lead(2, relayTo(2));
    expect(node.asked(500)).toEqual([]);
    node.lead(3, relayTo(3));
    expect(node.asked(500)).toEqual([4]);
  });
});
