import { createSocket } from 'node:dgram';

/** What is asked for. */
export interface SocketOrder {
  readonly id: number;
  readonly address: string;
  readonly port: number;
}

/**
 * Runs in a namespace and opens UDP sockets there for processes that are elsewhere: a socket belongs to the
 * namespace that it was made in, whoever has it. It ends with its parent.
 */
function open({ id, address, port }: SocketOrder): void {
  const socket = createSocket('udp4');
  socket.once('error', (error) => process.send?.({ id, trouble: error.message }));
  socket.bind(port, address, () => process.send?.({ id }, socket, undefined, () => socket.close()));
}

process.on('SIGINT', () => undefined); // reaches the whole group of processes; the parent decides
process.once('disconnect', () => process.exit(0));
process.on('message', (order) => open(order as SocketOrder)); // the parent is of the same version
