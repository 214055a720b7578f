import type { LinkAddress } from '@fogwisp/protocol';
import { type Microseconds, toMicroseconds } from './clock.js';

/** How long a router remembers an outgoing packet: the least that RFC 4787 allows. */
const PINHOLE_MS = 120_000;

/**
 * A router in front of one station that lets in what comes from an address that the station sent to lately: a
 * port-restricted NAT, as far as who reaches whom goes.
 */
export class Firewall {
  readonly #pinholes = new Map<LinkAddress, Microseconds>();

  sent(now: Microseconds, to: LinkAddress): void {
    this.#pinholes.set(to, now);
  }

  admits(now: Microseconds, from: LinkAddress): boolean {
    const at = this.#pinholes.get(from);
    return at !== undefined && now <= at + toMicroseconds(PINHOLE_MS);
  }

  /** The router was restarted. */
  forget(): void {
    this.#pinholes.clear();
  }
}
