import { describe, expect, it } from 'vitest';
import { Neighborhood } from '../../src/node/neighborhood.js';
import type { Parts } from '../../src/node/parts.js';

describe('a PONG (§6.3)', () => {
  it('answers a PING of its own session, not that of another peer', () => {
    const heard: unknown[] = [];
    const machine = { handleInput: (_now: number, input: unknown) => heard.push(input) };
    const parts = { links: new Map(), sessions: { handleInput: () => {} }, paths: machine };
    const neighborhood = new Neighborhood(parts as unknown as Parts);
    const via = { kind: 'direct', link: 1, address: 'b' } as const;
    neighborhood.onTraversal(1000, { kind: 'ping', session: 1, via, token: 7 });
    neighborhood.onPong(1010, 2, { ...via, address: 'c' }, 7);
    expect(heard).toEqual([]);
    neighborhood.onPong(1020, 1, via, 7);
    neighborhood.onPong(1030, 1, via, 7);
    expect(heard).toEqual([{ kind: 'pong', session: 1, via, roundTripMs: 20 }]);
  });
});
