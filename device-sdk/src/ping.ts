import type { Instant } from '@fogwisp/protocol';
import type { Pong } from './calls.js';
import type { Value } from './value.js';

/**
 * What every device does for others, so that the path between any two can be looked at from a third place:
 * the request path '$ping' with the name or id of a peer answers with the round trip to it and the path.
 */
export const PING = '$ping';

/** Plain values; an age in place of an instant of a private clock. */
export function pingAnswer({ roundTripMs, path }: Pong, now: Instant): Value {
  const { kind, link, via = [], since, reason } = path;
  return {
    roundTripMs,
    kind,
    link: link?.kind ?? null,
    via: via.map(({ id, name }) => (name === '' ? id.substring(0, 8) : name)),
    sinceMsAgo: Math.max(0, Math.round(now - since)),
    reason: reason ?? null,
  };
}
