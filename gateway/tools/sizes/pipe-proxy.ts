import type { Duplex } from 'node:stream';
import { Framer } from '@fogwisp/protocol';
import { Counted, type Sighting } from './counted.js';

/**
 * Joins the pipes of two ends and counts the packets inside the frames: what COBS and the checksum add
 * belongs to the line (SPEC §2.4), not to the packet.
 */
export class PipeProxy {
  readonly counted = new Counted();

  constructor(near: Duplex, far: Duplex) {
    this.#carry('near', near, far);
    this.#carry('far', far, near);
  }

  #carry(from: Sighting['from'], source: Duplex, sink: Duplex): void {
    const framer = new Framer();
    source.on('data', (chunk: Uint8Array) => {
      framer.push(chunk);
      for (let packet = framer.shift(); packet !== undefined; packet = framer.shift()) {
        if (packet.length > 0) this.counted.add(from, packet);
      }
      if (sink.writable) sink.write(chunk);
    });
    source.on('error', () => undefined); // the end has gone; whoever waits for it is told
  }
}
