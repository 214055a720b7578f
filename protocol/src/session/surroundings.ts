import type { CborWriter } from '../cbor/writer.js';
import type { Outbox } from '../kernel/machine.js';
import type { Limits } from '../limits.js';
import type { SessionOutput } from './output.js';

/** What all associations of a node have in common. */
export interface AssociationSurroundings {
  readonly limits: Limits;
  readonly out: Outbox<SessionOutput>;
  /** Whose content ends with each call: packets are written here before they are sealed. */
  readonly scratch: CborWriter;
}
