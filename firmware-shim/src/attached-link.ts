import type { LinkAddress, LinkId, LinkInfo, NodeInput } from '@fogwisp/protocol';
import type { Link, LinkSink } from './platform.js';
import type { ShimError } from './shim-error.js';

/** Since the link was added. */
export interface LinkCounters {
  readonly sentPackets: number;
  readonly sentBytes: number;
  /** Packets that the link did not take: down, full, too large, no such address. */
  readonly refusedPackets: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  /** Of the received ones, those that the node dropped. */
  readonly droppedPackets: number;
  /** How often the link came up. */
  readonly ups: number;
}

/** One link of a driver, as it is now. */
export interface LinkStatus {
  readonly id: LinkId;
  /** Undefined while the link is down. */
  readonly info: LinkInfo | undefined;
  /** Why it is down, '' while it is up or has said nothing yet. */
  readonly reason: string;
  readonly counters: LinkCounters;
}

/** What goes wrong or changes outside of the node, for logs and status pages. */
export type DriverNotice =
  | { readonly kind: 'linkUp'; readonly link: LinkId; readonly info: LinkInfo }
  | {
      readonly kind: 'linkDown';
      readonly link: LinkId;
      readonly reason: string;
      readonly error: ShimError | undefined;
    }
  | { readonly kind: 'linkNotice'; readonly link: LinkId; readonly text: string }
  | { readonly kind: 'sourceUp'; readonly address: LinkAddress }
  | { readonly kind: 'sourceDown'; readonly reason: string; readonly error: ShimError | undefined }
  | { readonly kind: 'sourceNotice'; readonly text: string }
  /** The value is kept and written again later; until then the node does not use what needs it. */
  | { readonly kind: 'storeFailed'; readonly key: string; readonly error: unknown };

/** What an attached link may do to the driver that owns it. */
export interface LinkOwner {
  input(input: NodeInput): void;
  notice(notice: DriverNotice): void;
}

/** A link under its number: counts, and translates what the link tells into inputs of the node. */
export class AttachedLink implements LinkSink {
  readonly id: LinkId;
  readonly #link: Link;
  readonly #owner: LinkOwner;
  #info: LinkInfo | undefined;
  #reason = '';
  #isClosed = false;
  #sentPackets = 0;
  #sentBytes = 0;
  #refusedPackets = 0;
  #receivedPackets = 0;
  #receivedBytes = 0;
  #droppedPackets = 0;
  #ups = 0;

  constructor(id: LinkId, link: Link, owner: LinkOwner) {
    this.id = id;
    this.#link = link;
    this.#owner = owner;
  }

  open(): void {
    this.#link.open(this);
  }

  send(to: LinkAddress, bytes: Uint8Array): void {
    const { length } = bytes; // read before the link owns them
    if (this.#info === undefined || !this.#link.send(to, bytes)) {
      this.#refusedPackets++;
      return;
    }
    this.#sentPackets++;
    this.#sentBytes += length;
  }

  countDropped(): void {
    this.#droppedPackets++;
  }

  /** After this the node hears nothing of the link but one `linkDown`. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.close();
    this.#reason = 'closed';
    this.#lower();
  }

  get status(): LinkStatus {
    const counters = {
      sentPackets: this.#sentPackets,
      sentBytes: this.#sentBytes,
      refusedPackets: this.#refusedPackets,
      receivedPackets: this.#receivedPackets,
      receivedBytes: this.#receivedBytes,
      droppedPackets: this.#droppedPackets,
      ups: this.#ups,
    };
    return { id: this.id, info: this.#info, reason: this.#reason, counters };
  }

  up(info: LinkInfo): void {
    if (this.#isClosed) return;
    this.#lower(); // an `up` while up means that the info changed
    this.#info = info;
    this.#reason = '';
    this.#ups++;
    this.#owner.notice({ kind: 'linkUp', link: this.id, info });
    this.#owner.input({ kind: 'linkUp', link: this.id, info });
  }

  packet(from: LinkAddress, bytes: Uint8Array): void {
    if (this.#info === undefined || this.#isClosed) return;
    this.#receivedPackets++;
    this.#receivedBytes += bytes.length;
    this.#owner.input({ kind: 'packet', link: this.id, from, bytes });
  }

  down(reason: string, error?: ShimError): void {
    if (this.#isClosed) return;
    this.#reason = reason;
    this.#owner.notice({ kind: 'linkDown', link: this.id, reason, error });
    this.#lower();
  }

  mapped(addresses: readonly LinkAddress[]): void {
    if (this.#info === undefined || this.#isClosed) return;
    this.#owner.input({ kind: 'mapped', link: this.id, addresses });
  }

  notice(text: string): void {
    if (!this.#isClosed) this.#owner.notice({ kind: 'linkNotice', link: this.id, text });
  }

  #lower(): void {
    if (this.#info === undefined) return;
    this.#info = undefined;
    this.#owner.input({ kind: 'linkDown', link: this.id });
  }
}
