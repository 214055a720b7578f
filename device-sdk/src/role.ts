import type { Instant, RoleReport } from '@fogwisp/protocol';
import type { Value } from './value.js';

/**
 * What every device tells of its part among the others (SPEC §8.5): the request path '$role' answers whether
 * it is a supernode, with the score and its parts, whom it serves and by whom it is served.
 */
export const ROLE = '$role';

/** Times are ms from now, so that they mean the same on every clock. */
export function roleAnswer(role: RoleReport | undefined, now: Instant): Value {
  if (role === undefined) return null;
  const { state, since, score, parts, debt, termEndsAt, serves, wanted, supernodes } = role;
  return {
    state,
    sinceMs: Math.max(0, Math.round(now - since)),
    score,
    parts: { ...parts },
    debt,
    ...(termEndsAt === undefined ? {} : { termEndsMs: Math.round(termEndsAt - now) }),
    serves: serves.map(({ id, name }) => [id, name]),
    wanted,
    supernodes: supernodes.map(({ peer: { id, name }, until }) => [id, name, Math.round(until - now)]),
  };
}
