import { connect, isIPv6, type Socket } from 'node:net';
import { Backoff } from '../backoff.js';
import { ShimError } from '../shim-error.js';
import type { BytePipe, ByteSink, StreamLink } from '../stream-link.js';
import { BoundedWriter } from './bounded-writer.js';
import { nodeRandom } from './random.js';
import { streamLink } from './stream.js';
import { endSoon } from './stream-pipe.js';
import { messageOf, systemCode } from './system-error.js';
import { TCP_QUEUE_BYTES_MAX, tcpLinkInfo, tuneSocket } from './tcp-socket.js';

const DIAL_MS_MAX = 10_000;
const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 60_000;

/** Whom to dial. */
export interface TcpOptions {
  /** An IP address or a name. */
  readonly host: string;
  readonly port: number;
  /** Largest packet, the same at both ends; TCP_MTU if left out. */
  readonly mtu?: number;
  /** First delay, ms, before dialling again; it doubles up to a minute. */
  readonly retryMsMin?: number;
}

/** Dials, and dials again. */
class DialPipe implements BytePipe {
  readonly #options: TcpOptions;
  readonly #name: string;
  readonly #backoff: Backoff;
  #sink: ByteSink | undefined;
  #socket: Socket | undefined;
  #writer: BoundedWriter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reason = '';

  constructor(options: TcpOptions) {
    this.#options = options;
    this.#name = `${isIPv6(options.host) ? `[${options.host}]` : options.host}:${options.port}`;
    this.#backoff = new Backoff(nodeRandom, options.retryMsMin ?? RETRY_MS_MIN, RETRY_MS_MAX);
  }

  open(sink: ByteSink): void {
    this.#sink = sink;
    this.#dial();
  }

  write(bytes: Uint8Array): boolean {
    return this.#writer?.write(bytes) ?? false;
  }

  close(): void {
    this.#sink = undefined;
    this.#writer = undefined;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket?.connecting) socket.destroy();
    else if (socket !== undefined) endSoon(socket, socket);
  }

  #dial(): void {
    const { host, port } = this.#options;
    const socket = connect({ host, port });
    let cause: Error | undefined;
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.destroy(new Error('no answer')), DIAL_MS_MAX);
    socket.once('connect', () => this.#onConnected(socket));
    socket.on('error', (error) => {
      cause = error;
    });
    socket.once('close', () => this.#onClosed(cause));
  }

  #onConnected(socket: Socket): void {
    clearTimeout(this.#timer);
    if (this.#sink === undefined) return;
    tuneSocket(socket);
    this.#backoff.reset();
    this.#reason = '';
    this.#writer = new BoundedWriter(socket, TCP_QUEUE_BYTES_MAX);
    this.#sink.up(tcpLinkInfo(this.#name, this.#options.mtu));
    socket.on('data', (chunk: Uint8Array) => this.#sink?.bytes(chunk));
  }

  #onClosed(cause: Error | undefined): void {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    this.#writer = undefined;
    if (this.#sink === undefined) return;
    this.#timer = setTimeout(() => this.#dial(), this.#backoff.next());
    const error = dialError(this.#name, cause);
    if (error.message === this.#reason) return;
    this.#reason = error.message;
    this.#sink.down(error.message, error);
  }
}

/** A link to a TCP listener; it is dialled beside UDP where that may be blocked. */
export function tcpLink(options: TcpOptions): StreamLink {
  return streamLink(new DialPipe(options));
}

function dialError(name: string, cause: Error | undefined): ShimError {
  const again = 'trying again';
  switch (systemCode(cause)) {
    case '':
      return new ShimError(
        'refused',
        `TCP ${name} closed: ${cause?.message ?? 'by the other end'}; ${again}`,
      );
    case 'ECONNREFUSED':
      return new ShimError(
        'refused',
        `nobody listens on TCP ${name}: start the other node or correct the address; ${again}`,
        cause,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ShimError(
        'unresolved',
        `the name in TCP ${name} is not known: correct it or use an IP address; ${again}`,
        cause,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new ShimError(
        'networkDown',
        `no way to TCP ${name}: check that this machine is on that network; ${again}`,
        cause,
      );
    default:
      return new ShimError('socketFailed', `TCP ${name} failed: ${messageOf(cause)}; ${again}`, cause);
  }
}
