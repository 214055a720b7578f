import { chmodSync, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { type Json, parseJson } from '../bridge/json.js';
import { LineSplitter } from './lines.js';
import {
  ControlFault,
  type ControlReply,
  type ControlRequest,
  type Fault,
  type Greeting,
  type NumberedRequest,
  readRequest,
} from './protocol.js';

export interface Asker {
  /** For requests with many answers. */
  event(value: Json): void;
  /** Aborted when the asker is gone. */
  readonly signal: AbortSignal;
}

export interface ControlServerOptions {
  readonly path: string;
  readonly greeting: Greeting;
  /** Gives the result, or throws a ControlFault. */
  readonly answer: (request: ControlRequest, asker: Asker) => Promise<Json>;
}

export class SocketTaken extends Error {
  constructor(path: string) {
    super(`another gateway answers at ${path}: stop it, or give this one another socket`);
    this.name = 'SocketTaken';
  }
}

/** Requests under way per asker; the command line makes one at a time. */
const PENDING_MAX = 64;
/** An asker that does not read its events is cut off before it costs more than this. */
const UNREAD_BYTES_MAX = 4 * 1024 * 1024;

/** Listens on a local socket that only its owner can open: whoever can open it speaks for the gateway. */
export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isListening = false;

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get path(): string {
    return this.#options.path;
  }

  async start(): Promise<void> {
    const { path } = this.#options;
    if (!(await this.#listen(path))) {
      if (await answersAt(path)) throw new SocketTaken(path);
      removeIfThere(path); // left behind by a gateway that was killed
      await this.#listen(path);
    }
    this.#isListening = true;
    if (!isPipeName(path)) chmodSync(path, 0o600);
  }

  async stop(): Promise<void> {
    if (!this.#isListening) return; // what is at the path belongs to another
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (!isPipeName(this.path)) removeIfThere(this.path);
  }

  /** False when something is at that path already. */
  #listen(path: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE') resolve(false);
        else reject(error);
      };
      this.#server.once('error', onError);
      this.#server.listen(path, () => {
        this.#server.off('error', onError);
        resolve(true);
      });
    });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const abort = new AbortController();
    const lines = new LineSplitter();
    let pending = 0;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      abort.abort();
    });
    socket.on('data', (bytes) => {
      const complete = lines.push(bytes);
      if (complete === undefined) return socket.destroy();
      for (const line of complete) {
        const numbered = readRequest(parseJson(line));
        if (numbered === undefined || pending >= PENDING_MAX) return this.#refuse(socket, line);
        pending++;
        void this.#answer(socket, numbered, abort.signal).then(() => pending--);
      }
    });
    write(socket, this.#options.greeting);
  }

  async #answer(socket: Socket, numbered: NumberedRequest, signal: AbortSignal): Promise<void> {
    const { id, request } = numbered;
    const reply = (message: ControlReply) => write(socket, message);
    const event = (value: Json) => {
      if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
      else reply({ id, kind: 'event', value });
    };
    try {
      reply({ id, kind: 'result', value: await this.#options.answer(request, { event, signal }) });
    } catch (thrown) {
      reply({ id, kind: 'fault', fault: faultOf(thrown) });
    }
  }

  #refuse(socket: Socket, line: string): void {
    const fault: Fault = { code: 'badRequest', message: `not a request: ${line.substring(0, 80)}` };
    write(socket, { id: 0, kind: 'fault', fault });
    socket.end();
  }
}

function answersAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function write(socket: Socket, message: Greeting | ControlReply): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function faultOf(thrown: unknown): Fault {
  if (thrown instanceof ControlFault) return thrown.fault;
  return { code: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** Windows has no socket files; a pipe lives in a name space of its own. */
export function isPipeName(path: string): boolean {
  return path.startsWith('\\\\.\\pipe\\');
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // gone already: the server removes it itself on most systems
  }
}
