import type { Link, LinkSink } from '@fogwisp/firmware-shim';
import type { LinkAddress } from '@fogwisp/protocol';
import { StationWatch } from './station-watch.js';

/** What an operator is told of one link. */
export interface LinkReport {
  readonly kind: string;
  readonly name: string;
  readonly state: 'up' | 'down' | 'opening';
  /** Why it is down. */
  readonly reason?: string;
}

/** When a packet came last, of anybody, on the clock of `performance.now()`. */
interface Heard {
  at: number | undefined;
  /** From an IPv6 address. */
  at6: number | undefined;
}

/** Any link, with its state kept for the operator as well as told to the node. */
export class ObservedLink implements Link {
  readonly #link: Link;
  readonly #onUpAgain: () => void;
  readonly stations = new StationWatch();
  readonly heard: Heard = { at: undefined, at6: undefined };
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
      packet: (from, bytes) => {
        this.#noteHeard(from);
        sink.packet(from, bytes);
      },
      down: (reason, error) => {
        const { kind, name } = this.#report;
        this.#report = { kind, name, state: 'down', reason };
        sink.down(reason, error);
      },
      mapped: (addresses) => sink.mapped?.(addresses),
      notice: (text) => sink.notice?.(text),
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    const isTaken = this.#link.send(to, bytes);
    if (isTaken) this.stations.noteSent(to, performance.now());
    return isTaken;
  }

  close(): void {
    this.#link.close();
  }

  #noteHeard(from: LinkAddress): void {
    const now = performance.now();
    this.heard.at = now;
    if (from.startsWith('[')) this.heard.at6 = now;
    this.stations.noteHeard(from, now);
  }
}
