import { type Json, toJson } from './bridge/json.js';
import type { Mesh, NodeKey } from './mesh.js';
import { type PeerView, viewPeer } from './peer-view.js';
import type { Reading } from './readings.js';

interface LastReading {
  readonly topic: string;
  readonly value: Json;
  readonly at: number;
}

/** All peers with the last thing that each of them said. */
export class PeerBook {
  readonly #mesh: Mesh;
  readonly #last = new Map<NodeKey, LastReading>();

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  note(reading: Reading): void {
    this.#last.set(reading.peer.id, {
      topic: reading.topic,
      value: toJson(reading.value),
      at: this.#mesh.now(),
    });
  }

  views(): PeerView[] {
    const now = this.#mesh.now();
    const views = this.#mesh.peers().map((report) => {
      const last = this.#last.get(report.id);
      const reading =
        last === undefined
          ? undefined
          : { topic: last.topic, value: last.value, msAgo: Math.max(0, now - last.at) };
      return viewPeer(report, now, reading);
    });
    return views.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}
