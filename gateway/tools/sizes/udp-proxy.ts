import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parseStation } from '@fogwisp/firmware-shim/node';
import { Counted } from './counted.js';

const HOST = '127.0.0.1';

/** Between a near end that was given this address and a far one: forwards every datagram and counts it. */
export class UdpProxy {
  readonly counted = new Counted();
  readonly #near: Socket;
  readonly #far: Socket;
  #nearPort = 0;

  private constructor(near: Socket, far: Socket, farPort: number) {
    this.#near = near;
    this.#far = far;
    near.on('message', (bytes, { port }) => {
      this.#nearPort = port;
      this.counted.add('near', bytes);
      far.send(bytes, farPort, HOST);
    });
    far.on('message', (bytes) => {
      this.counted.add('far', bytes);
      near.send(bytes, this.#nearPort, HOST);
    });
  }

  static async open(farAddress: string): Promise<UdpProxy> {
    const farPort = parseStation(farAddress)?.port;
    if (farPort === undefined) throw new Error(`${farAddress} is no address`);
    return new UdpProxy(await boundSocket(), await boundSocket(), farPort);
  }

  /** What the near end connects to. */
  get address(): string {
    return `${HOST}:${this.#near.address().port}`;
  }

  close(): void {
    this.#near.close();
    this.#far.close();
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}
