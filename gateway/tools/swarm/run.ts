import { createNetwork } from '@fogwisp/device-sdk';
import { makeFolder, removeFolder } from '../../demo/stage.js';
import { freePort } from '../free-port.js';
import { type Cable, openTerminals } from '../soak/cable.js';
import { sleep } from '../soak/troubles.js';
import type { Exchange, SoakLink, Standing } from '../soak/wire.js';
import { Crew } from './crew.js';
import { censusOf, isLeaf, type Layout, layOut } from './layout.js';
import type { Blow, SwarmFigures } from './verdict.js';

/** A machine with much else to do takes minutes. */
const MEET_MS_MAX = 300_000;
const SERVED_MS_MAX = 120_000;
/** Everybody is served, and has been for a while. */
const CALM_MS = 5000;
const LOOK_MS = 1000;
const EXCHANGE_MS_MAX = 90_000;
/** Longer than anything is repeated (SPEC §7.9). */
const DRAIN_MS_MAX = 130_000;

export interface SwarmOptions {
  readonly peers: number;
  readonly isControl: boolean;
  /** So many mass kills, and so many single ones. */
  readonly rounds: { readonly mass: number; readonly single: number; readonly freeze: number };
  readonly say: (text: string) => void;
}

export async function runSwarm(options: SwarmOptions): Promise<SwarmFigures> {
  const folder = makeFolder();
  const line = await openLine(folder, censusOf(options.peers).line.length + 1);
  const layout = layOut(
    options.peers,
    {
      folder,
      network: createNetwork(),
      lanPorts: [await freePort(), await freePort()],
      udpPorts: await freePorts(options.peers),
      cables: line.ends,
    },
    options.isControl,
  );
  const crew = new Crew(layout.roles, folder);
  try {
    const swarm = new Swarm(options, layout, crew);
    return { ...(await Promise.race([swarm.run(), crew.crashed])), line: line.kind };
  } finally {
    await crew.stop();
    for (const cable of line.cables) cable.close();
    removeFolder(folder);
  }
}

interface Line {
  readonly kind: 'pty' | 'tcp';
  readonly cables: readonly Cable[];
  readonly ends: readonly (readonly [SoakLink, SoakLink])[];
}

/** Terminal devices where there is socat, TCP on loopback elsewhere. */
async function openLine(folder: string, count: number): Promise<Line> {
  const cables: Cable[] = [];
  for (let at = 0; at < count; at++) {
    const cable = await openTerminals(folder, `line${at}`);
    if (cable !== undefined) cables.push(cable);
  }
  if (cables.length === count) return { kind: 'pty', cables, ends: cables.map(({ ends }) => ends) };
  for (const cable of cables) cable.close();
  const ports = await freePorts(count);
  const ends = ports.map(
    (port) => [{ kind: 'tcpListen', port } as const, { kind: 'tcp', port } as const] as const,
  );
  return { kind: 'tcp', cables: [], ends };
}

async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

class Swarm {
  readonly #options: SwarmOptions;
  readonly #layout: Layout;
  readonly #crew: Crew;
  readonly #blows: Blow[] = [];

  constructor(options: SwarmOptions, layout: Layout, crew: Crew) {
    this.#options = options;
    this.#layout = layout;
    this.#crew = crew;
  }

  async run(): Promise<Omit<SwarmFigures, 'line'>> {
    const { peers, isControl, rounds, say } = this.#options;
    await this.#crew.start();
    say(`${peers} processes run`);
    const { unanswered } = await this.#exchange(this.#crew.alive, MEET_MS_MAX);
    if (unanswered.length > 0) throw new Error(`these never met: ${unanswered.join(', ')}`);
    say('all pairs talk');
    const relayedPairs = await this.#relayedShare();
    await this.#crew.setTraffic(true);
    for (let at = 0; at < rounds.mass; at++) await this.#strike('mass kill');
    for (let at = 0; at < rounds.single; at++) await this.#strike('single kill');
    for (let at = 0; at < rounds.freeze; at++) await this.#strike('freeze');
    const end = await this.#exchange(this.#crew.alive, MEET_MS_MAX);
    await this.#drain();
    const { tallies, misses } = this.#crew.ledger;
    return {
      ...{ peers, isControl, relayedPairs, tallies, misses, blows: this.#blows },
      apartPairs: this.#layout.graph.relayedShare,
      unreached: end.unanswered,
    };
  }

  /** Waits until all is calm, strikes, measures, and brings everybody back. */
  async #strike(what: Blow['what']): Promise<void> {
    const { say } = this.#options;
    const standings = await this.#calm();
    const whom = what === 'mass kill' ? servingIn(standings) : busiestIn(standings);
    say(`${what}: ${whom.join(', ')}`);
    if (what === 'freeze') for (const name of whom) this.#crew.freeze(name);
    else await this.#crew.kill(whom);
    const others = this.#crew.alive.filter((name) => !whom.includes(name));
    const { pairs, seconds, unanswered } = await this.#exchange(others, EXCHANGE_MS_MAX);
    this.#blows.push({ what, whom, pairs, seconds, unanswered });
    say(`${pairs} pairs of the others talk again ${afterText(seconds)} ${unanswered.join(', ')}`.trim());
    if (what === 'freeze') for (const name of whom) this.#crew.thaw(name);
    else await this.#crew.start();
    await this.#crew.setTraffic(true);
    const back = await this.#exchange(this.#crew.alive, MEET_MS_MAX);
    say(`they are back, and talk with all ${afterText(back.seconds)}`);
  }

  /** Somebody serves, and everybody is served. */
  async #calm(): Promise<ReadonlyMap<string, Standing>> {
    const until = performance.now() + SERVED_MS_MAX;
    let servedSince = Number.POSITIVE_INFINITY;
    for (;;) {
      const standings = await this.#crew.standings();
      const isServed = [...standings.values()].every((each) => each.isServed);
      const now = performance.now();
      servedSince =
        isServed && servingIn(standings).length > 0 ? Math.min(servedSince, now) : Number.POSITIVE_INFINITY;
      if (now - servedSince >= CALM_MS) return standings;
      if (now > until) {
        const lacking = [...standings].filter(([, each]) => !each.isServed).map(([name]) => name);
        this.#options.say(`without all that they want: ${lacking.join(', ')}`);
        return standings;
      }
      await sleep(LOOK_MS);
    }
  }

  /** A request for each pair that links connect. */
  async #exchange(
    alive: readonly string[],
    forMs: number,
  ): Promise<Pick<Blow, 'pairs' | 'seconds' | 'unanswered'>> {
    const pairs = this.#layout.graph.pairsOf(alive);
    const told = await this.#crew.ask(alive, async (peer) => {
      const { exchange } = await peer.ask({ kind: 'exchange', with: pairs.get(peer.name) ?? [], forMs });
      return { name: peer.name, exchange };
    });
    const unanswered = told.flatMap(({ name, exchange }) =>
      (exchange?.unanswered ?? []).map((other) => `${name} > ${other}`),
    );
    const seconds =
      unanswered.length > 0 ? undefined : durationOf(told.flatMap(({ exchange }) => exchange ?? []));
    return { pairs: [...pairs.values()].reduce((sum, each) => sum + each.length, 0), seconds, unanswered };
  }

  async #relayedShare(): Promise<number> {
    const standings = await this.#crew.standings();
    let [relayed, pairs] = [0, 0];
    for (const [name, { paths }] of standings) {
      for (const { to, kind } of paths) {
        if (to <= name) continue;
        pairs++;
        if (kind === 'relayed') relayed++;
      }
    }
    return pairs === 0 ? 0 : relayed / pairs;
  }

  /** Until nothing is under way. */
  async #drain(): Promise<void> {
    await this.#crew.setTraffic(false);
    const until = performance.now() + DRAIN_MS_MAX;
    while ((await this.#crew.openCount()) > 0 && performance.now() < until) await sleep(LOOK_MS);
    this.#crew.ledger.close();
  }
}

function afterText(seconds: number | undefined): string {
  return seconds === undefined ? 'NOT' : `after ${seconds.toFixed(2)} s`;
}

function durationOf(exchanges: readonly Exchange[]): number {
  const firstAt = Math.min(...exchanges.map((each) => each.firstAt));
  const lastAt = Math.max(...exchanges.map((each) => each.lastAt));
  return (lastAt - firstAt) / 1000;
}

function servingIn(standings: ReadonlyMap<string, Standing>): readonly string[] {
  return [...standings].filter(([, { isServing }]) => isServing).map(([name]) => name);
}

/** The supernode that leaves go through most; where they go through none, whoever else they go through. */
function busiestIn(standings: ReadonlyMap<string, Standing>): readonly string[] {
  const counts = new Map<string, number>();
  for (const [name, { paths }] of standings) {
    if (!isLeaf(name)) continue;
    for (const via of paths.flatMap((path) => path.via)) counts.set(via, (counts.get(via) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return [sorted.find((name) => standings.get(name)?.isServing) ?? sorted[0] ?? ''];
}
