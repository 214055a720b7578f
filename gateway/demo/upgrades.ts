import type { Mesh, NodeKey, PeerReport } from '../src/mesh.js';
import { pathText, viewPath } from '../src/peer-view.js';

/** A peer that was reached through others, and is reached directly now. */
export interface Upgrade {
  readonly from: string;
  readonly to: string;
  readonly tookMs: number;
}

interface Story {
  /** What was told of it while it was relayed, and since when. */
  relayed: { readonly text: string; readonly since: number } | undefined;
  upgrade: Upgrade | undefined;
}

/** Remembers of each peer how its path last became direct, and how long that took. */
export class Upgrades {
  readonly #mesh: Pick<Mesh, 'on' | 'now'>;
  readonly #stories = new Map<NodeKey, Story>();

  constructor(mesh: Pick<Mesh, 'on' | 'now'>) {
    this.#mesh = mesh;
    mesh.on('peer', (peer) => this.#onPeer(peer));
  }

  /** Undefined while it is not direct, and when it was so from the first. */
  of(peer: NodeKey): Upgrade | undefined {
    return this.#stories.get(peer)?.upgrade;
  }

  #onPeer({ id, path }: PeerReport): void {
    const story = this.#stories.get(id) ?? { relayed: undefined, upgrade: undefined };
    this.#stories.set(id, story);
    const now = this.#mesh.now();
    const text = pathText(viewPath(path, now));
    if (path.kind === 'relayed') {
      story.relayed = { text, since: story.relayed?.since ?? now };
      story.upgrade = undefined;
    }
    if (path.kind !== 'direct' || story.relayed === undefined) return;
    story.upgrade = { from: story.relayed.text, to: text, tookMs: now - story.relayed.since };
    story.relayed = undefined;
  }
}
