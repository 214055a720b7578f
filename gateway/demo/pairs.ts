import { toJson } from '../src/bridge/json.js';
import { asPeers } from '../src/cli/answers.js';
import type { Gateway } from '../src/gateway.js';
import type { PeerView } from '../src/peer-view.js';
import { GATEWAY_NAME, SERIAL_NAME, UDP_NAME } from './cast.js';

/** One row of the table: a peer as another one sees it. */
export interface Pair {
  readonly from: string;
  readonly peer: PeerView;
}

const ASK_MS = 2000;

/** All pairs: those of the gateway from its own knowledge, the others as the peers themselves report them. */
export class Pairs {
  readonly #gateway: Gateway;
  readonly #reports = new Map<string, { readonly pair: Pair; readonly at: number }>();
  readonly #roundTrips = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  start(): void {
    this.#timer = setInterval(() => this.#ask(), ASK_MS);
    this.#ask();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  all(): Pair[] {
    const now = this.#gateway.mesh.now();
    const own = this.#gateway.views().map((peer) => ({ from: GATEWAY_NAME, peer: this.#measured(peer) }));
    const reports = [...this.#reports.values()].sort((a, b) => (a.pair.from < b.pair.from ? -1 : 1));
    const reported = reports.map(({ pair, at }) => aged(pair, now - at));
    return [...own, ...reported];
  }

  #ask(): void {
    for (const peer of this.#gateway.mesh.peers()) {
      if (peer.name === '' || peer.status !== 'online') continue;
      void this.#ping(peer.id);
    }
    void this.#askPair(SERIAL_NAME, UDP_NAME);
    void this.#askPair(UDP_NAME, SERIAL_NAME);
  }

  async #ping(id: string): Promise<void> {
    try {
      const { roundTripMs } = await this.#gateway.mesh.ping(id, { timeoutMs: ASK_MS });
      this.#roundTrips.set(id, roundTripMs);
    } catch {
      this.#roundTrips.delete(id);
    }
  }

  /** With the round trip of the last ping, which is newer than what the path was chosen by. */
  #measured(peer: PeerView): PeerView {
    const { roundTripMs: _older, ...path } = peer.path;
    const roundTripMs = this.#roundTrips.get(peer.id);
    return { ...peer, path: roundTripMs === undefined ? path : { ...path, roundTripMs } };
  }

  async #askPair(from: string, to: string): Promise<void> {
    const { mesh } = this.#gateway;
    try {
      const paths = asPeers(toJson(await mesh.request(from, 'paths', undefined, { timeoutMs: ASK_MS })));
      const peer = paths.find((each) => each.name === to);
      if (peer !== undefined) this.#reports.set(from, { pair: { from, peer }, at: mesh.now() });
    } catch {
      // the age of the last report tells it
    }
  }
}

function aged(pair: Pair, ms: number): Pair {
  const { peer, from } = pair;
  if (peer.reading === undefined) return pair;
  return { from, peer: { ...peer, reading: { ...peer.reading, msAgo: peer.reading.msAgo + ms } } };
}
