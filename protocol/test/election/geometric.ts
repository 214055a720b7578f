import { Dice, type Edge } from '../routing/graphs.js';

/** Points on a unit torus, joined when near: `degree` neighbours on the average; then in one piece. */
export function geometricEdges(seed: number, count: number, degree: number): readonly Edge[] {
  const dice = new Dice(seed);
  const points = Array.from({ length: count }, () => [dice.next(), dice.next()] as const);
  const reach = degree / (Math.PI * (count - 1));
  const edges: Edge[] = [];
  const piece = points.map((_, i) => i);
  const rootOf = (i: number): number => (piece[i] === i ? i : rootOf(piece[i] ?? i));
  const join = (a: number, b: number): void => {
    edges.push([a, b]);
    piece[rootOf(a)] = rootOf(b);
  };
  points.forEach(([x, y], a) => {
    for (let b = a + 1; b < count; b++) {
      const [p, q] = points[b] ?? [0, 0];
      const [dx, dy] = [around(x - p), around(y - q)];
      if (dx * dx + dy * dy <= reach) join(a, b);
    }
  });
  for (let node = 1; node < count; node++) if (rootOf(node) !== rootOf(0)) join(0, node);
  return edges;
}

function around(difference: number): number {
  const distance = Math.abs(difference);
  return Math.min(distance, 1 - distance);
}
