/** How a killed gateway was replaced, as any program at the broker sees it. */
interface Handover {
  readonly from: string;
  readonly startedAt: number;
  /** Peers of the killed one that have not been heard since. */
  readonly silent: Set<string>;
  readonly count: number;
  endedMs: number | undefined;
}

/** Watches the broker: after a kill, until each peer that was the dead gateway's is heard there again. */
export class Handovers {
  readonly #base: string;
  #last: Handover | undefined;

  constructor(base: string) {
    this.#base = base;
  }

  onKilled(now: number, from: string, peers: readonly string[]): void {
    this.#last = { from, startedAt: now, silent: new Set(peers), count: peers.length, endedMs: undefined };
    if (peers.length === 0) this.#last.endedMs = 0;
  }

  onMessage(now: number, topic: string): void {
    const last = this.#last;
    if (last === undefined || last.endedMs !== undefined) return;
    last.silent.delete(topic.substring(this.#base.length + 1));
    if (last.silent.size === 0) last.endedMs = now - last.startedAt;
  }

  /** A line for people, '' when none was killed. */
  textAt(now: number, living: readonly string[]): string {
    const last = this.#last;
    if (last === undefined) return '';
    const other = living.find((name) => name !== last.from) ?? 'the other';
    const back = living.includes(last.from) ? '; it is back' : '';
    const killed = `${last.from} killed`;
    if (last.endedMs === undefined) {
      const seconds = ((now - last.startedAt) / 1000).toFixed(1);
      return `${killed}: ${other} takes over its ${last.count} peers ... ${seconds} s`;
    }
    const seconds = (last.endedMs / 1000).toFixed(1);
    return `${killed}: ${other} took its ${last.count} peers, all heard again after ${seconds} s${back}`;
  }
}
