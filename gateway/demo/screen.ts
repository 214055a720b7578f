import type { Call } from '../src/cli/verb.js';
import { PEER_COLUMNS, peerRow, valueText } from '../src/peer-table.js';
import { nameOf, pathText, reasonText } from '../src/peer-view.js';
import { cell, renderTable } from '../src/text/table.js';
import { formatClock } from '../src/text/units.js';
import type { Pair } from './pairs.js';

/** What the demo shows, whatever it shows it on. */
export interface Scene {
  readonly pairs: readonly Pair[];
  readonly brokerUrl: string;
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

const HOME = '\u001b[H';
const CLEAR = '\u001b[2J';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

export function screenFor(call: Call): Screen {
  return call.stdout.isTTY === true ? new LiveScreen(call) : new LineScreen(call);
}

/** A terminal: one picture, drawn again in place. */
class LiveScreen implements Screen {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
    call.stdout.write(HIDE_CURSOR + CLEAR);
  }

  show(scene: Scene): void {
    const { stdout } = this.#call;
    const rowsMax = Math.max(1, (stdout.rows ?? 24) - 1);
    const lines = sceneLines(scene, this.#call, stdout.columns).slice(0, rowsMax);
    stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`);
  }

  close(): void {
    this.#call.stdout.write(`${SHOW_CURSOR}\n`);
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
      this.#call.print(`fogwisp demo: a gateway and four peers on this machine; broker ${scene.brokerUrl}`);
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
    this.#call.print(
      `${formatClock(runningMs)}  ${key}  ${peer.reading.topic} ${valueText(peer.reading.value)}`,
    );
  }
}

const READING_LINE_MS = 5000;

/** The whole picture as lines; the table first, because it is what the demo is about. */
export function sceneLines(scene: Scene, call: Pick<Call, 'paint'>, width?: number): string[] {
  const { paint } = call;
  const columns = [{ title: 'FROM' }, { ...PEER_COLUMNS[0], title: 'TO' }, ...PEER_COLUMNS.slice(1)];
  const rows = scene.pairs.map(({ from, peer }) => [cell(from), ...peerRow(peer)]);
  return [
    `${paint('strong', 'fogwisp demo')}  a gateway and four peers, each its own process, on this machine`,
    paint(
      'faint',
      `running ${formatClock(scene.runningMs)}, broker ${scene.brokerUrl} (embedded, for this machine only)`,
    ),
    '',
    ...renderTable(columns, rows, paint, width),
    '',
    'Next, in a second terminal in this folder:',
    ...scene.steps.flatMap((step) => [
      `  ${paint('strong', step.command)}`,
      paint('faint', `    ${step.meaning}`),
    ]),
    '',
    ...scene.troubles.map((trouble) => paint('warn', trouble)),
    'Ctrl-C ends all of it.',
  ];
}
