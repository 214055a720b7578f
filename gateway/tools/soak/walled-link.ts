import type { Link, LinkSink } from '@fogwisp/firmware-shim';
import type { LinkAddress } from '@fogwisp/protocol';

/** A link that only some stations are reached by, and heard through, as if walls stood between the others. */
export class WalledLink implements Link {
  readonly #link: Link;
  #open: ReadonlySet<LinkAddress>;

  constructor(link: Link, open: readonly LinkAddress[]) {
    this.#link = link;
    this.#open = new Set(open);
  }

  open(sink: LinkSink): void {
    this.#link.open({
      up: (info) => sink.up(info),
      packet: (from, bytes) => {
        if (this.#open.has(from)) sink.packet(from, bytes);
      },
      down: (reason, error) => sink.down(reason, error),
      notice: (text) => sink.notice?.(text),
    });
  }

  /** The walls are moved. */
  openTo(stations: readonly LinkAddress[]): void {
    this.#open = new Set(stations);
  }

  /** A wall swallows what is sent against it, and says nothing. */
  send(to: LinkAddress, bytes: Uint8Array): boolean {
    return this.#open.has(to) ? this.#link.send(to, bytes) : true;
  }

  close(): void {
    this.#link.close();
  }
}
