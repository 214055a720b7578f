import type { LinkAddress } from '@fogwisp/protocol';
import { DatagramSocket } from './datagram-socket.js';
import { broadcastAddressOf, type LanInterface } from './lan-interface.js';
import { formatStation, type Station } from './station.js';
import { systemCode } from './system-error.js';

export interface LanPortOptions {
  readonly at: LanInterface;
  /** Where beacons go. */
  readonly group: Station;
  /** False: broadcast is used from the start. */
  readonly multicast: boolean;
}

export interface LanPortSink {
  opened(port: LanPort): void;
  packet(port: LanPort, bytes: Uint8Array, address: string, from: number): void;
  failed(port: LanPort, error: Error): void;
  notice(text: string): void;
}

/** Beacons refused in a row; an interface that goes down refuses some before it is known to be gone. */
const REFUSED_COUNT_MAX = 3;

/** How beacons leave: `mute` when the system lets none out. */
type Announcing = 'multicast' | 'broadcast' | 'mute';

/**
 * The unicast socket on one address of one interface; beacons leave through it too, so that answers come to
 * it.
 */
export class LanPort {
  readonly at: LanInterface;
  readonly #group: Station;
  readonly #sink: LanPortSink;
  readonly #socket: DatagramSocket;
  readonly #firstWay: Announcing;
  #announcing: Announcing;
  #refused = 0;
  #station: LinkAddress | undefined;

  constructor(options: LanPortOptions, sink: LanPortSink) {
    this.at = options.at;
    this.#group = options.group;
    this.#sink = sink;
    this.#firstWay = firstWay(options);
    this.#announcing = this.#firstWay;
    this.#socket = new DatagramSocket(
      { family: this.at.family, address: this.at.address, port: 0 },
      {
        opened: (address, port) => this.#onOpened(address, port),
        packet: (bytes, address, port) => sink.packet(this, bytes, address, port),
        failed: (error) => sink.failed(this, error),
      },
    );
  }

  /** Where stations reach this socket, while it is open. */
  get station(): LinkAddress | undefined {
    return this.#station;
  }

  send(to: Station, bytes: Uint8Array): boolean {
    return this.#socket.send(to, bytes);
  }

  /** To every station of the interface. */
  announce(bytes: Uint8Array): boolean {
    if (this.#announcing === 'mute') return false;
    const way = this.#announcing;
    const to = way === 'multicast' ? this.#group : this.#everybody();
    return this.#socket.sendReported(to, bytes, (error) => {
      this.#refused = error === undefined ? 0 : this.#refused + 1;
      if (error !== undefined && this.#refused >= REFUSED_COUNT_MAX && way === this.#announcing) {
        this.fallBack(error);
      }
    });
  }

  /** Networks change: what did not work is tried again. */
  retry(): void {
    this.#announcing = this.#firstWay;
    this.#refused = 0;
  }

  /** Multicast does not work here: one way less. */
  fallBack(error: Error): void {
    this.#refused = 0;
    const { name, family } = this.at;
    const code = systemCode(error) || error.message;
    if (this.#announcing === 'multicast' && family === 4) {
      this.#announcing = 'broadcast';
      this.#sink.notice(`multicast does not work on ${name} (${code}): using broadcast there`);
      return;
    }
    if (this.#announcing === 'mute') return;
    const what = family === 6 ? 'no IPv6 multicast' : 'neither multicast nor broadcast';
    const step = family === 6 ? 'IPv6 peers there' : 'peers there';
    this.#announcing = 'mute';
    this.#sink.notice(`${what} works on ${name} (${code}): give ${step} by address`);
  }

  close(): void {
    this.#station = undefined;
    this.#socket.close();
  }

  #everybody(): Station {
    return { address: broadcastAddressOf(this.at), port: this.#group.port, family: 4 };
  }

  #onOpened(address: string, port: number): void {
    const { raw } = this.#socket;
    this.#station = formatStation(address, port);
    try {
      if (this.at.family === 4) raw.setBroadcast(true);
      if (this.#announcing === 'multicast') {
        raw.setMulticastInterface(this.at.family === 4 ? this.at.address : `::%${this.at.name}`);
        raw.setMulticastLoopback(true); // for other nodes on this machine
      }
    } catch (error) {
      if (error instanceof Error) this.fallBack(error);
    }
    this.#sink.opened(this);
  }
}

/** IPv6 has no broadcast. */
function firstWay({ at, multicast }: LanPortOptions): Announcing {
  if (multicast) return 'multicast';
  return at.family === 4 ? 'broadcast' : 'mute';
}
