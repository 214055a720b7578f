import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EndLink } from './orders.js';

const HOST = '127.0.0.1';
const BUFFER_BYTES = 8 * 1024 * 1024;
/** Of a message on a stream: its length. */
const PREFIX_BYTES = 4;

export interface RawSocket {
  readonly address: string;
  /** Resolves once the system took it. */
  send(message: Uint8Array): Promise<void>;
  close(): void;
}

type OnMessage = (message: Uint8Array) => void;

export async function openRawSocket(link: EndLink, onMessage: OnMessage): Promise<RawSocket> {
  switch (link.kind) {
    case 'udp':
      return openDatagrams(link.connect, onMessage);
    case 'tcp': {
      const socket = connect({ host: HOST, port: link.port });
      await once(socket, 'connect');
      socket.setNoDelay(true);
      return overStream(socket, '', onMessage);
    }
    case 'tcpListen':
      return openServer(onMessage);
    case 'serial': {
      const { SerialPort } = await import('serialport');
      const port = new SerialPort({ path: link.path, baudRate: link.baudRate });
      await once(port, 'open');
      return overStream(port, link.path, onMessage);
    }
    default:
      throw new Error(`there is no raw ${link.kind}`);
  }
}

async function openDatagrams(target: string | undefined, onMessage: OnMessage): Promise<RawSocket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
  socket.bind(0, HOST);
  await once(socket, 'listening');
  let port = Number(target?.split(':').at(-1) ?? 0); // the shim that knows addresses is not loaded here
  socket.on('message', (message, from) => {
    port = from.port;
    onMessage(message);
  });
  return {
    address: `${HOST}:${socket.address().port}`,
    send: (message) => sendDatagram(socket, message, port),
    close: () => socket.close(),
  };
}

function sendDatagram(socket: DatagramSocket, message: Uint8Array, port: number): Promise<void> {
  return new Promise((resolve) => socket.send(message, port, HOST, () => resolve()));
}

async function openServer(onMessage: OnMessage): Promise<RawSocket> {
  let accepted: RawSocket | undefined;
  const server = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    accepted = overStream(socket, '', onMessage);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const bound = server.address();
  return {
    address: `${HOST}:${typeof bound === 'object' ? bound?.port : 0}`,
    send: async (message) => accepted?.send(message),
    close: () => {
      accepted?.close();
      server.close();
    },
  };
}

function overStream(stream: Duplex, address: string, onMessage: OnMessage): RawSocket {
  let rest: Uint8Array = new Uint8Array(0);
  stream.on('data', (chunk: Uint8Array) => {
    rest = takeMessages(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), onMessage);
  });
  stream.on('error', () => undefined); // the other end has gone
  const drains: (() => void)[] = [];
  stream.on('drain', () => {
    for (const resolve of drains.splice(0)) resolve();
  });
  return {
    address,
    send(message) {
      const framed = new Uint8Array(PREFIX_BYTES + message.length);
      new DataView(framed.buffer).setUint32(0, message.length);
      framed.set(message, PREFIX_BYTES);
      if (stream.write(framed)) return Promise.resolve();
      return new Promise((resolve) => drains.push(resolve));
    },
    close: () => stream.destroy(),
  };
}

/** Gives what is left of a message that is not complete. */
function takeMessages(bytes: Uint8Array, onMessage: OnMessage): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + PREFIX_BYTES <= bytes.length) {
    const end = at + PREFIX_BYTES + view.getUint32(at);
    if (end > bytes.length) break;
    onMessage(bytes.subarray(at + PREFIX_BYTES, end));
    at = end;
  }
  return bytes.subarray(at);
}
