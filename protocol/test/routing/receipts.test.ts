import { describe, expect, it } from 'vitest';
import type { RouterOutput } from '../../src/routing/doors.js';
import { LAN } from './fake-suite.js';
import { entry, Lone } from './lone.js';

const ROUTE_COUNT = 40;
/** So few bytes in a packet that all routes take several messages. */
const SMALL = { ...LAN, mtu: 250 };

function tagsOf(outputs: readonly RouterOutput[], neighbor: number): readonly number[] {
  return outputs.flatMap((o) =>
    o.kind === 'message' && o.neighbor === neighbor && o.message.kind === 'routes' && o.tag !== undefined
      ? [o.tag]
      : [],
  );
}

function told(sendQueueMax: number): Lone {
  const lone = new Lone({ sendQueueMax });
  lone.greet(1);
  lone.greet(2, SMALL);
  lone.wait(1000);
  for (const tag of tagsOf(lone.take(), 2)) lone.input({ kind: 'settled', tag, ok: true });
  const entries = Array.from({ length: ROUTE_COUNT }, (_, n) => entry(n, {}));
  lone.routes(1, ...entries);
  lone.wait(500);
  return lone;
}

describe('routes that wait for their receipts (§8.3)', () => {
  it('with much room for what waits, a neighbor is told all at once', () => {
    expect(tagsOf(told(1024).take(), 2).length).toBeGreaterThan(3);
  });

  it('with little room it is told one message, and the next one after each receipt', () => {
    const lone = told(16);
    let tags = tagsOf(lone.take(), 2);
    let count = 0;
    for (; tags.length > 0; tags = tagsOf(lone.take(), 2)) {
      expect(tags.length).toBe(1);
      lone.wait(10_000);
      expect(tagsOf(lone.take(), 2)).toEqual([]);
      lone.input({ kind: 'settled', tag: tags[0] ?? 0, ok: true });
      lone.wait(2000);
      count++;
    }
    expect(count).toBeGreaterThan(3);
  });

  it('what failed is waited for no longer, nor what the session took with it', () => {
    const lone = told(16);
    const [tag = 0] = tagsOf(lone.take(), 2);
    lone.input({ kind: 'settled', tag, ok: false });
    lone.wait(2000);
    expect(tagsOf(lone.take(), 2).length).toBe(1);
    lone.input({ kind: 'neighborClosed', neighbor: 2 });
    lone.up(2, SMALL);
    lone.wait(2000);
    expect(tagsOf(lone.take(), 2).length).toBe(1);
  });
});
