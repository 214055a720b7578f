import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Outgoing, OutgoingQueue } from '../src/bridge/queue.js';

function message(topic: string, payload: string, latest = false): Outgoing {
  return { topic, payload, retain: latest, latest };
}

function drain(queue: OutgoingQueue): string[] {
  const payloads: string[] = [];
  for (let next = queue.takeNext(); next !== undefined; next = queue.takeNext()) {
    payloads.push(String(next.message.payload));
    queue.settle(next.number);
  }
  return payloads;
}

describe('the queue to the broker', () => {
  it('keeps the order', () => {
    const queue = new OutgoingQueue(10);
    for (const payload of ['1', '2', '3']) queue.push(message('t', payload));
    expect(drain(queue)).toEqual(['1', '2', '3']);
    expect(queue.length).toBe(0);
  });

  it('keeps a message until it is settled, and sends it again after a broken connection, first', () => {
    const queue = new OutgoingQueue(10);
    for (const payload of ['1', '2', '3']) queue.push(message('t', payload));
    const first = queue.takeNext();
    queue.takeNext();
    queue.settle(first?.number ?? 0);
    queue.requeue();
    expect(queue.sentCount).toBe(0);
    expect(drain(queue)).toEqual(['2', '3']);
  });

  it('lets the newest take the place of what only its newest value matters', () => {
    const queue = new OutgoingQueue(10);
    queue.push(message('peers', 'old', true));
    queue.push(message('t', '1'));
    queue.push(message('peers', 'new', true));
    expect(drain(queue)).toEqual(['new', '1']);
  });

  it('does not change what is on its way', () => {
    const queue = new OutgoingQueue(10);
    queue.push(message('peers', 'old', true));
    const sent = queue.takeNext();
    queue.push(message('peers', 'new', true));
    expect(sent?.message.payload).toBe('old');
    queue.settle(sent?.number ?? 0);
    expect(drain(queue)).toEqual(['new']);
  });

  it('drops the oldest that waits when it is full, and counts it', () => {
    const queue = new OutgoingQueue(3);
    for (const payload of ['1', '2', '3', '4', '5']) queue.push(message('t', payload));
    expect(queue.dropped).toBe(2);
    expect(drain(queue)).toEqual(['3', '4', '5']);
  });

  it('is bounded in bytes, too', () => {
    const queue = new OutgoingQueue(1000, 50);
    for (let i = 0; i < 10; i++) queue.push(message('t', 'x'.repeat(19)));
    expect(queue.length).toBe(2);
    expect(queue.dropped).toBe(8);
  });

  it('loses nothing but what it counts, whatever happens', () => {
    const step = fc.constantFrom('push', 'pushLatest', 'take', 'settle', 'break');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new OutgoingQueue(8);
        const sent: number[] = [];
        let plain = 0;
        let settled = 0;
        for (const [at, what] of steps.entries()) {
          if (what === 'push') queue.push(message('t', String(plain++)));
          if (what === 'pushLatest') queue.push(message('l', String(at), true));
          if (what === 'break') {
            queue.requeue();
            sent.length = 0;
          }
          const next = what === 'take' ? queue.takeNext() : undefined;
          if (next !== undefined) sent.push(next.number);
          const done = what === 'settle' ? sent.shift() : undefined;
          if (done !== undefined) {
            queue.settle(done);
            settled++;
          }
          expect(queue.length).toBeLessThanOrEqual(8 + sent.length);
          expect(queue.sentCount).toBe(sent.length);
        }
        const left = queue.length;
        const latestReplaced = steps.filter((what) => what === 'pushLatest').length;
        expect(settled + left + queue.dropped).toBeLessThanOrEqual(plain + latestReplaced);
        expect(settled + left + queue.dropped).toBeGreaterThanOrEqual(plain);
      }),
    );
  });
});
