import type { Instant, NodeKey, PeerReport } from '@fogwisp/protocol';

/** What is known of each peer, newest report only. */
export class PeerBook {
  readonly #countMax: number;
  readonly #peers = new Map<NodeKey, PeerReport>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get all(): readonly PeerReport[] {
    return [...this.#peers.values()];
  }

  /** Those who are or may be there, for errors that say whom we see. */
  get namesSeen(): readonly string[] {
    const seen = this.all.filter((peer) => peer.status !== 'offline');
    return seen.map((peer) => (peer.name === '' ? peer.id : peer.name));
  }

  dueInMs(peer: string, now: Instant): number | undefined {
    const dueAt = this.all.find(({ id, name }) => id === peer || name === peer)?.dueAt;
    return dueAt === undefined ? undefined : dueAt - now;
  }

  /**
   * When full, the one that was reported first and is not online goes: it is told again when it comes back.
   */
  put(peer: PeerReport): void {
    this.#peers.set(peer.id, peer);
    if (this.#peers.size <= this.#countMax) return;
    for (const each of this.#peers.values()) {
      if (each.status === 'online' || each === peer) continue;
      this.#peers.delete(each.id);
      return;
    }
  }
}
