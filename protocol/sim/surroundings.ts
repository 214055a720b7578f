import type { NodeInput, NodeOutput } from '@fogwisp/protocol';
import type { Microseconds } from './clock.js';
import type { Ticket } from './event-heap.js';
import type { Host } from './host.js';
import type { Port } from './port.js';

/** What comes to a host by the calendar; packets come as flights. */
export type HostEvent =
  | { readonly kind: 'wake'; readonly host: Host }
  | { readonly kind: 'input'; readonly host: Host; readonly input: NodeInput }
  | { readonly kind: 'stored'; readonly host: Host; readonly boot: number }
  | { readonly kind: 'carrier'; readonly port: Port };

/** What a host needs of the world around it. */
export interface Surroundings {
  readonly nowUs: Microseconds;
  readonly seed: number;
  schedule(at: Microseconds, event: HostEvent): Ticket;
  reschedule(ticket: Ticket, at: Microseconds): void;
  cancel(ticket: Ticket): void;
  transmit(port: Port, to: string, bytes: Uint8Array): void;
  /**
   * Bytes that a node may read until `takeBack`, which spoils them: nodes that keep a borrowed array are
   * found.
   */
  lend(bytes: Uint8Array): Uint8Array;
  takeBack(bytes: Uint8Array): void;
  /** The host has taken one input (undefined: it booted) and said all it had to say. */
  settled(host: Host, input: NodeInput | undefined, outputs: readonly NodeOutput[]): void;
}
