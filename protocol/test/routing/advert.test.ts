import { expect, test } from 'vitest';
import { PI_LIMITS } from '../../src/limits.js';
import { AdvertTable } from '../../src/routing/advert.js';
import { DestinationIndex } from '../../src/routing/destination.js';
import { NeighborTable } from '../../src/routing/neighbor.js';
import { RouteTable } from '../../src/routing/route.js';

const ROUTE_COUNT = 1000;
const NEIGHBOR_COUNT = 20;

/** Different for each neighbour and row, never 0. */
function mixOf(neighbor: number, row: number): number {
  return ((row * 31 + neighbor * 7) & 0xffff) + 1;
}

function makeTables() {
  const neighbors = new NeighborTable(PI_LIMITS);
  const index = new DestinationIndex(ROUTE_COUNT + 1);
  const adverts = new AdvertTable(neighbors, index, new RouteTable(ROUTE_COUNT + 1, neighbors));
  return { index, adverts };
}

test('what each neighbour told is kept while routes and neighbours become more', () => {
  const { index, adverts } = makeTables();
  const isHeard = (neighbor: number, row: number) => !adverts.hear(neighbor, row, mixOf(neighbor, row));
  for (let neighbor = 0; neighbor < NEIGHBOR_COUNT; neighbor++) {
    adverts.open(neighbor);
    for (let i = 0; i < ROUTE_COUNT / NEIGHBOR_COUNT; i++) {
      const row = index.add(neighbor + 1, i + 1);
      for (let from = 0; from <= neighbor; from++) expect(isHeard(from, row)).toBe(false);
    }
  }
  let row = 0;
  for (let neighbor = 0; neighbor < NEIGHBOR_COUNT; neighbor++) {
    for (let i = 0; i < ROUTE_COUNT / NEIGHBOR_COUNT; i++, row++) {
      for (let from = 0; from < NEIGHBOR_COUNT; from++) {
        expect(adverts.isOfferedBy(from, row)).toBe(from <= neighbor);
        if (from <= neighbor) expect(isHeard(from, row)).toBe(true);
      }
    }
  }
});

test('a row beyond those that were ever used is offered by nobody', () => {
  const { index, adverts } = makeTables();
  adverts.open(0);
  adverts.open(1);
  adverts.hear(1, index.add(1, 1), 5);
  for (let row = 1; row < ROUTE_COUNT; row++) expect(adverts.isOffered(row)).toBe(false);
});
