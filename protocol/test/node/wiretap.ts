import type { LinkAddress } from '@fogwisp/protocol';
import type { Host, Medium } from '@fogwisp/protocol/sim';
import { classify, type PacketKind } from '../../src/packet/first-byte.js';
import type { Network } from './network.js';

export interface Caught {
  readonly from: Host;
  readonly fromAddress: LinkAddress;
  readonly to: LinkAddress;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** What went between a host and an address, in bytes. */
interface Balance {
  received: number;
  sent: number;
  readonly kinds: Map<PacketKind | 'unknown', number>;
}

/**
 * Somebody who hears a medium and writes on it under any address. Keeps an account for each address under
 * which it wrote to a host: what the host got from there, and what it sent there.
 */
export class Wiretap {
  readonly caught: Caught[] = [];
  /**
   * Called with each packet that a host sends; what it gives is written at once, before the packet arrives.
   */
  onSent: ((caught: Caught) => void) | undefined;
  readonly #net: Network;
  readonly #medium: Medium;
  readonly #balances = new Map<string, Balance>();

  constructor(net: Network, medium: Medium) {
    this.#net = net;
    this.#medium = medium;
    medium.tap = ({ fate, port, address, bytes, at }) => {
      if (fate !== 'sent') return;
      const copy = new Uint8Array(bytes);
      const from = { from: port.host, fromAddress: port.address };
      const caught = { ...from, to: address, bytes: copy, atMs: at / 1000 };
      this.caught.push(caught);
      const balance = this.#balances.get(keyOf(port.host, address));
      if (balance !== undefined) {
        balance.sent += bytes.length;
        const kind = kindOf(copy);
        balance.kinds.set(kind, (balance.kinds.get(kind) ?? 0) + bytes.length);
      }
      this.onSent?.(caught);
    };
  }

  /** A packet to a host, as if it came from there. */
  write(to: Host, from: LinkAddress, bytes: Uint8Array): void {
    const port = this.#medium.ports.find(({ host }) => host === to);
    if (port === undefined) throw new Error(`${to.name} is not on this medium`);
    this.#balance(to, from).received += bytes.length;
    to.packet(port.link, from, bytes);
  }

  /** As `write`, on the next turn. */
  writeSoon(to: Host, from: LinkAddress, bytes: Uint8Array): void {
    this.#net.world.after(0, () => this.write(to, from, bytes));
  }

  ofKind(kind: PacketKind): readonly Caught[] {
    return this.caught.filter(({ bytes }) => kindOf(bytes) === kind);
  }

  balance(host: Host, address: LinkAddress): Readonly<Balance> {
    return this.#balance(host, address);
  }

  /** Bytes sent for each byte that came. */
  factor(host: Host, address: LinkAddress): number {
    const { sent, received } = this.#balance(host, address);
    return received === 0 ? 0 : sent / received;
  }

  #balance(host: Host, address: LinkAddress): Balance {
    const key = keyOf(host, address);
    const balance = this.#balances.get(key) ?? { received: 0, sent: 0, kinds: new Map() };
    this.#balances.set(key, balance);
    return balance;
  }
}

export function kindOf(bytes: Uint8Array): PacketKind | 'unknown' {
  return (bytes.length === 0 ? undefined : classify(bytes[0] as number)) ?? 'unknown';
}

function keyOf(host: Host, address: LinkAddress): string {
  return `${host.index}/${address}`;
}
