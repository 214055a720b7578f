import type { Moment } from '@fogwisp/protocol/sim';

const EVERY_MS = 250;

/** One line on a terminal that tells where a run is; nothing anywhere else. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #startedAt = performance.now();
  #shownAt = -Infinity;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show({ fleet, doing }: Moment): void {
    const now = performance.now();
    if (!this.#stream.isTTY || now < this.#shownAt + EVERY_MS) return;
    this.#shownAt = now;
    const { world } = fleet;
    const seconds = Math.round((now - this.#startedAt) / 1000);
    const where = `${Math.round(world.now / 1000)} virtual s, ${world.eventCount} events`;
    const text = `${seconds} s  ${doing}  [${where}]`;
    this.#stream.write(`\r\x1b[K${text.substring(0, this.#stream.columns - 1)}`);
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}
