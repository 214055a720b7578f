import type { LinkAddress, LinkInfo } from '@fogwisp/protocol';
import type { LinkSink } from '../src/platform.js';
import type { ShimError } from '../src/shim-error.js';

/** Remembers what a link tells. */
export class TestSink implements LinkSink {
  readonly packets: { readonly from: LinkAddress; readonly text: string }[] = [];
  readonly downs: { readonly reason: string; readonly error: ShimError | undefined }[] = [];
  readonly notices: string[] = [];
  readonly ups: LinkInfo[] = [];
  info: LinkInfo | undefined;

  up(info: LinkInfo): void {
    this.info = info;
    this.ups.push(info);
  }

  packet(from: LinkAddress, bytes: Uint8Array): void {
    this.packets.push({ from, text: Buffer.from(bytes).toString('latin1') });
  }

  down(reason: string, error?: ShimError): void {
    this.info = undefined;
    this.downs.push({ reason, error });
  }

  notice(text: string): void {
    this.notices.push(text);
  }

  has(text: string): boolean {
    return this.packets.some((packet) => packet.text === text);
  }
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
