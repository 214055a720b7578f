import type { Via } from '../kernel/link.js';
import type { Message } from '../packet/message.js';

/** How a message came. */
export interface Arrival {
  readonly via: Via;
  /** It came in the session that is in use, not in the one before. */
  readonly isCurrent: boolean;
  readonly maySkimp: boolean;
  readonly delivery: 'datagram' | 'reliable';
}

/** It asks of a path, and leaves all else as it is. */
export function isProbe({ kind }: Message): boolean {
  return kind === 'pathChallenge' || kind === 'pathResponse' || kind === 'ping' || kind === 'pong';
}
