import { BROADCAST, type LinkAddress, type LinkInfo } from '@fogwisp/protocol';
import type { Link, LinkSink } from './platform.js';

const MTU = 1200;

interface Delivery {
  readonly from: LinkAddress;
  readonly to: LinkAddress;
  readonly bytes: Uint8Array;
}

/** A broadcast medium in memory that loses nothing: for tests and for examples without hardware. */
export class MemoryMedium {
  readonly #stations = new Map<LinkAddress, LinkSink>();
  readonly #settled = Promise.resolve();
  #queue: Delivery[] = [];
  #lastAddress = 0;

  /** A new station; its address is `address`, or the next number. */
  link(address: LinkAddress = String(++this.#lastAddress)): Link {
    return new MemoryLink(this, address);
  }

  attach(address: LinkAddress, sink: LinkSink): void {
    this.#stations.set(address, sink);
  }

  detach(address: LinkAddress): void {
    this.#stations.delete(address);
  }

  carry(delivery: Delivery): boolean {
    if (delivery.to !== BROADCAST && !this.#stations.has(delivery.to)) return false;
    this.#queue.push(delivery);
    if (this.#queue.length === 1) this.#settled.then(this.#deliver); // never inside `send`
    return true;
  }

  readonly #deliver = (): void => {
    const queue = this.#queue;
    this.#queue = [];
    for (const { from, to, bytes } of queue) {
      if (to !== BROADCAST) this.#stations.get(to)?.packet(from, bytes);
      else for (const [address, sink] of this.#stations) if (address !== from) sink.packet(from, bytes);
    }
  };
}

class MemoryLink implements Link {
  readonly #medium: MemoryMedium;
  readonly #address: LinkAddress;
  #isUp = false;
  #isClosed = false;

  constructor(medium: MemoryMedium, address: LinkAddress) {
    this.#medium = medium;
    this.#address = address;
  }

  open(sink: LinkSink): void {
    const info: LinkInfo = {
      kind: 'sim',
      name: `memory ${this.#address}`,
      mtu: MTU,
      flow: 'datagram',
      cast: 'broadcast',
      reliable: true,
      bitrate: 0,
    };
    Promise.resolve().then(() => {
      if (this.#isClosed) return;
      this.#isUp = true;
      this.#medium.attach(this.#address, sink);
      sink.up(info);
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    if (!this.#isUp || bytes.length === 0 || bytes.length > MTU) return false;
    return this.#medium.carry({ from: this.#address, to, bytes });
  }

  close(): void {
    if (this.#isUp) this.#medium.detach(this.#address);
    this.#isUp = false;
    this.#isClosed = true;
  }
}
