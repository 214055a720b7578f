import type { LinkAddress, LinkInfo } from '@fogwisp/protocol';
import type { Link, LinkSink } from './platform.js';
import type { ShimError } from './shim-error.js';

/** What passes between a link and its sink. `bytes` are borrowed. */
export type TraceEntry =
  | { readonly kind: 'up'; readonly info: LinkInfo }
  | { readonly kind: 'down'; readonly reason: string }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'received'; readonly from: LinkAddress; readonly bytes: Uint8Array }
  | {
      readonly kind: 'sent';
      readonly to: LinkAddress;
      readonly bytes: Uint8Array;
      /** False: the link dropped it. */
      readonly isTaken: boolean;
    };

/** Watches a link without changing anything. */
class TracedLink implements Link {
  readonly #link: Link;
  readonly #trace: (entry: TraceEntry) => void;

  constructor(link: Link, trace: (entry: TraceEntry) => void) {
    this.#link = link;
    this.#trace = trace;
  }

  open(sink: LinkSink): void {
    const trace = this.#trace;
    this.#link.open({
      up(info: LinkInfo): void {
        trace({ kind: 'up', info });
        sink.up(info);
      },
      packet(from: LinkAddress, bytes: Uint8Array): void {
        trace({ kind: 'received', from, bytes });
        sink.packet(from, bytes);
      },
      down(reason: string, error?: ShimError): void {
        trace({ kind: 'down', reason });
        sink.down(reason, error);
      },
      mapped: (addresses) => sink.mapped?.(addresses),
      notice(text: string): void {
        trace({ kind: 'notice', text });
        sink.notice?.(text);
      },
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    const isTaken = this.#link.send(to, bytes);
    this.#trace({ kind: 'sent', to, bytes, isTaken });
    return isTaken;
  }

  close(): void {
    this.#link.close();
  }
}

/** Tells of each packet that passes, in both directions. */
export function tracedLink(link: Link, trace: (entry: TraceEntry) => void): Link {
  return new TracedLink(link, trace);
}
