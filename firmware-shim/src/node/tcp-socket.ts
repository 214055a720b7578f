import type { Socket } from 'node:net';
import type { LinkInfo } from '@fogwisp/protocol';

/** Large frames make bulk fast; the stream cuts them as it likes. */
export const TCP_MTU = 16 * 1024;

/** One round trip of 40 ms at 100 MB/s. */
export const TCP_QUEUE_BYTES_MAX = 4 * 1024 * 1024;

/** A peer that vanished without a word is noticed by the system after some minutes. */
const KEEP_ALIVE_MS = 15_000;

export function tcpLinkInfo(name: string, mtu: number | undefined): LinkInfo {
  return {
    kind: 'tcp',
    name,
    mtu: mtu ?? TCP_MTU,
    flow: 'stream',
    cast: 'point',
    reliable: true,
    bitrate: 0,
  };
}

export function tuneSocket(socket: Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
}
