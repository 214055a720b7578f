import { createSocket, type Socket } from 'node:dgram';
import type { Link, LinkSink } from '@fogwisp/firmware-shim';
import type { LinkAddress } from '@fogwisp/protocol';
import { splitAddress, withAddress } from './address-header.js';

const MTU = 1200;
const LOOPBACK = '127.0.0.1';

/** A UDP link whose only way out is a simulated box, as the only way out of a house is its router. */
export class BoxLink implements Link {
  readonly #boxPort: number;
  #socket: Socket | undefined;

  constructor(boxPort: number) {
    this.#boxPort = boxPort;
  }

  open(sink: LinkSink): void {
    const socket = createSocket('udp4');
    this.#socket = socket;
    socket.on('message', (bytes) => {
      const from = splitAddress(bytes);
      if (from !== undefined) sink.packet(`${from.ip}:${from.port}`, from.packet);
    });
    socket.on('error', () => undefined); // the box ends first when all is being ended
    socket.connect(this.#boxPort, LOOPBACK, () => {
      if (this.#socket !== socket) return;
      const shape = { flow: 'datagram', cast: 'address', reliable: false, bitrate: 0 } as const;
      sink.up({ kind: 'udp', name: 'simulated NAT', mtu: MTU, ...shape });
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    const addressed = withAddress(to, bytes);
    if (addressed === undefined || bytes.length === 0 || bytes.length > MTU) return false;
    try {
      this.#socket?.send(addressed);
      return this.#socket !== undefined;
    } catch {
      return false; // it is not connected yet
    }
  }

  close(): void {
    this.#socket?.removeAllListeners('message');
    this.#socket?.close();
    this.#socket = undefined;
  }
}
