import type { Call } from '../src/cli/verb.js';
import { PEER_COLUMNS, peerRow } from '../src/peer-table.js';
import { nameOf, pathText, reasonText } from '../src/peer-view.js';
import { type Paint, plainPaint } from '../src/text/style.js';
import { cell, renderTable } from '../src/text/table.js';
import { formatClock } from '../src/text/units.js';
import { Canvas } from './canvas.js';
import type { Pair } from './pairs.js';
import { readingText } from './reading-text.js';

/** What the demo shows, whatever it shows it on. */
export interface Scene {
  readonly processCount: number;
  readonly pairs: readonly Pair[];
  readonly brokerUrl: string;
  /** Who is who, in a line. */
  readonly story: string;
  /** What is worth seeing in the table, in a line. */
  readonly explanation: string;
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
    this.#canvas.draw(sceneLines(scene, this.#call.paint, this.#canvas.width));
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
      this.#call.print(`fogwisp demo: five processes, real sockets; broker ${scene.brokerUrl}`);
      this.#call.print(scene.story);
      this.#call.print(scene.explanation);
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

/**
 * The whole picture as lines, for 80 columns and 24 rows; the table first, because it is what the demo is
 * about.
 */
export function sceneLines(scene: Scene, paint: Paint, width: number): string[] {
  const { story, brokerUrl, runningMs, explanation, troubles, steps, processCount } = scene;
  const title = `${formatClock(runningMs)}  ${processCount} processes, real sockets; broker ${brokerUrl}`;
  return [
    `${paint('strong', 'fogwisp demo')}  ${title}`,
    story,
    '',
    ...pairTable(scene.pairs, paint, width),
    ...troubles.map((trouble) => paint('warn', trouble)),
    '',
    paint('faint', explanation),
    '',
    `Next, in a second terminal in this folder ${paint('faint', '(Ctrl-C in this one ends it all)')}:`,
    ...stepLines(steps, paint),
  ];
}

const COLUMNS = [{ title: 'FROM' }, { title: 'TO' }, ...PEER_COLUMNS.slice(1)];

/** On a narrow terminal the reason has a line of its own, below its row. */
function pairTable(pairs: readonly Pair[], paint: Paint, width: number): string[] {
  if (pairs.length === 0) return ['the peers are starting ...'];
  const rows = pairs.map(({ from, peer }) => [cell(from), ...peerRow(peer, readingText)]);
  const isNarrow = renderTable(COLUMNS, rows, plainPaint).some((line) => line.length > width);
  if (!isNarrow) return renderTable(COLUMNS, rows, paint);
  const [header = '', ...lines] = renderTable(COLUMNS.slice(0, -1), rows, paint);
  return [
    header,
    ...lines.flatMap((line, at) => {
      const reason = rows[at]?.at(-1)?.text ?? '';
      return reason === '' ? [line] : [line, paint('faint', `        not direct: ${reason}`)];
    }),
  ];
}

/** Short commands with their meaning beside them, long ones below theirs. */
function stepLines(steps: readonly Step[], paint: Paint): string[] {
  const short = steps.filter((step) => step.command.length <= SHORT_MAX);
  const width = Math.max(...short.map((step) => step.command.length));
  return steps.flatMap(({ command, meaning }) => {
    if (command.length > SHORT_MAX)
      return [`  ${paint('faint', `${meaning}:`)}`, `  ${paint('strong', command)}`];
    return [`  ${paint('strong', command)}${' '.repeat(width - command.length)}  ${paint('faint', meaning)}`];
  });
}

const SHORT_MAX = 60;
