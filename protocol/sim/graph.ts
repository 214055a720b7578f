import type { Prng } from './prng.js';

/** Who is joined to whom; nodes are 0 ... count - 1, each edge is named once, lower node first. */
export interface Graph {
  readonly count: number;
  readonly edges: readonly Edge[];
}
export type Edge = readonly [number, number];

export function line(count: number): Graph {
  const edges: Edge[] = [];
  for (let i = 1; i < count; i++) edges.push([i - 1, i]);
  return { count, edges };
}

export function ring(count: number): Graph {
  const { edges } = line(count);
  return { count, edges: count < 3 ? edges : [...edges, [0, count - 1]] };
}

/** Each node but the first hangs on one before it that has fewer than `branches`, as cables are added. */
export function tree(random: Prng, count: number, branches: number): Graph {
  const edges: Edge[] = [];
  const free = [0];
  const hanging = new Uint16Array(count);
  for (let i = 1; i < count; i++) {
    const place = random.below(free.length);
    const parent = free[place] as number;
    edges.push([parent, i]);
    hanging[parent] = (hanging[parent] as number) + 1;
    if ((hanging[parent] as number) >= branches) free.splice(place, 1);
    free.push(i);
  }
  return { count, edges };
}

/** Node 0 is in the middle. */
export function star(count: number): Graph {
  const edges: Edge[] = [];
  for (let i = 1; i < count; i++) edges.push([0, i]);
  return { count, edges };
}

export function clique(count: number): Graph {
  const edges: Edge[] = [];
  for (let i = 0; i < count; i++) for (let k = i + 1; k < count; k++) edges.push([i, k]);
  return { count, edges };
}

/**
 * Edges per node away from the rim, as Baran counted: four neighbors, six with a diagonal, eight with
 * both.
 */
export type Redundancy = 2 | 3 | 4;

/** Node = y x width + x. */
export function lattice(width: number, height: number, redundancy: Redundancy = 2): Graph {
  const edges: Edge[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const node = y * width + x;
      if (x + 1 < width) edges.push([node, node + 1]);
      if (y + 1 < height) edges.push([node, node + width]);
      if (redundancy > 2 && x + 1 < width && y + 1 < height) edges.push([node, node + width + 1]);
      if (redundancy > 3 && x > 0 && y + 1 < height) edges.push([node, node + width - 1]);
    }
  }
  return { count: width * height, edges };
}

/**
 * Points thrown on a unit torus, joined when they are near: `degree` neighbors on average. Above a degree of
 * about ln(count) it is likely in one piece; `joined` makes it so.
 */
export function geometric(random: Prng, count: number, degree: number): Graph {
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    x[i] = random.fraction();
    y[i] = random.fraction();
  }
  const reachSquared = degree / (Math.PI * Math.max(1, count - 1));
  const edges: Edge[] = [];
  for (let i = 0; i < count; i++) {
    for (let k = i + 1; k < count; k++) {
      const dx = around((x[i] as number) - (x[k] as number));
      const dy = around((y[i] as number) - (y[k] as number));
      if (dx * dx + dy * dy <= reachSquared) edges.push([i, k]);
    }
  }
  return { count, edges };
}

/** Each node joined to the one before it in a random order, then random edges up to `degree` on average. */
export function randomGraph(random: Prng, count: number, degree: number): Graph {
  const taken = new Set<number>();
  const edges: Edge[] = [];
  const add = (a: number, b: number): void => {
    const edge: Edge = a < b ? [a, b] : [b, a];
    const name = edge[0] * count + edge[1];
    if (a === b || taken.has(name)) return;
    taken.add(name);
    edges.push(edge);
  };
  const order = Array.from({ length: count }, (_, i) => i);
  random.shuffle(order);
  for (let i = 1; i < count; i++) add(order[i] as number, order[random.below(i)] as number);
  const wanted = Math.min((count * degree) / 2, (count * (count - 1)) / 2);
  while (edges.length < wanted) add(random.below(count), random.below(count));
  return { count, edges };
}

/** The nodes of each connected piece, pieces and nodes in ascending order. */
export function pieces(
  graph: Graph,
  without: ReadonlySet<number> = new Set(),
): readonly (readonly number[])[] {
  const neighbors = adjacency(graph);
  const seen = new Uint8Array(graph.count);
  const found: number[][] = [];
  for (let start = 0; start < graph.count; start++) {
    if (seen[start] === 1 || without.has(start)) continue;
    const piece = [start];
    seen[start] = 1;
    for (let i = 0; i < piece.length; i++) {
      for (const next of neighbors[piece[i] as number] ?? []) {
        if (seen[next] === 1 || without.has(next)) continue;
        seen[next] = 1;
        piece.push(next);
      }
    }
    found.push(piece.sort((a, b) => a - b));
  }
  return found;
}

/** The same with one edge more between each two pieces, so that it is in one. */
export function joined(graph: Graph): Graph {
  const [first, ...rest] = pieces(graph);
  const bridges = rest.map((piece): Edge => [first?.[0] ?? 0, piece[0] ?? 0]);
  return { count: graph.count, edges: [...graph.edges, ...bridges] };
}

export function adjacency(graph: Graph): readonly (readonly number[])[] {
  const neighbors: number[][] = Array.from({ length: graph.count }, () => []);
  for (const [a, b] of graph.edges) {
    neighbors[a]?.push(b);
    neighbors[b]?.push(a);
  }
  return neighbors;
}

/** The shortest way between two points on a circle of length 1. */
function around(difference: number): number {
  const distance = Math.abs(difference);
  return distance > 0.5 ? 1 - distance : distance;
}
