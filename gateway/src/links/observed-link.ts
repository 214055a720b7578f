import type { Link, LinkSink } from '@fogwisp/firmware-shim';
import type { LinkAddress } from '@fogwisp/protocol';

/** What an operator is told of one link. */
export interface LinkReport {
  readonly kind: string;
  readonly name: string;
  readonly state: 'up' | 'down' | 'opening';
  /** Why it is down. */
  readonly reason?: string;
}

/** Any link, with its state kept for the operator as well as told to the node. */
export class ObservedLink implements Link {
  readonly #link: Link;
  readonly #onUpAgain: () => void;
  #report: LinkReport;

  constructor(link: Link, kind: string, name: string, onUpAgain: () => void) {
    this.#link = link;
    this.#onUpAgain = onUpAgain;
    this.#report = { kind, name, state: 'opening' };
  }

  get report(): LinkReport {
    return this.#report;
  }

  open(sink: LinkSink): void {
    this.#link.open({
      up: (info) => {
        if (this.#report.state === 'down') this.#onUpAgain();
        this.#report = { kind: info.kind, name: info.name, state: 'up' };
        sink.up(info);
      },
      packet: (from, bytes) => sink.packet(from, bytes),
      down: (reason, error) => {
        const { kind, name } = this.#report;
        this.#report = { kind, name, state: 'down', reason };
        sink.down(reason, error);
      },
      notice: (text) => sink.notice?.(text),
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    return this.#link.send(to, bytes);
  }

  close(): void {
    this.#link.close();
  }
}
