import type { Link, LinkSink } from '@fogwisp/firmware-shim';
import type { LinkAddress, LinkInfo } from '@fogwisp/protocol';

/** What an operator is told of one link. */
export interface LinkReport {
  readonly kind: string;
  readonly name: string;
  readonly state: 'up' | 'down' | 'opening';
  /** Why it is down. */
  readonly reason?: string;
}

export interface LinkWatcher {
  onUp(info: LinkInfo): void;
  onDown(reason: string): void;
  onNotice(text: string): void;
}

/** Any link, with its ups and downs told to the operator as well as to the node. */
export class ObservedLink implements Link {
  readonly #link: Link;
  readonly #watcher: LinkWatcher;
  #report: LinkReport;

  constructor(link: Link, kind: string, name: string, watcher: LinkWatcher) {
    this.#link = link;
    this.#watcher = watcher;
    this.#report = { kind, name, state: 'opening' };
  }

  get report(): LinkReport {
    return this.#report;
  }

  open(sink: LinkSink): void {
    this.#link.open({
      up: (info) => {
        this.#report = { kind: info.kind, name: info.name, state: 'up' };
        this.#watcher.onUp(info);
        sink.up(info);
      },
      packet: (from, bytes) => sink.packet(from, bytes),
      down: (reason, error) => {
        const { kind, name } = this.#report;
        this.#report = { kind, name, state: 'down', reason };
        this.#watcher.onDown(reason);
        sink.down(reason, error);
      },
      notice: (text) => {
        this.#watcher.onNotice(text);
        sink.notice?.(text);
      },
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    return this.#link.send(to, bytes);
  }

  close(): void {
    this.#link.close();
  }
}
