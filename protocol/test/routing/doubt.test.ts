import { describe, expect, it } from 'vitest';
import type { LinkInfo } from '../../src/kernel/link.js';
import { LAN } from './fake-suite.js';
import { A, B, byId, frame, PACKET } from './frames.js';
import { destination, entry, key, Lone } from './lone.js';

const SLOW: LinkInfo = { ...LAN, kind: 'radio', bitrate: 5000 };

/** Two ways to `destination(5)`: by A, and a longer one by B. */
function crossing(link: LinkInfo = LAN): Lone {
  const lone = new Lone();
  lone.greet(A, link);
  lone.greet(B, link);
  lone.routes(A, entry(5, {}));
  lone.routes(B, entry(5, { metric: 97 }));
  lone.wait(1000);
  lone.take();
  return lone;
}

/** Sends one packet there: whom it goes to, and whether that one is doubted by it. */
function send(lone: Lone): { to: number | undefined; isDoubted: boolean } {
  lone.input({ kind: 'send', to: key(5), packet: PACKET });
  const outputs = lone.take();
  const sent = outputs.find((o) => o.kind === 'transmit');
  const to = sent?.kind === 'transmit' ? sent.via.link : undefined;
  return { to, isDoubted: outputs.some((o) => o.kind === 'neighborDoubted') };
}

describe('a neighbor that frames go to and nothing comes from (SPEC §8.4)', () => {
  it('is doubted after half a second, and gone round until it is heard', () => {
    const lone = crossing();
    expect(send(lone)).toEqual({ to: A, isDoubted: false });
    lone.wait(499);
    expect(send(lone)).toEqual({ to: A, isDoubted: false });
    lone.wait(1);
    expect(send(lone)).toEqual({ to: A, isDoubted: true });
    expect(send(lone)).toEqual({ to: B, isDoubted: false });
    lone.input({ kind: 'heard', neighbor: A });
    expect(send(lone)).toEqual({ to: A, isDoubted: false });
  });

  it('is not doubted while anything comes, or when frames are rare', () => {
    const lone = crossing();
    for (let i = 0; i < 50; i++) {
      expect(send(lone)).toEqual({ to: A, isDoubted: false });
      lone.wait(100);
      lone.input({ kind: 'heard', neighbor: A });
    }
    for (let i = 0; i < 20; i++) {
      expect(send(lone)).toEqual({ to: A, isDoubted: false });
      lone.wait(5001);
    }
  });

  it('is doubted once in 5 s at most where it never speaks', () => {
    const lone = crossing();
    let doubts = 0;
    for (let ms = 0; ms < 60_000; ms += 100) {
      if (send(lone).isDoubted) doubts++;
      lone.input({ kind: 'heard', neighbor: B });
      lone.wait(100);
    }
    expect(doubts).toBeGreaterThan(3);
    expect(doubts).toBeLessThanOrEqual(12);
  });

  it('is given time on a slow link: doubts take 2 % of it at most', () => {
    const lone = crossing(SLOW);
    send(lone);
    lone.wait(5500);
    expect(send(lone).isDoubted).toBe(false);
    lone.wait(200);
    expect(send(lone).isDoubted).toBe(true);
  });

  it('is never gone round by where the frame came from', () => {
    const lone = crossing();
    const pass = (counter: number): unknown => {
      lone.input(frame(B, counter, byId(B, destination(5))));
      const [sent] = lone.take().filter((o) => o.kind === 'transmit');
      return sent?.kind === 'transmit' ? sent.via.link : undefined;
    };
    expect(pass(0)).toBe(A);
    lone.wait(600);
    expect([pass(1), pass(2)]).toEqual([A, A]);
  });
});
