import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Station } from './station.js';

/** Asked for in both directions; the system may give less. 8 MiB hold 60 ms of 1 Gbit/s. */
const BUFFER_BYTES = 8 * 1024 * 1024;

/** Bytes that may wait in the process when the system takes no more; beyond, packets are dropped. */
const QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** The queue is looked at once in so many packets, as looking costs a call into the system layer. */
const QUEUE_CHECK_PACKETS = 16;

export interface DatagramOptions {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
  /** Lets several processes have the port, for group traffic. */
  readonly shared?: boolean;
  /** IPv4 stations are reached through an IPv6 socket. */
  readonly dual?: boolean;
}

export interface DatagramSink {
  opened(address: string, port: number): void;
  packet(bytes: Uint8Array, address: string, port: number): void;
  /** The socket is closed already. */
  failed(error: Error): void;
}

/** A bound UDP socket that never asks the resolver. */
export class DatagramSocket {
  readonly #socket: Socket;
  readonly #options: DatagramOptions;
  readonly #sink: DatagramSink;
  #isOpen = false;
  #isClosed = false;
  #untilCheck = QUEUE_CHECK_PACKETS;

  constructor(options: DatagramOptions, sink: DatagramSink) {
    this.#options = options;
    this.#sink = sink;
    const { family } = options;
    this.#socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      reuseAddr: options.shared ?? false,
      ipv6Only: family === 6 && options.dual !== true,
      lookup: (host, _options, done) => done(null, host, family),
    });
    this.#socket.on('message', this.#onMessage);
    this.#socket.on('error', this.#onError);
    this.#socket.once('listening', this.#onListening);
    queueMicrotask(() => this.#bind()); // binds, and tells so, inside the call
  }

  /** For group membership; open sockets only. */
  get raw(): Socket {
    return this.#socket;
  }

  send(to: Station, bytes: Uint8Array): boolean {
    if (!this.#isOpen) return false;
    const address = this.#addressOf(to);
    if (address === undefined) return false;
    if (--this.#untilCheck === 0) {
      this.#untilCheck = QUEUE_CHECK_PACKETS;
      if (this.#socket.getSendQueueSize() > QUEUE_BYTES_MAX) {
        this.#untilCheck = 1;
        return false;
      }
    }
    this.#socket.send(bytes, to.port, address);
    return true;
  }

  /** As `send`, and tells whether the system refused; for the few packets where that changes something. */
  sendReported(to: Station, bytes: Uint8Array, done: (error: Error | undefined) => void): boolean {
    const address = this.#addressOf(to);
    if (!this.#isOpen || address === undefined) return false;
    this.#socket.send(bytes, to.port, address, (error) => {
      if (!this.#isClosed) done(error ?? undefined);
    });
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOpen = false;
    this.#socket.close();
  }

  #addressOf({ address, family }: Station): string | undefined {
    if (family === this.#options.family) return address;
    return family === 4 && this.#options.dual === true ? `::ffff:${address}` : undefined;
  }

  #bind(): void {
    if (this.#isClosed) return;
    const { address, port, shared } = this.#options;
    this.#socket.bind({ address, port, exclusive: shared !== true });
  }

  readonly #onMessage = (bytes: Uint8Array, from: RemoteInfo): void => {
    if (!this.#isClosed) this.#sink.packet(bytes, from.address, from.port);
  };

  readonly #onListening = (): void => {
    if (this.#isClosed) return;
    this.#isOpen = true;
    this.#widen();
    const bound = this.#socket.address();
    this.#sink.opened(bound.address, bound.port);
  };

  readonly #onError = (error: Error): void => {
    if (this.#isClosed) return;
    this.close();
    this.#sink.failed(error);
  };

  /**
   * Some systems refuse what is above their limit instead of giving the limit; their default is kept then.
   */
  #widen(): void {
    try {
      this.#socket.setRecvBufferSize(BUFFER_BYTES);
      this.#socket.setSendBufferSize(BUFFER_BYTES);
    } catch {
      return;
    }
  }
}
