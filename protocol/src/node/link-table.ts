import type { NodeOutput } from '../api.js';
import type { DropReason } from '../kernel/fault.js';
import { BROADCAST, type DirectVia, type LinkId, type LinkInfo } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { fragmentLifetimeMs, fragmentPacket, Reassembler, TAG_COUNT } from '../packet/fragment.js';

/** The links that are up, and fragments on those with a small MTU (SPEC §4.7). */
export class LinkTable {
  readonly #out: Outbox<NodeOutput>;
  readonly #links = new Map<LinkId, LinkInfo>();
  readonly #reassembler = new Reassembler();
  #nextTag = 0;

  constructor(out: Outbox<NodeOutput>) {
    this.#out = out;
  }

  get(link: LinkId): LinkInfo | undefined {
    return this.#links.get(link);
  }

  all(): Iterable<readonly [LinkId, LinkInfo]> {
    return this.#links;
  }

  up(link: LinkId, info: LinkInfo): void {
    this.#links.set(link, info);
  }

  down(link: LinkId): void {
    this.#links.delete(link);
    this.#reassembler.closeLink(link);
  }

  /** Sends a packet to one station, in fragments where it must be. */
  send(via: DirectVia, packet: Uint8Array): void {
    const info = this.#links.get(via.link);
    if (info === undefined) return;
    const { link, address: to } = via;
    if (packet.length <= info.mtu) {
      this.#out.push({ kind: 'transmit', link, to, bytes: packet });
      return;
    }
    const pieces = fragmentPacket(packet, info.mtu, this.#nextTag);
    this.#nextTag = (this.#nextTag + 1) % TAG_COUNT;
    if (pieces === undefined) this.#out.push({ kind: 'dropped', link, reason: 'oversize' });
    for (const bytes of pieces ?? []) this.#out.push({ kind: 'transmit', link, to, bytes });
  }

  broadcast(link: LinkId, packet: Uint8Array): void {
    const info = this.#links.get(link);
    if (info === undefined || packet.length > info.mtu) return;
    this.#out.push({ kind: 'transmit', link, to: info.cast === 'point' ? '' : BROADCAST, bytes: packet });
  }

  /** The whole packet once its last fragment is there. */
  reassemble(
    now: Instant,
    via: DirectVia,
    isNeighbor: boolean,
    bytes: Uint8Array,
  ): Uint8Array | DropReason | undefined {
    const info = this.#links.get(via.link);
    if (info === undefined) return undefined;
    const lifetimeMs = fragmentLifetimeMs(info.mtu, info.bitrate);
    const source = { link: via.link, address: via.address, isAuthenticated: isNeighbor, lifetimeMs };
    return this.#reassembler.push(now, source, bytes);
  }
}
