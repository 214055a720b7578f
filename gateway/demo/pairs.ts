import { asPeers, asPong, fieldOf } from '../src/cli/answers.js';
import type { ControlClient } from '../src/control/client.js';
import type { PeerView } from '../src/peer-view.js';
import { NAT_NAMES, SERIAL_NAME, UDP_NAME } from './cast.js';
import type { LivingGateway } from './living-gateway.js';
import type { Upgrade } from './upgrades.js';

/** One row of the table: a peer as another one sees it. */
export interface Pair {
  readonly from: string;
  readonly peer: PeerView;
  /** How the path became direct, where it was not at first. */
  readonly upgrade?: Upgrade;
}

/** Those that are not of a gateway. */
const REPORTED: readonly (readonly [string, string])[] = [
  [SERIAL_NAME, UDP_NAME],
  [UDP_NAME, SERIAL_NAME],
  NAT_NAMES,
  [NAT_NAMES[1], NAT_NAMES[0]],
];

const ASK_MS = 1000;
const PING_MS = 2000;

interface Report {
  readonly pairs: readonly Pair[];
  readonly at: number;
}

/** All pairs: those of a gateway that lives, the others as the peers themselves report them. */
export class Pairs {
  readonly #gateway: LivingGateway;
  readonly #reports = new Map<string, Report>();
  readonly #roundTrips = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  #own: Report = { pairs: [], at: 0 };

  constructor(gateway: LivingGateway) {
    this.#gateway = gateway;
  }

  start(): void {
    this.#timers.push(
      setInterval(() => void this.#ask(), ASK_MS),
      setInterval(() => this.#measure(), PING_MS),
    );
    void this.#ask();
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#gateway.close();
  }

  all(): Pair[] {
    const now = performance.now();
    const own = this.#own.pairs.map((pair) => this.#measured(pair));
    const reports = [...this.#reports.values()];
    const reported = reports.flatMap(({ pairs, at }) => pairs.map((pair) => aged(pair, now - at)));
    return [...own.map((pair) => aged(pair, now - this.#own.at)), ...reported];
  }

  /** Whose readings a gateway puts on the broker. */
  bridgedBy(gateway: string): string[] {
    const peers = this.#own.pairs.map(({ peer }) => peer);
    const speaking = peers.filter(({ reading, bridgedBy }) => reading !== undefined && bridgedBy === gateway);
    return speaking.map(({ name }) => name);
  }

  async #ask(): Promise<void> {
    try {
      const client = await this.#gateway.open();
      const peers = asPeers(await client.call({ verb: 'peers' }));
      const from = client.greeting.name;
      this.#own = { pairs: peers.map((peer) => ({ from, peer })), at: performance.now() };
      const isThere = (name: string) => peers.some((peer) => peer.name === name);
      const asked = REPORTED.filter(([reporter]) => isThere(reporter));
      await Promise.all(asked.map(([reporter, to]) => this.#askPair(client, reporter, to)));
    } catch {
      this.#gateway.close();
      this.#roundTrips.clear();
    }
  }

  #measure(): void {
    for (const { peer } of this.#own.pairs) {
      if (peer.name !== '' && peer.status === 'online') void this.#ping(peer.id);
    }
  }

  async #ping(id: string): Promise<void> {
    try {
      const client = await this.#gateway.open();
      const answer = await client.call({ verb: 'ping', to: id, timeoutMs: PING_MS });
      this.#roundTrips.set(id, asPong(answer).roundTripMs);
    } catch {
      this.#roundTrips.delete(id);
    }
  }

  /** With the round trip of the last ping, which is newer than what the path was chosen by. */
  #measured({ from, peer }: Pair): Pair {
    const { roundTripMs: _older, ...path } = peer.path;
    const roundTripMs = this.#roundTrips.get(peer.id);
    return { from, peer: { ...peer, path: roundTripMs === undefined ? path : { ...path, roundTripMs } } };
  }

  async #askPair(client: ControlClient, from: string, to: string): Promise<void> {
    try {
      const request = {
        verb: 'request',
        to: from,
        path: 'paths',
        body: undefined,
        timeoutMs: PING_MS,
      } as const;
      const answer = await client.call(request);
      const paths = asPeers(fieldOf(answer, 'value'));
      const pairs = paths.filter((each) => each.name === to).map((peer) => pairOf(from, peer));
      if (pairs.length > 0) this.#reports.set(from, { pairs, at: performance.now() });
    } catch {
      // the age of the last report tells it
    }
  }
}

/** Our own peers tell one thing more than a gateway does. */
function pairOf(from: string, peer: PeerView & { readonly upgrade?: Upgrade }): Pair {
  const { upgrade } = peer;
  return upgrade === undefined ? { from, peer } : { from, peer, upgrade };
}

function aged(pair: Pair, ms: number): Pair {
  const { peer } = pair;
  if (peer.reading === undefined) return pair;
  return { ...pair, peer: { ...peer, reading: { ...peer.reading, msAgo: peer.reading.msAgo + ms } } };
}

/** How the two behind NATs became direct, for people: by the end that waited longer; '' until then. */
export function upgradeText(pairs: readonly Pair[]): string {
  let text = '';
  let longestMs = -1;
  for (const { from, peer, upgrade } of pairs) {
    if (upgrade === undefined || upgrade.tookMs <= longestMs) continue;
    longestMs = upgrade.tookMs;
    text = `${from} -> ${peer.name}: ${upgrade.from} -> ${upgrade.to} after ${durationText(longestMs)}`;
  }
  return text;
}

function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
