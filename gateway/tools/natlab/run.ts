import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '@fogwisp/device-sdk';
import { Ground, OPEN_NET } from '../../demo/nat/ground.js';
import { Namespaces } from '../../demo/nat/namespaces.js';
import { type Cell, nameOf } from './cells.js';
import { LabPeer } from './lab-peer.js';
import { checkKind } from './self-test.js';
import { type LabTurns, runTrial, type Trial } from './trial.js';
import { Turns } from './turns.js';
import { type CellFigures, figuresOf } from './verdict.js';

const PORT = 4747;
/** Of a second relay. */
const OTHER_PORT = 4748;
/** Longer than an attempt takes; the next one would come after a minute. */
const WATCH_MS = 10_000;
/** Where nothing can come of it: enough to catch a claim that is not so. */
const WATCH_IMPOSSIBLE_MS = 1500;
/** A cell that has not been direct once is as good as known. */
const HOPELESS_RUNS = 5;

export interface LabOptions {
  readonly cells: readonly Cell[];
  readonly runs: number;
  readonly jobs: number;
  readonly say: (text: string) => void;
}

export interface LabFigures {
  /** NATs that are not what they should be: then the cells say nothing. */
  readonly falseNats: readonly string[];
  readonly cells: readonly CellFigures[];
}

/** Everything, in as many labs at a time as there are jobs. */
export async function runLab(options: LabOptions): Promise<LabFigures> {
  const { cells, jobs, say } = options;
  await Namespaces.removeOrphans();
  const kinds = [...new Set(cells.flatMap(({ a, b }) => [a, b]))];
  const falseNats: string[] = [];
  const found = new Map<Cell, CellFigures>();
  const lab = new Lab(options);
  const tasks = [
    ...kinds.map((kind) => async (ground: Ground) => {
      falseNats.push(...(await checkKind(ground, kind)));
    }),
    ...cells.map((cell) => async (ground: Ground) => {
      found.set(cell, await lab.runCell(ground, cell));
    }),
  ];
  const works = Array.from({ length: jobs }, (_, job) => work(`${job}`, tasks, say));
  const ended = await Promise.allSettled(works);
  lab.close();
  const broken = ended.find((each) => each.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return { falseNats, cells: cells.flatMap((cell) => found.get(cell) ?? []) };
}

type Task = (ground: Ground) => Promise<void>;

async function work(label: string, tasks: Task[], say: (text: string) => void): Promise<void> {
  const ground = await Ground.make(label);
  try {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task(ground);
  } catch (thrown) {
    tasks.length = 0; // the others end with what they are doing
    say(`lab ${label} broke`);
    throw thrown;
  } finally {
    await ground.remove();
  }
}

class Lab {
  readonly #options: LabOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fognat-'));
  readonly #network = createNetwork();
  readonly #turns: LabTurns = new Turns();
  #peers = 0;

  constructor(options: LabOptions) {
    this.#options = options;
  }

  async runCell(ground: Ground, cell: Cell): Promise<CellFigures> {
    await ground.lay(cell.a, cell.b);
    const trials: Trial[] = [];
    const relays: LabPeer[] = [];
    try {
      for (const links of relayLinksOf(cell)) relays.push(await this.#start(ground, 'relay', links));
      const { runs } = this.#options;
      for (let run = 1; run <= runs; run++) {
        trials.push(await this.#meet(ground, cell, relays, run === runs));
        if (isHopeless(cell, trials)) break;
      }
    } finally {
      await Promise.all(relays.map((relay) => relay.stop()));
    }
    const figures = figuresOf(cell, trials);
    this.#options.say(lineOf(figures));
    for (const line of figures.notDirect) this.#options.say(`  ${line}`);
    return figures;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #meet(ground: Ground, cell: Cell, relays: readonly LabPeer[], isLast: boolean): Promise<Trial> {
    const stations = stationsOf(cell).map((station) => `"${station}"`);
    const links = `{ udp: { port: 0, portMapping: false }, connect: [${stations.join(', ')}] }`;
    const sides = ['a', 'b'] as const;
    const started = await this.#turns.take('start', () =>
      Promise.allSettled(sides.map((side) => this.#start(ground, side, links))),
    );
    const [a, b] = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    try {
      const [first, ...others] = relays;
      if (a === undefined || b === undefined || first === undefined) throw failureOf(started);
      const watchMs = cell.possible ? WATCH_MS : WATCH_IMPOSSIBLE_MS;
      return await runTrial(
        { relays: [first, ...others], a, b },
        { watchMs, isRelayPaused: isLast, turns: this.#turns },
      );
    } finally {
      await Promise.all([a?.stop(), b?.stop()]);
    }
  }

  /** A name is used once: nobody has heard of it before. */
  #start(ground: Ground, space: string, links: string): Promise<LabPeer> {
    const name = `${space}-${++this.#peers}`;
    const { namespaces } = ground;
    const folder = join(this.#folder, name);
    return LabPeer.start({ namespaces, space, name, network: this.#network, folder, links });
  }
}

/** That a box gives each destination a port of its own takes two who see it. */
function hasTwoRelays({ a, b }: Cell): boolean {
  return a === 'symmetric' || b === 'symmetric';
}

function relayLinksOf(cell: Cell): readonly string[] {
  const first = `{ udp: { port: ${PORT} }, tcp: { listen: ${PORT} } }`;
  if (!hasTwoRelays(cell)) return [first];
  const bind = `bind: "${OPEN_NET[cell.family][1]}"`;
  return [first, `{ udp: { ${bind}, port: ${OTHER_PORT} }, tcp: { ${bind}, listen: ${OTHER_PORT} } }`];
}

function stationsOf(cell: Cell): readonly string[] {
  const [address, other] = OPEN_NET[cell.family];
  const first = address.includes(':') ? `[${address}]:${PORT}` : `${address}:${PORT}`;
  return hasTwoRelays(cell) ? [first, `${other}:${OTHER_PORT}`] : [first];
}

function isHopeless(cell: Cell, trials: readonly Trial[]): boolean {
  return (
    cell.possible && trials.length >= HOPELESS_RUNS && trials.every(({ outcome }) => outcome !== 'direct')
  );
}

function failureOf(started: readonly PromiseSettledResult<unknown>[]): unknown {
  return started.find((each) => each.status === 'rejected')?.reason;
}

export function lineOf(figures: CellFigures): string {
  const { runs, direct, relayed, failed, firstReplyMs, directMs, bytes, possible } = figures;
  const counts = `${direct} direct, ${relayed} relayed, ${failed} failed of ${runs}`;
  const after = `first reply ${firstReplyMs ?? '-'} ms, direct after ${directMs ?? '-'} ms`;
  const times = `${after}, ${bytes ?? '-'} B`;
  return `${nameOf(figures)}${possible ? '' : ' (by relay only)'}: ${counts}; ${times}`;
}
