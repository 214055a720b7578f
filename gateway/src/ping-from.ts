import type { PathReason } from '@fogwisp/protocol';
import { isJsonMap, type Json, toJson } from './bridge/json.js';
import type { PongView } from './cli/answers.js';
import type { Mesh } from './mesh.js';
import { type PathView, REASONS } from './peer-view.js';

/** Served by every device of the SDK: the round trip to a peer, as it sees it. */
const PING = '$ping';

/** Has a peer ask another one. Undefined when there was no answer to it, in words that are known here. */
export async function pingFrom(
  mesh: Mesh,
  from: string,
  to: string,
  timeoutMs: number,
): Promise<PongView | undefined> {
  const answer = toJson(await mesh.request(from, PING, to, { timeoutMs }));
  if (!isJsonMap(answer)) return undefined;
  const { roundTripMs, sinceMsAgo } = answer;
  const kind = KINDS.find((each) => each === answer['kind']);
  if (kind === undefined || typeof roundTripMs !== 'number' || typeof sinceMsAgo !== 'number')
    return undefined;
  return { to, roundTripMs, path: { kind, sinceMsAgo, roundTripMs, ...restOf(answer) } };
}

const KINDS = ['direct', 'relayed', 'unknown', 'none'] as const;

function restOf({ link, via, reason }: { readonly [key: string]: Json }): Partial<PathView> {
  const names = Array.isArray(via) ? via.filter((each: Json) => typeof each === 'string') : [];
  return {
    ...(typeof link === 'string' ? { link } : {}),
    ...(names.length > 0 ? { via: names } : {}),
    ...(isReason(reason) ? { reason } : {}),
  };
}

function isReason(reason: Json | undefined): reason is PathReason {
  return typeof reason === 'string' && Object.hasOwn(REASONS, reason);
}
