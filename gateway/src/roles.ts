import { roleAnswer } from '@fogwisp/device-sdk';
import { isJsonMap, type Json, toJson } from './bridge/json.js';
import type { Mesh, NodeKey } from './mesh.js';
import { nameOf } from './peer-view.js';

/** Served by every device of the SDK: its part among the others. */
export const ROLE = '$role';
const ROLE_TIMEOUT_MS = 2000;

/** In these a node serves those who reserved with it (SPEC §8.7). */
const SERVING: readonly string[] = ['super', 'retiring', 'handover'];

/** Who serves whom, as one node says of itself. */
export interface RoleView {
  readonly id: string;
  readonly name: string;
  /** Undefined when it does not say; the rest is empty then. */
  readonly state: string | undefined;
  readonly sinceMs: number;
  /** 0 (never) to 15. */
  readonly score: number;
  /** What the score is made of, in per cent. */
  readonly parts: Readonly<Record<string, number>>;
  readonly termEndsMs: number | undefined;
  readonly serves: readonly string[];
  /** How many supernodes it should have, and those it has. */
  readonly wanted: number;
  readonly supernodes: readonly string[];
}

export function isServing({ state }: Pick<RoleView, 'state'>): boolean {
  return state !== undefined && SERVING.includes(state);
}

/** Whether it has as many supernodes as it should; one that serves is its own. */
export function isServed(view: RoleView): boolean {
  return isServing(view) || (view.state !== 'listen' && view.supernodes.length >= view.wanted);
}

/** Asks everybody who is there, itself included: those who serve first, then by name. */
export async function rolesOf(mesh: Mesh): Promise<readonly RoleView[]> {
  const peers = mesh.peers().filter(({ status }) => status === 'online');
  const others = await Promise.all(
    peers.map(async ({ id, name }) => readRole(id, nameOf({ id, name }), await ask(mesh, id))),
  );
  const views = [ownRole(mesh), ...others];
  return views.sort((a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1));
}

/** Of the gateway itself, without asking anybody. */
export function ownRole(mesh: Mesh): RoleView {
  return readRole(mesh.id, mesh.name, toJson(roleAnswer(mesh.role, mesh.now())));
}

function rankOf(view: RoleView): number {
  if (view.state === undefined) return 2;
  return isServing(view) ? 0 : 1;
}

async function ask(mesh: Mesh, peer: NodeKey): Promise<Json> {
  try {
    return toJson(await mesh.request(peer, ROLE, undefined, { timeoutMs: ROLE_TIMEOUT_MS }));
  } catch {
    return null; // it is not built with the SDK, or does not answer
  }
}

function unknownRole(id: string, name: string): RoleView {
  const nothing = { sinceMs: 0, score: 0, parts: {}, termEndsMs: undefined, wanted: 0 };
  return { id, name, state: undefined, ...nothing, serves: [], supernodes: [] };
}

function readRole(id: string, name: string, json: Json): RoleView {
  if (!isJsonMap(json) || typeof json['state'] !== 'string') return unknownRole(id, name);
  const { state, sinceMs, score, parts, termEndsMs, serves, wanted, supernodes } = json;
  return {
    id,
    name,
    state,
    sinceMs: numberOf(sinceMs),
    score: numberOf(score),
    parts: isJsonMap(parts)
      ? Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, numberOf(value)]))
      : {},
    termEndsMs: typeof termEndsMs === 'number' ? termEndsMs : undefined,
    serves: namesOf(serves),
    wanted: numberOf(wanted),
    supernodes: namesOf(supernodes),
  };
}

function numberOf(json: Json | undefined): number {
  return typeof json === 'number' ? json : 0;
}

/** Each is [id, name, ...]. */
function namesOf(json: Json | undefined): string[] {
  if (!Array.isArray(json)) return [];
  return json.flatMap((each: Json) => {
    if (!Array.isArray(each)) return [];
    const [id, name]: readonly Json[] = each;
    return typeof id === 'string' && typeof name === 'string' ? [nameOf({ id, name })] : [];
  });
}
