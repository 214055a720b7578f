import { type LinkAddress, type LinkInfo, type Random, randomBelow } from '@fogwisp/protocol';
import type { Link, LinkSink } from './platform.js';
import type { ShimError } from './shim-error.js';

/** What a bad medium does to packets in one direction. */
export interface Faults {
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  /** Each packet waits for a time between the two; unequal ones reorder. */
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

const NO_FAULTS: Faults = { lossPerMille: 0, duplicatePerMille: 0, delayMsMin: 0, delayMsMax: 0 };

/** `sent`, `received`: the faults of each direction, none where left out. */
export interface FaultyLinkOptions {
  /** Seeded for a test that repeats. */
  readonly random: Random;
  /** `setTimeout` where there is one. */
  readonly later: (delayMs: number, run: () => void) => void;
  readonly sent?: Partial<Faults>;
  readonly received?: Partial<Faults>;
}

/** A link that loses, doubles, delays and, while cut, carries nothing, without telling either end. */
export class FaultyLink implements Link {
  readonly #link: Link;
  readonly #random: Random;
  readonly #later: (delayMs: number, run: () => void) => void;
  #sent: Faults;
  #received: Faults;
  #info: LinkInfo | undefined;
  #isCut = false;
  #isClosed = false;

  constructor(link: Link, options: FaultyLinkOptions) {
    this.#link = link;
    this.#random = options.random;
    this.#later = options.later;
    this.#sent = { ...NO_FAULTS, ...options.sent };
    this.#received = { ...NO_FAULTS, ...options.received };
  }

  /** From now on; what is left out stays as it is. */
  set(faults: { readonly sent?: Partial<Faults>; readonly received?: Partial<Faults> }): void {
    this.#sent = { ...this.#sent, ...faults.sent };
    this.#received = { ...this.#received, ...faults.received };
  }

  /** Both directions, until `heal`; what is under way is lost as well. */
  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
  }

  open(sink: LinkSink): void {
    this.#link.open({
      up: (info: LinkInfo) => {
        this.#info = info;
        sink.up(info);
      },
      packet: (from, bytes) => this.#onPacket(sink, from, bytes),
      down: (reason: string, error?: ShimError) => {
        this.#info = undefined;
        sink.down(reason, error);
      },
      mapped: (addresses) => sink.mapped?.(addresses),
      notice: (text: string) => sink.notice?.(text),
    });
  }

  /** Of a delayed packet only the size is known to be right when this returns; its address is tried later. */
  send(to: LinkAddress, bytes: Uint8Array): boolean {
    const info = this.#info;
    if (this.#isClosed || info === undefined || bytes.length === 0 || bytes.length > info.mtu) return false;
    const faults = this.#sent;
    if (this.#isCut || this.#chance(faults.lossPerMille)) return true; // the medium lost it, not the link
    if (this.#chance(faults.duplicatePerMille)) {
      const copy = new Uint8Array(bytes);
      this.#pass(faults, () => this.#link.send(to, copy));
    }
    const delayMs = this.#delayMs(faults);
    if (delayMs === 0) return this.#link.send(to, bytes);
    this.#postpone(delayMs, () => this.#link.send(to, bytes));
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#link.close();
  }

  #onPacket(sink: LinkSink, from: LinkAddress, bytes: Uint8Array): void {
    const faults = this.#received;
    if (this.#isCut || this.#chance(faults.lossPerMille)) return;
    const copies = this.#chance(faults.duplicatePerMille) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delayMs = this.#delayMs(faults);
      if (delayMs === 0) {
        sink.packet(from, bytes);
        continue;
      }
      const kept = new Uint8Array(bytes);
      this.#postpone(delayMs, () => sink.packet(from, kept));
    }
  }

  #pass(faults: Faults, run: () => void): void {
    const delayMs = this.#delayMs(faults);
    if (delayMs === 0) run();
    else this.#postpone(delayMs, run);
  }

  #postpone(delayMs: number, run: () => void): void {
    this.#later(delayMs, () => {
      if (!this.#isClosed && !this.#isCut) run();
    });
  }

  #delayMs({ delayMsMin, delayMsMax }: Faults): number {
    return delayMsMin + randomBelow(this.#random, delayMsMax - delayMsMin + 1);
  }

  #chance(perMille: number): boolean {
    return perMille > 0 && randomBelow(this.#random, 1000) < perMille;
  }
}

/** Puts faults between a node and its link. */
export function faultyLink(link: Link, options: FaultyLinkOptions): FaultyLink {
  return new FaultyLink(link, options);
}
