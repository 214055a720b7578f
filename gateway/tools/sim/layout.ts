/** Points in a unit square. */
export interface Layout {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

const ROUNDS = 120;
const TURN = 2.399_963; // the golden angle spreads points evenly on a disc

/** Neighbours near, others apart: springs along the edges, and a push between all that fades. */
export function layOut(count: number, edges: readonly (readonly [number, number])[]): Layout {
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const radius = 0.5 * Math.sqrt((i + 0.5) / count);
    x[i] = 0.5 + radius * Math.cos(i * TURN);
    y[i] = 0.5 + radius * Math.sin(i * TURN);
  }
  const rounds = count > 1000 ? 30 : ROUNDS;
  const ideal = 0.8 / Math.sqrt(count);
  for (let round = 0; round < rounds; round++) relax(x, y, edges, ideal, 0.1 * (1 - round / rounds));
  return { x: fitted(x), y: fitted(y) };
}

function relax(
  x: Float64Array,
  y: Float64Array,
  edges: readonly (readonly [number, number])[],
  ideal: number,
  stepMax: number,
): void {
  const forceX = new Float64Array(x.length);
  const forceY = new Float64Array(x.length);
  const push = (a: number, b: number, isJoined: boolean): void => {
    const dx = at(x, a) - at(x, b);
    const dy = at(y, a) - at(y, b);
    const distance = Math.max(1e-4, Math.sqrt(dx * dx + dy * dy));
    const force = isJoined ? -(distance * distance) / ideal : (ideal * ideal) / distance;
    forceX[a] = at(forceX, a) + (dx / distance) * force;
    forceY[a] = at(forceY, a) + (dy / distance) * force;
    forceX[b] = at(forceX, b) - (dx / distance) * force;
    forceY[b] = at(forceY, b) - (dy / distance) * force;
  };
  for (let a = 0; a < x.length; a++) for (let b = a + 1; b < x.length; b++) push(a, b, false);
  for (const [a, b] of edges) push(a, b, true);
  for (let i = 0; i < x.length; i++) {
    const force = Math.max(1e-9, Math.sqrt(at(forceX, i) ** 2 + at(forceY, i) ** 2));
    const step = Math.min(force, stepMax) / force;
    x[i] = at(x, i) + at(forceX, i) * step;
    y[i] = at(y, i) + at(forceY, i) * step;
  }
}

function fitted(values: Float64Array): Float64Array {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low || 1;
  return values.map((value) => (value - low) / span);
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
