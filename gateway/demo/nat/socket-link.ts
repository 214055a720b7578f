import type { Socket } from 'node:dgram';
import type { Link, LinkSink } from '@fogwisp/firmware-shim';
import type { LinkAddress } from '@fogwisp/protocol';

const MTU = 1200;
const IPV4 = /^(\d+\.\d+\.\d+\.\d+):([1-9]\d*)$/;

/** A UDP link over a bound IPv4 socket that somebody else has opened. */
export class SocketLink implements Link {
  readonly #socket: Socket;
  #isOpen = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  open(sink: LinkSink): void {
    const { address, port } = this.#socket.address();
    const name = `${address}:${port}`;
    this.#socket.on('message', (bytes, from) => sink.packet(`${from.address}:${from.port}`, bytes));
    this.#socket.on('error', () => undefined); // who was sent to is not there
    queueMicrotask(() => {
      this.#isOpen = true;
      const shape = { flow: 'datagram', cast: 'address', reliable: false, bitrate: 0 } as const;
      sink.up({ kind: 'udp', name, mtu: MTU, ...shape, addresses: [name] });
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    const [, ip, port] = IPV4.exec(to) ?? [];
    if (!this.#isOpen || ip === undefined || bytes.length === 0 || bytes.length > MTU) return false;
    this.#socket.send(bytes, Number(port), ip, () => undefined);
    return true;
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.removeAllListeners('message');
    this.#socket.close();
  }
}
