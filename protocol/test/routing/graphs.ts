import type { Random } from '../../src/kernel/random.js';

/** mulberry32: small, and the same everywhere. */
export class Dice implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.below(256);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.fill(bytes);
    return bytes;
  }
}

export type Edge = readonly [number, number];

export function line(count: number): Edge[] {
  return Array.from({ length: count - 1 }, (_, i) => [i, i + 1]);
}

export function ring(count: number): Edge[] {
  return [...line(count), [count - 1, 0]];
}

export function lattice(width: number, height: number): Edge[] {
  const edges: Edge[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (x + 1 < width) edges.push([at, at + 1]);
      if (y + 1 < height) edges.push([at, at + width]);
    }
  }
  return edges;
}

/** Each node after the first has a link to an earlier one, so the graph is connected; then `extra` more. */
export function randomGraph(seed: number, count: number, extra: number): Edge[] {
  const dice = new Dice(seed);
  const edges = new Map<string, Edge>();
  for (let node = 1; node < count; node++) {
    const other = dice.below(node);
    edges.set(edgeKey(node, other), [other, node]);
  }
  for (let i = 0; i < extra; i++) {
    const [a, b] = [dice.below(count), dice.below(count)];
    if (a !== b) edges.set(edgeKey(a, b), [a, b]);
  }
  return [...edges.values()];
}

/** As `randomGraph`, with at most so many links at a node. */
export function sparseGraph(seed: number, count: number, extra: number, degreeMax: number): Edge[] {
  const dice = new Dice(seed);
  const degrees = new Array<number>(count).fill(0);
  const edges = new Map<string, Edge>();
  const add = (a: number, b: number): void => {
    if (a === b || edges.has(edgeKey(a, b))) return;
    edges.set(edgeKey(a, b), [a, b]);
    degrees[a] = (degrees[a] ?? 0) + 1;
    degrees[b] = (degrees[b] ?? 0) + 1;
  };
  const hasRoom = (node: number): boolean => (degrees[node] ?? 0) < degreeMax;
  for (let node = 1; node < count; node++) {
    let other = dice.below(node);
    while (!hasRoom(other)) other = dice.below(node);
    add(other, node);
  }
  for (let i = 0; i < extra; i++) {
    const [a, b] = [dice.below(count), dice.below(count)];
    if (hasRoom(a) && hasRoom(b)) add(a, b);
  }
  return [...edges.values()];
}

export function edgeKey(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Tasks by time, and in the order of their making at the same time. */
export class Agenda {
  #tasks: Task[] = [];
  #order = 0;

  get nextAt(): number {
    return this.#tasks[0]?.at ?? Infinity;
  }

  add(at: number, run: () => void): void {
    this.#tasks.push({ at, order: this.#order++, run });
    for (let i = this.#tasks.length - 1; i > 0 && this.#isSooner(i, (i - 1) >> 1); i = (i - 1) >> 1) {
      this.#swap(i, (i - 1) >> 1);
    }
  }

  take(): Task | undefined {
    const first = this.#tasks[0];
    const last = this.#tasks.pop();
    if (last === undefined || last === first) return first;
    this.#tasks[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (this.#isSooner(child, least)) least = child;
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #isSooner(i: number, j: number): boolean {
    const [a, b] = [this.#tasks[i], this.#tasks[j]];
    if (a === undefined || b === undefined) return false;
    return a.at === b.at ? a.order < b.order : a.at < b.at;
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#tasks[i], this.#tasks[j]];
    if (a === undefined || b === undefined) return;
    this.#tasks[i] = b;
    this.#tasks[j] = a;
  }
}
