import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { unreachable } from '../../src/unreachable.js';
import type { AgentOrder, AgentReply, Datagram } from './agent-wire.js';

/** A few UDP sockets inside one namespace, which do what the lab says. It ends with its parent. */
const sockets = new Map<number, Socket>();

function tell(reply: AgentReply): void {
  process.send?.(reply);
}

function open(socket: number, address: string, port: number): Promise<void> {
  const made = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  sockets.set(socket, made);
  made.on('message', (bytes, from) => {
    const datagram: Datagram = { socket, from: from.address, port: from.port, text: bytes.toString() };
    tell({ kind: 'received', datagram });
  });
  return new Promise((resolve, reject) => {
    made.once('error', reject);
    made.bind(port, address, resolve);
  });
}

function send(order: Extract<AgentOrder, { kind: 'send' }>): Promise<void> {
  const { socket, text, port, to } = order;
  return new Promise((resolve, reject) => {
    const sent = (error: Error | null) => (error === null ? resolve() : reject(error));
    sockets.get(socket)?.send(text, port, to, sent);
  });
}

function listen(address: string, port: number): Promise<void> {
  return new Promise((resolve) => createServer((each) => each.end()).listen(port, address, resolve));
}

function dial(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
}

function obey(order: AgentOrder): Promise<void> {
  switch (order.kind) {
    case 'open':
      return open(order.socket, order.address, order.port);
    case 'send':
      return send(order);
    case 'listen':
      return listen(order.address, order.port);
    case 'dial':
      return dial(order.address, order.port);
    case 'addresses':
      return Promise.resolve();
    default:
      return unreachable(order);
  }
}

process.on('SIGINT', () => undefined); // reaches the whole group of processes; the parent decides
process.once('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const { id, order } = message as { id: number; order: AgentOrder }; // the parent is of the same version
  obey(order).then(
    () => tell({ kind: 'done', id, addresses: ownAddresses() }),
    (thrown: unknown) =>
      tell({ kind: 'failed', id, trouble: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
});
