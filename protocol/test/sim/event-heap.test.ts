import { EventHeap, Prng, type Ticket } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';

interface Entry {
  readonly name: number;
  at: number;
  order: number;
}

describe('event heap', () => {
  it('agrees with a sorted list over random additions, moves, removals and takings', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Prng(seed);
      const heap = new EventHeap<number>();
      const model = new Map<Ticket, Entry>();
      let order = 0;
      for (let step = 0; step < 3000; step++) {
        const at = random.below(50);
        const ticket = model.size === 0 ? undefined : random.pick([...model.keys()]);
        const action = random.below(8);
        if (ticket === undefined || action < 4) {
          model.set(heap.add(at, step), { name: step, at, order: order++ });
        } else if (action === 4) {
          heap.move(ticket, at);
          model.set(ticket, { name: model.get(ticket)?.name ?? -1, at, order: order++ });
        } else if (action === 5) {
          heap.remove(ticket);
          model.delete(ticket);
        } else {
          const [first] = [...model].sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
          expect(heap.nextAt).toBe(first?.[1].at);
          expect(heap.shift()).toBe(first?.[1].name);
          if (first !== undefined) model.delete(first[0]);
        }
        expect(heap.size).toBe(model.size);
      }
    }
  });

  it('is empty when it is', () => {
    const heap = new EventHeap<string>();
    expect([heap.size, heap.nextAt, heap.shift()]).toEqual([0, undefined, undefined]);
    heap.remove(heap.add(1, 'x'));
    expect([heap.size, heap.nextAt, heap.shift()]).toEqual([0, undefined, undefined]);
  });
});

describe('chance', () => {
  it('draws the same numbers in every engine', () => {
    const random = new Prng(1);
    expect([random.next(), random.next(), random.next()]).toEqual([2563350177, 3577791709, 1416001351]);
    const bytes = new Uint8Array(5);
    new Prng(0xffff_ffff_ffff, 7).fill(bytes);
    expect(Array.from(bytes)).toEqual([94, 194, 73, 240, 245]);
  });

  it('is even: bits, bounds, shuffles', () => {
    const random = new Prng(3);
    let ones = 0;
    for (let i = 0; i < 10_000; i++) {
      for (let bits = random.next(); bits !== 0; bits &= bits - 1) ones++;
    }
    expect(Math.abs(ones - 160_000)).toBeLessThan(1500);
    const counts = new Uint32Array(5);
    for (let i = 0; i < 50_000; i++) count(counts, random.between(0, 4));
    for (const times of counts) expect(Math.abs(times - 10_000)).toBeLessThan(450);
    const firsts = new Uint32Array(4);
    for (let i = 0; i < 4000; i++) {
      const list = [0, 1, 2, 3];
      random.shuffle(list);
      expect([...list].sort()).toEqual([0, 1, 2, 3]);
      count(firsts, list[0] as number);
    }
    for (const times of firsts) expect(Math.abs(times - 1000)).toBeLessThan(150);
  });

  it('has streams that share nothing', () => {
    const drawn = new Set<number>();
    for (let stream = 0; stream < 1000; stream++) drawn.add(new Prng(5, stream).next());
    expect(drawn.size).toBe(1000);
    expect([new Prng(1).chance(0), new Prng(1).chance(1)]).toEqual([false, true]);
  });
});

function count(counts: Uint32Array, index: number): void {
  counts[index] = (counts[index] as number) + 1;
}
