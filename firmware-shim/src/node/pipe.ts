import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { StreamLink } from '../stream-link.js';
import { streamLink } from './stream.js';
import { StreamPipe } from './stream-pipe.js';
import { DATAGRAM_MTU } from './udp.js';

const QUEUE_BYTES_MAX = 1024 * 1024;

/** What a link over streams is called, and holds. */
export interface PipeOptions {
  /** For display. */
  readonly name?: string;
  /** Largest packet, the same at both ends; 1200 if left out. */
  readonly mtu?: number;
}

/** A link over byte streams that exist already: child processes, sockets, anything of Node. */
export function pipeLink(readable: Readable, writable: Writable, options: PipeOptions = {}): StreamLink {
  const pipe = new StreamPipe({
    readable,
    writable,
    info: {
      kind: 'serial (pipe)',
      name: options.name ?? 'pipe',
      mtu: options.mtu ?? DATAGRAM_MTU,
      flow: 'stream',
      cast: 'point',
      reliable: true,
      bitrate: 0,
    },
    queueBytesMax: QUEUE_BYTES_MAX,
    nextStep: 'start the program at its other end again',
  });
  return streamLink(pipe);
}

/** For a child process that was spawned with a pipe as file descriptor `fd` (`stdio: [..., 'pipe']`). */
export function fdPipeLink(fd: number, options: PipeOptions = {}): StreamLink {
  const socket = new Socket({ fd, readable: true, writable: true });
  return pipeLink(socket, socket, { name: `fd ${fd}`, ...options });
}
