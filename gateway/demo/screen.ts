import type { Call } from '../src/cli/verb.js';
import { PEER_COLUMNS, peerRow } from '../src/peer-table.js';
import { nameOf, pathText, reasonText } from '../src/peer-view.js';
import type { Paint } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { formatClock } from '../src/text/units.js';
import { Canvas } from './canvas.js';
import type { Pair } from './pairs.js';
import { readingText } from './reading-text.js';

/** What the demo shows, whatever it shows it on. */
export interface Scene {
  readonly pairs: readonly Pair[];
  /** Who is who, in a line. */
  readonly story: string;
  /** What the table says, in a few lines. */
  readonly explanations: readonly string[];
  readonly steps: readonly Step[];
  readonly runningMs: number;
  /** What went wrong lately. */
  readonly troubles: readonly string[];
}

export interface Step {
  readonly command: string;
  readonly meaning: string;
}

export interface Screen {
  show(scene: Scene): void;
  close(): void;
}

export function screenFor(call: Call): Screen {
  return call.stdout.isTTY === true ? new LiveScreen(call) : new LineScreen(call);
}

/** A terminal: one picture, drawn again in place. */
class LiveScreen implements Screen {
  readonly #call: Call;
  readonly #canvas: Canvas;

  constructor(call: Call) {
    this.#call = call;
    this.#canvas = new Canvas(call.stdout);
  }

  show(scene: Scene): void {
    this.#canvas.draw(sceneLines(scene, this.#call, this.#canvas.width));
  }

  close(): void {
    this.#canvas.close();
  }
}

/** No terminal: a line for each change of a path, and a line with each peer's reading now and then. */
class LineScreen implements Screen {
  readonly #call: Call;
  readonly #paths = new Map<string, string>();
  readonly #readAt = new Map<string, number>();
  #areStepsTold = false;

  constructor(call: Call) {
    this.#call = call;
  }

  show(scene: Scene): void {
    if (!this.#areStepsTold) {
      this.#areStepsTold = true;
      this.#call.print(`fogwisp demo: ${scene.story}`);
      for (const line of scene.explanations) this.#call.print(line);
      for (const step of scene.steps) this.#call.print(`next: ${step.command}  (${step.meaning})`);
    }
    for (const pair of scene.pairs) this.#showPair(pair, scene.runningMs);
  }

  close(): void {}

  #showPair({ from, peer }: Pair, runningMs: number): void {
    const key = `${from} -> ${nameOf(peer)}`;
    const reason = reasonText(peer.path);
    const path = `${peer.status} ${pathText(peer.path)}${reason === '' ? '' : `, ${reason}`}`;
    if (this.#paths.get(key) !== path) {
      this.#paths.set(key, path);
      this.#call.print(`${formatClock(runningMs)}  ${key}  ${path}`);
    }
    const isDue = runningMs - (this.#readAt.get(key) ?? Number.NEGATIVE_INFINITY) >= READING_LINE_MS;
    if (peer.reading === undefined || !isDue) return;
    this.#readAt.set(key, runningMs);
    this.#call.print(`${formatClock(runningMs)}  ${key}  ${readingText(peer.reading)}`);
  }
}

const READING_LINE_MS = 5000;

/** The whole picture as lines; the table first, because it is what the demo is about. */
export function sceneLines(scene: Scene, call: Pick<Call, 'paint'>, width?: number): string[] {
  const { paint } = call;
  const faint = (text: string) => paint('faint', text);
  return [
    `${paint('strong', 'fogwisp demo')}  five peers, each its own process, on real sockets of this machine`,
    faint(`${scene.story}`),
    '',
    ...pairTable(scene.pairs, paint, width),
    '',
    ...scene.explanations.map(faint),
    '',
    'Next, in a second terminal in this folder:',
    ...scene.steps.flatMap((step) => [`  ${paint('strong', step.command)}`, faint(`    ${step.meaning}`)]),
    '',
    ...scene.troubles.map((trouble) => paint('warn', trouble)),
    `Ctrl-C ends all of it. ${faint(`running ${formatClock(scene.runningMs)}`)}`,
  ];
}

function pairTable(pairs: readonly Pair[], paint: Paint, width: number | undefined): string[] {
  if (pairs.length === 0) return ['the peers are starting ...'];
  const columns = [{ title: 'FROM' }, { title: 'TO' }, ...PEER_COLUMNS.slice(1)];
  const rows = pairs.map(({ from, peer }) => [cell(from), ...peerRow(peer, readingText)]);
  return renderTable(columns, rows, paint, width);
}
