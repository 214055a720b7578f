import { type Hop, hopTowards } from '@fogwisp/device-sdk';
import { type Box, readBox } from './box.js';
import { isJsonMap, type Json, toJson } from './bridge/json.js';
import type { Mesh, NodeKey } from './mesh.js';
import { nameOf, type PathView, viewPath } from './peer-view.js';

/** Served by every device of the SDK: by whom it goes to a peer. */
const TRACE = '$trace';
const HOP_TIMEOUT_MS = 2000;
/** More than any path of boards in a house; a loop of routes that are changing ends here. */
const HOPS_MAX = 16;

/** One link of the way; `to` is undefined where a hop did not say how it goes on. */
export interface HopView {
  readonly from: string;
  readonly to: string | undefined;
  readonly link?: string;
  readonly linkName?: string;
  readonly roundTripMs?: number;
  readonly ageMs?: number;
}

export interface TraceView {
  readonly to: string;
  readonly path: PathView;
  /** Of the whole way; undefined when the peer did not answer. */
  readonly roundTripMs: number | undefined;
  readonly hops: readonly HopView[];
  /** Whether every hop was told, up to the peer. */
  readonly isComplete: boolean;
}

/** Asks hop by hop, beginning here; each answers for the link that it would take. */
export async function trace(mesh: Mesh, to: string, timeoutMs: number): Promise<TraceView> {
  const pong = await mesh.ping(to, { timeoutMs }).catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'timeout') return undefined;
    throw thrown;
  });
  const target = mesh.peers().find((peer) => peer.id === to || peer.name === to);
  if (target === undefined) throw new Error(`"${to}" ended meanwhile`);
  const walk = await walkTo(mesh, target.id);
  const path = viewPath(pong?.path ?? target.path, mesh.now());
  return { to: nameOf(target), path, roundTripMs: pong?.roundTripMs, ...walk };
}

async function walkTo(mesh: Mesh, target: NodeKey): Promise<Pick<TraceView, 'hops' | 'isComplete'>> {
  const hops: HopView[] = [];
  const visited = new Set<NodeKey>([mesh.id]);
  let from: Pick<Hop, 'id' | 'name'> = mesh;
  while (from.id !== target && hops.length < HOPS_MAX) {
    const hop: Hop | undefined =
      from.id === mesh.id
        ? hopTowards(mesh.peers(), mesh.now(), target)
        : await askHop(mesh, from.id, target);
    if (hop === undefined) {
      hops.push({ from: nameOf(from), to: undefined });
      return { hops, isComplete: false };
    }
    const { id, name, ...link } = hop;
    hops.push({ from: nameOf(from), to: nameOf({ id, name }), ...link });
    if (visited.has(id)) return { hops, isComplete: false };
    visited.add(id);
    from = hop;
  }
  return { hops, isComplete: from.id === target };
}

async function askHop(mesh: Mesh, hop: NodeKey, target: NodeKey): Promise<Hop | undefined> {
  try {
    const answer = toJson(await mesh.request(hop, TRACE, target, { timeoutMs: HOP_TIMEOUT_MS }));
    return isJsonMap(answer) ? readHop(answer['next']) : undefined;
  } catch {
    return undefined; // it is not built with the SDK, or does not answer
  }
}

function readHop(json: Json | undefined): Hop | undefined {
  if (!isJsonMap(json)) return undefined;
  const { id, name, link, linkName, roundTripMs, ageMs } = json;
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  return {
    id,
    name,
    ...(typeof link === 'string' ? { link } : {}),
    ...(typeof linkName === 'string' ? { linkName } : {}),
    ...(typeof roundTripMs === 'number' ? { roundTripMs } : {}),
    ...(typeof ageMs === 'number' ? { ageMs } : {}),
  };
}

/** The links that a peer says it has; undefined when it does not say. */
export async function linksOf(mesh: Mesh, peer: NodeKey): Promise<readonly LinkName[] | undefined> {
  try {
    const answer = toJson(await mesh.request(peer, TRACE, undefined, { timeoutMs: HOP_TIMEOUT_MS }));
    const links = isJsonMap(answer) ? answer['links'] : undefined;
    if (!Array.isArray(links)) return undefined;
    return links.flatMap((each: Json) => readLink(each) ?? []);
  } catch {
    return undefined; // as above
  }
}

export interface LinkName {
  readonly kind: string;
  readonly name: string;
  /** What is between it and the others, where they have told. */
  readonly box?: Box;
}

function readLink(json: Json): LinkName | undefined {
  if (!Array.isArray(json)) return undefined;
  const [kind, name, mapping, filtering]: readonly Json[] = json;
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
  const box = readBox(mapping, filtering);
  return box === undefined ? { kind, name } : { kind, name, box };
}
