import { createConnection, type Socket } from 'node:net';
import { type Json, parseJson } from '../bridge/json.js';
import { LineSplitter } from './lines.js';
import {
  ControlFault,
  type ControlReply,
  type ControlRequest,
  type Greeting,
  readGreeting,
  readReply,
} from './protocol.js';

const GREETING_MS_MAX = 2000;

/** Thrown when nobody answers at a socket. */
export class GatewayGone extends Error {
  constructor(path: string, why: string) {
    super(`no gateway answers at ${path}: ${why}`);
    this.name = 'GatewayGone';
  }
}

interface Waiting {
  readonly onEvent: ((value: Json) => void) | undefined;
  readonly resolve: (value: Json) => void;
  readonly reject: (error: Error) => void;
}

/** The command line's end of the control socket. */
export class ControlClient {
  readonly greeting: Greeting;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #numberNext = 1;
  #end: Error | undefined;

  private constructor(socket: Socket, greeting: Greeting) {
    this.#socket = socket;
    this.greeting = greeting;
  }

  static open(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      const lines = new LineSplitter();
      let client: ControlClient | undefined;
      const fail = (why: string) => {
        clearTimeout(timer);
        socket.destroy();
        reject(new GatewayGone(path, why));
        client?.fail(new GatewayGone(path, why));
      };
      const timer = setTimeout(() => fail('it does not greet'), GREETING_MS_MAX);
      socket.on('error', (error: NodeJS.ErrnoException) => fail(whyOf(error)));
      socket.on('close', () => fail('it closed the connection'));
      socket.on('data', (bytes) => {
        for (const line of lines.push(bytes) ?? []) {
          if (client !== undefined) {
            client.handleLine(line);
            continue;
          }
          const greeting = readGreeting(parseJson(line));
          if (greeting === undefined)
            return fail('it speaks another version; use the fogwisp it was started with');
          clearTimeout(timer);
          client = new ControlClient(socket, greeting);
          resolve(client);
        }
      });
    });
  }

  call(request: ControlRequest, onEvent?: (value: Json) => void): Promise<Json> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const id = this.#numberNext++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { onEvent, resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  close(): void {
    this.#waiting.clear();
    this.#socket.destroy();
  }

  /** From the socket: one line of the gateway. */
  handleLine(line: string): void {
    const reply = readReply(parseJson(line));
    if (reply !== undefined) this.#handleReply(reply);
  }

  /** From the socket: it is gone. */
  fail(error: Error): void {
    this.#end = error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  #handleReply(reply: ControlReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.kind === 'event') {
      waiting?.onEvent?.(reply.value);
      return;
    }
    this.#waiting.delete(reply.id);
    if (reply.kind === 'result') waiting?.resolve(reply.value);
    else waiting?.reject(new ControlFault(reply.fault.code, reply.fault.message, reply.fault.next));
  }
}

function whyOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'there is no such socket';
  if (error.code === 'ECONNREFUSED') return 'it has ended';
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'it belongs to another user';
  return error.message;
}
