import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A port that no UDP socket has now; tests that run beside this one use their own. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
