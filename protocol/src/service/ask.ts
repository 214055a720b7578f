import { type Command, type CommandId, type RelayRefusal, Status } from '../api.js';
import { copyBytes } from '../kernel/bytes.js';
import { UsageError } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Instant, MINUTE_MS } from '../kernel/time.js';
import type { Line } from './line.js';
import { isPath, PATH_BYTES_MAX, textBytes } from './text.js';

/** No request waits longer, so whoever answers may forget one that is older. */
export const DEADLINE_MS_MAX = 10 * MINUTE_MS;

/** Statuses of the protocol itself, never shown to the application. */
export const Refusal = {
  /** The alias means nothing here: write the path out. */
  unknownAlias: 7,
  /** No room for another request: ask again later. */
  noRoom: 8,
} as const;

const STATUSES = [
  Status.ok,
  Status.notFound,
  Status.refused,
  Status.badRequest,
  Status.failed,
  Status.tooLarge,
  Status.busy,
] as const;

/** Undefined for what only a later version knows. */
export function statusOf(status: number): Status | undefined {
  return STATUSES.find((known) => known === status);
}

export type RequestCommand = Extract<Command, { kind: 'request' }>;

/** One request of ours. */
export interface Ask {
  readonly command: CommandId;
  readonly to: string;
  readonly path: string;
  readonly pathBytes: number;
  readonly body: Uint8Array;
  readonly deadlineAt: Instant;
  state: AskState;
}

export type AskState = { readonly kind: 'naming' } | Asking;

/** `retryAt` and the flags tell how the present attempts go. */
export interface Asking {
  readonly kind: 'asking';
  readonly peer: NodeKey;
  readonly id: number;
  attempt: number;
  retryAt: Instant | undefined;
  /** The session it was last sent in; undefined: given to the node before there was one. */
  line: Line | undefined;
  /** With the node, which sends it when a session opens. */
  isQueued: boolean;
  /** Of the reliable message under way. */
  tag: number | undefined;
  /** The alias was refused once: further refusals are stale or hostile. */
  isWrittenOut: boolean;
  /** What somebody on the way said, when that was the last thing heard. */
  refusal: RelayRefusal | undefined;
  /** Until then, what was refused may have been the same packet. */
  refusedUntil: Instant;
  /** The last thing heard was that the peer has no room. */
  isRefused: boolean;
}

export function newAsk(now: Instant, command: CommandId, request: RequestCommand): Ask {
  const { to, path, deadlineMs } = request;
  if (!isPath(path)) throw new UsageError('badPath', `a path has 1 to ${PATH_BYTES_MAX} bytes`);
  if (!(deadlineMs > 0))
    throw new UsageError('badDeadline', 'a deadline is a positive number of milliseconds');
  return {
    command,
    to,
    path,
    pathBytes: textBytes(path),
    body: copyBytes(request.body),
    deadlineAt: now + Math.min(deadlineMs, DEADLINE_MS_MAX),
    state: { kind: 'naming' },
  };
}

export function newAsking(peer: NodeKey, id: number): Asking {
  return {
    kind: 'asking',
    peer,
    id,
    attempt: 0,
    retryAt: undefined,
    line: undefined,
    isQueued: false,
    tag: undefined,
    isWrittenOut: false,
    refusal: undefined,
    refusedUntil: -Infinity,
    isRefused: false,
  };
}
