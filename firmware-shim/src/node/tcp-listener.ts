import { createServer, type Server, type Socket } from 'node:net';
import type { LinkAddress } from '@fogwisp/protocol';
import { Backoff } from '../backoff.js';
import type { LinkSource, LinkSourceSink } from '../platform.js';
import type { StreamLink } from '../stream-link.js';
import { nodeRandom } from './random.js';
import { formatStation } from './station.js';
import { streamLink } from './stream.js';
import { StreamPipe } from './stream-pipe.js';
import { socketError, systemCode } from './system-error.js';
import { TCP_QUEUE_BYTES_MAX, tcpLinkInfo, tuneSocket } from './tcp-socket.js';

/** Each costs a socket and at most a queue of 4 MiB. */
const ACCEPTED_COUNT_MAX = 256;

const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 30_000;

/** Where to listen. */
export interface TcpListenerOptions {
  /** An IP address of this machine; left out: all of them. */
  readonly bind?: string;
  /** 0 or left out: the system chooses. */
  readonly port?: number;
  /** Largest packet, the same at both ends; TCP_MTU if left out. */
  readonly mtu?: number;
  /** Links at once, 256 if left out; further dials are closed. */
  readonly acceptedCountMax?: number;
}

/** A listening socket: each connection that it accepts is a link of its own. */
export class TcpListener implements LinkSource {
  readonly #options: TcpListenerOptions;
  readonly #backoff = new Backoff(nodeRandom, RETRY_MS_MIN, RETRY_MS_MAX);
  readonly #sockets = new Set<Socket>();
  #bind: string;
  #port: number;
  #sink: LinkSourceSink | undefined;
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;
  #address: LinkAddress | undefined;
  #reason = '';
  #isFull = false;

  constructor(options: TcpListenerOptions = {}) {
    this.#options = options;
    this.#bind = options.bind ?? '::';
    this.#port = options.port ?? 0;
  }

  /** Where it listens, while it does. */
  get address(): LinkAddress | undefined {
    return this.#address;
  }

  open(sink: LinkSourceSink): void {
    this.#sink = sink;
    this.#listen();
  }

  close(): void {
    this.#sink = undefined;
    this.#address = undefined;
    clearTimeout(this.#timer);
    this.#server?.close(); // links that were accepted belong to whoever opened them
  }

  #listen(): void {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    server.once('listening', () => this.#onListening(server));
    server.on('error', (error) => this.#onFailed(server, error));
    server.listen({ host: this.#bind, port: this.#port });
  }

  #onListening(server: Server): void {
    const bound = server.address();
    if (this.#sink === undefined || bound === null || typeof bound === 'string') return;
    this.#port = bound.port;
    this.#address = formatStation(bound.address, bound.port);
    this.#backoff.reset();
    this.#reason = '';
    this.#sink.up(this.#address);
  }

  #onFailed(server: Server, error: Error): void {
    if (this.#sink === undefined) return;
    server.close();
    this.#address = undefined;
    if (this.#options.bind === undefined && this.#bind === '::' && systemCode(error) !== 'EADDRINUSE') {
      this.#bind = '0.0.0.0'; // a machine without IPv6
      this.#listen();
      return;
    }
    this.#timer = setTimeout(() => this.#listen(), this.#backoff.next());
    const fault = socketError(error, `TCP port ${this.#port}`, this.#bind);
    if (fault.message === this.#reason) return;
    this.#reason = fault.message;
    this.#sink.down(fault.message, fault);
  }

  #accept(socket: Socket): void {
    const sink = this.#sink;
    const countMax = this.#options.acceptedCountMax ?? ACCEPTED_COUNT_MAX;
    if (sink === undefined || this.#sockets.size >= countMax) {
      socket.destroy();
      if (!this.#isFull) sink?.notice?.(`TCP ${this.#address} has ${countMax} peers and accepts no more`);
      this.#isFull = true;
      return;
    }
    tuneSocket(socket);
    const link = this.#linkOf(socket);
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy()); // told by the link once it is open
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#isFull = false;
      this.#sink?.remove(link);
    });
    sink.add(link);
  }

  #linkOf(socket: Socket): StreamLink {
    const name = formatStation(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
    const pipe = new StreamPipe({
      readable: socket,
      writable: socket,
      info: tcpLinkInfo(name, this.#options.mtu),
      queueBytesMax: TCP_QUEUE_BYTES_MAX,
      nextStep: 'the peer dials again',
    });
    return streamLink(pipe);
  }
}

/** A source of links: `Device.addSource`, `Driver.addSource`. */
export function tcpListener(options: TcpListenerOptions = {}): TcpListener {
  return new TcpListener(options);
}
