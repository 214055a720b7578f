import { copyBytes, equalBytes, type LinkAddress, type LinkInfo } from '@fogwisp/protocol';
import type { Link, LinkSink } from '../platform.js';
import { check, eventually } from './case.js';

export interface Received {
  readonly from: LinkAddress;
  readonly bytes: Uint8Array;
}

/**
 * The sink of a link under test: remembers everything, and that no call came from inside a call to the link.
 */
export class LinkRecorder implements LinkSink {
  readonly received: Received[] = [];
  readonly downs: string[] = [];
  info: LinkInfo | undefined;
  wasCalledInside = false;
  callCount = 0;
  readonly #link: Link;
  #isInside = false;

  readonly #patienceMs: number | undefined;

  constructor(link: Link, patienceMs: number | undefined) {
    this.#link = link;
    this.#patienceMs = patienceMs;
  }

  open(): void {
    this.#inside(() => this.#link.open(this));
  }

  async opened(): Promise<LinkInfo> {
    this.open();
    await this.eventually(() => this.info !== undefined);
    check(
      this.info !== undefined,
      `comes up by itself${this.downs.length > 0 ? ` (${this.downs.at(-1)})` : ''}`,
    );
    return this.info;
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    return this.#inside(() => this.#link.send(to, bytes));
  }

  close(): void {
    this.#inside(() => this.#link.close());
  }

  eventually(condition: () => boolean): Promise<boolean> {
    return eventually(condition, this.#patienceMs);
  }

  /** The first packet with these bytes. */
  async heard(bytes: Uint8Array): Promise<Received> {
    const find = () => this.received.find((packet) => equalBytes(packet.bytes, bytes));
    await this.eventually(() => find() !== undefined);
    const found = find();
    check(found !== undefined, `delivers a packet of ${bytes.length} bytes as it was sent`);
    return found;
  }

  up(info: LinkInfo): void {
    this.#called();
    this.info = info;
  }

  packet(from: LinkAddress, bytes: Uint8Array): void {
    this.#called();
    this.received.push({ from, bytes: copyBytes(bytes) });
  }

  down(reason: string): void {
    this.#called();
    this.info = undefined;
    this.downs.push(reason);
  }

  notice(): void {
    this.#called();
  }

  #inside<T>(call: () => T): T {
    this.#isInside = true;
    try {
      return call();
    } finally {
      this.#isInside = false;
    }
  }

  #called(): void {
    this.callCount++;
    this.wasCalledInside ||= this.#isInside;
  }
}
