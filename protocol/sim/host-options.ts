import type { NodeEvent } from '@fogwisp/protocol';
import type { Host } from './host.js';
import type { MakeNode } from './trace.js';

export interface HostOptions {
  /** Where its monotonic clock starts at each boot; whole ms, default 0. */
  readonly clockStartsAtMs?: number;
  /** How much too fast its clock runs, parts per million; negative is slow. */
  readonly skewPpm?: number;
  /** From a `persist` output to its `persisted` input. */
  readonly persistMs?: number;
  /** Stays off until `start()`. */
  readonly isOff?: boolean;
  /** Keeps a replayable trace (memory grows). */
  readonly isRecorded?: boolean;
  /** Keeps no list of events: for long runs that look at them in `onEvent`. */
  readonly forgetsEvents?: boolean;
  /** What the application does first at each boot: its configuration as commands. */
  readonly onBoot?: (host: Host) => void;
  /** The application on top: runs after the node has been drained, and may give commands. */
  readonly onEvent?: (event: NodeEvent, host: Host) => void;
}

export interface HostPlan extends HostOptions {
  readonly name: string;
  readonly index: number;
  readonly makeNode: MakeNode;
}
