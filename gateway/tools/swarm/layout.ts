import { join } from 'node:path';
import type { Pace, Role, SoakLink } from '../soak/wire.js';
import { Graph } from './graph.js';

/**
 * Who is there, and who can reach whom. Two local networks with two peers in both; a line of serial cables
 * from one to the other; and leaves on UDP, each behind a wall that lets it talk to three of the others only.
 * So no two leaves reach each other directly, nor does anybody who is not on the same network.
 */
export const PEERS_MIN = 10;
export const PEERS_MAX = 30;

const LEAF_SHARE = 0.4;
const LINE_SHARE = 4 / 30;
const LINE_MIN = 2;
const BRIDGES = 2;
const RELAYS_OF_LEAF = 3;
/** Slow enough for thirty processes on two processors. */
const PACE: Pace = { publishMs: 400, askMs: 1500 };

/** What a layout is given: places for links, as many as it asks for. */
export interface Places {
  readonly folder: string;
  readonly network: string;
  lanPorts: readonly [number, number];
  /** The UDP port of each peer, by its number. */
  readonly udpPorts: readonly number[];
  /** Both ends of each cable of the line. */
  readonly cables: readonly (readonly [SoakLink, SoakLink])[];
}

export interface Layout {
  readonly roles: readonly Omit<Role, 'life'>[];
  readonly graph: Graph;
}

export interface Census {
  readonly open: readonly string[];
  readonly line: readonly string[];
  readonly leaves: readonly string[];
}

export function isLeaf(name: string): boolean {
  return name.startsWith('leaf');
}

/** The bridges are between the others, so that no two leaves have the same relays. */
export function censusOf(count: number): Census {
  const leafCount = Math.floor(count * LEAF_SHARE);
  const lineCount = Math.max(LINE_MIN, Math.round(count * LINE_SHARE));
  const sideCount = count - leafCount - lineCount - BRIDGES;
  const open: string[] = [];
  for (let i = 0; i < sideCount; i++) {
    open.push(i % 2 === 0 ? `east${i / 2 + 1}` : `west${(i + 1) / 2}`);
    if (i < BRIDGES) open.push(`bridge${i + 1}`);
  }
  return {
    open,
    line: Array.from({ length: lineCount }, (_, i) => `line${i + 1}`),
    leaves: Array.from({ length: leafCount }, (_, i) => `leaf${i + 1}`),
  };
}

/** `isControl`: each leaf knows one of its relays at a time, and goes on when that is lost. */
export function layOut(count: number, places: Places, isControl: boolean): Layout {
  const { open, line, leaves } = censusOf(count);
  const names = [...open, ...line, ...leaves];
  const links = new Map<string, SoakLink[]>(names.map((name) => [name, []]));
  const graph = new Graph(names);
  const addressOf = (name: string) => `127.0.0.1:${places.udpPorts[names.indexOf(name)] ?? 0}`;
  const relaysOf = relaysOfLeaves(open, leaves);

  for (const [side, port] of places.lanPorts.entries()) {
    const members = open.filter((name) => !name.startsWith(side === 0 ? 'west' : 'east'));
    for (const name of members) links.get(name)?.push({ kind: 'lan', port });
    graph.joinAll(members);
  }
  for (const [at, ends] of places.cables.entries()) {
    const [near, far] = [line[at - 1] ?? 'east1', line[at] ?? 'west1'];
    links.get(near)?.push(ends[0]);
    links.get(far)?.push(ends[1]);
    graph.joinAll([near, far]);
  }
  for (const leaf of leaves) {
    const relays = relaysOf.get(leaf) ?? [];
    const [first = '', ...others] = relays.map(addressOf);
    const greeted = isControl ? { connect: [first], spare: others } : { connect: [first, ...others] };
    const port = places.udpPorts[names.indexOf(leaf)] ?? 0;
    links.get(leaf)?.push({ kind: 'udp', port, only: [first, ...others], ...greeted });
    for (const relay of relays) graph.joinAll([leaf, relay]);
  }
  for (const name of open) {
    const only = leaves.filter((leaf) => relaysOf.get(leaf)?.includes(name)).map(addressOf);
    links.get(name)?.push({ kind: 'udp', port: places.udpPorts[names.indexOf(name)] ?? 0, only });
  }
  const roles = names.map((name) => ({
    name,
    network: places.network,
    stateDirectory: join(places.folder, name),
    links: links.get(name) ?? [],
    others: names.filter((other) => other !== name),
    pace: PACE,
  }));
  return { roles, graph };
}

function relaysOfLeaves(
  open: readonly string[],
  leaves: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const step = Math.floor(open.length / RELAYS_OF_LEAF);
  return new Map(
    leaves.map((leaf, i) => {
      const at = Array.from({ length: RELAYS_OF_LEAF }, (_, j) => (i + j * step) % open.length);
      return [leaf, at.flatMap((index) => open[index] ?? [])];
    }),
  );
}
