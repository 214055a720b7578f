import { DatagramSocket } from './datagram-socket.js';
import type { LanInterface } from './lan-interface.js';
import type { Station } from './station.js';
import { systemCode } from './system-error.js';

export interface LanGroupSink {
  opened(): void;
  packet(bytes: Uint8Array, address: string, port: number): void;
  failed(error: Error): void;
}

/** The socket on the beacon port, which several processes of one machine share; it only listens. */
export class LanGroup {
  readonly #group: Station;
  readonly #socket: DatagramSocket;

  constructor(group: Station, sink: LanGroupSink) {
    this.#group = group;
    const everywhere = group.family === 4 ? '0.0.0.0' : '::';
    this.#socket = new DatagramSocket(
      { family: group.family, address: everywhere, port: group.port, shared: true },
      sink,
    );
  }

  /** The reason when the interface cannot take part; joining again is none. */
  join(at: LanInterface): Error | undefined {
    const error = attempt(() => this.#socket.raw.addMembership(this.#group.address, interfaceOf(at)));
    return systemCode(error) === 'EADDRINUSE' ? undefined : error;
  }

  /** Nothing to do when the interface went away together with the membership. */
  leave(at: LanInterface): void {
    attempt(() => this.#socket.raw.dropMembership(this.#group.address, interfaceOf(at)));
  }

  close(): void {
    this.#socket.close();
  }
}

function interfaceOf(at: LanInterface): string {
  return at.family === 4 ? at.address : `::%${at.name}`;
}

function attempt(change: () => void): Error | undefined {
  try {
    change();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
