import type { Call } from '../src/cli/verb.js';
import { PEER_COLUMNS, peerRow } from '../src/peer-table.js';
import { nameOf, pathText, reasonText } from '../src/peer-view.js';
import { type Paint, plainPaint } from '../src/text/style.js';
import { type Cell, cell, renderTable, shorten } from '../src/text/table.js';
import { formatAge, formatClock } from '../src/text/units.js';
import { Canvas } from './canvas.js';
import type { Pair } from './pairs.js';
import { readingText } from './reading-text.js';
import type { SupernodeLine } from './supernodes.js';

/** What the demo shows, whatever it shows it on. */
export interface Scene {
  readonly pairs: readonly Pair[];
  /** What runs, in a few words. */
  readonly title: string;
  /** Who is who, in lines. */
  readonly story: readonly string[];
  /** How many peers run, and why so many. */
  readonly count: string;
  /** What is worth seeing in the table, in lines. */
  readonly explanation: readonly string[];
  /** Who serves others now. */
  readonly supernodes: readonly SupernodeLine[];
  /** What happened last. */
  readonly events: readonly string[];
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
    this.#canvas.draw(sceneLines(scene, this.#call.paint, this.#canvas.width, this.#canvas.height));
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
  readonly #told = new Set<string>();
  #supernodes = '';

  constructor(call: Call) {
    this.#call = call;
  }

  show(scene: Scene): void {
    if (!this.#areStepsTold) {
      this.#areStepsTold = true;
      this.#call.print(`fogwisp demo: ${scene.title}`);
      for (const line of [...scene.story, scene.count, ...scene.explanation]) this.#call.print(line);
      for (const step of scene.steps) this.#call.print(`next: ${step.command}  (${step.meaning})`);
    }
    for (const pair of scene.pairs) this.#showPair(pair, scene.runningMs);
    this.#showSupernodes(scene);
    for (const event of scene.events) {
      if (this.#told.has(event) || event.includes(' ... ')) continue;
      this.#told.add(event);
      this.#call.print(`${formatClock(scene.runningMs)}  ${event}`);
    }
  }

  close(): void {}

  #showSupernodes({ supernodes, runningMs }: Scene): void {
    const news = supernodes.map(({ name, count }) => `${name} ${count}`).join();
    if (news === this.#supernodes) return;
    this.#supernodes = news;
    const list = supernodes.map(({ name, text }) => `${name} (${text})`).join(', ');
    this.#call.print(`${formatClock(runningMs)}  supernodes: ${list || 'none'}`);
  }

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
 * about. Where there is no room for all rows the last ones, which are all alike, are counted.
 */
export function sceneLines(scene: Scene, paint: Paint, width: number, height: number): string[] {
  const { title, story, count, supernodes, events, runningMs, explanation, troubles } = scene;
  const isTall = height >= TALL;
  const steps = stepLines(scene.steps, paint);
  const head = [
    `${paint('strong', 'fogwisp demo')}  ${formatClock(runningMs)}  ${title}`,
    ...story,
    ...(isTall ? [count] : []),
    '',
  ];
  const foot = [
    ...(supernodes.length === 0 ? [] : [supernodesLine(supernodes, paint, width)]),
    ...(isTall ? events : events.slice(-1)).map((event) => paint('warn', event)),
    ...troubles.map((trouble) => paint('bad', trouble)),
    ...(isTall ? [''] : []),
    ...explanation.map((line) => paint('faint', line)),
    ...(isTall ? [''] : []),
    `Next, in a second terminal in this folder ${paint('faint', '(Ctrl-C in this one ends it all)')}:`,
    ...steps,
  ];
  const wrapped = scene.steps.filter(({ command }) => command.length + 2 > width).length * 2;
  const room = height - 1 - head.length - foot.length - wrapped;
  return [...head, ...pairTable(scene.pairs, paint, width, room), ...foot];
}

function supernodesLine(supernodes: readonly SupernodeLine[], paint: Paint, width: number): string {
  const plain = supernodes.map(({ name, text }) => `${name} (${text})`).join(', ');
  const long = `supernodes: ${plain}`;
  return paint('good', shorten(long, width));
}

/** From here on there is room for everything. */
const TALL = 36;
const WHY = { title: 'WHY NOT DIRECT' };
const COLUMNS = [{ title: 'FROM' }, { title: 'TO' }, ...PEER_COLUMNS.slice(1, -1), { title: 'BY' }];
const ROWS_MIN = 3;

function pairTable(pairs: readonly Pair[], paint: Paint, width: number, room: number): string[] {
  if (pairs.length === 0) return ['the peers are starting ...'];
  const rows = pairs.map(pairRow);
  const isWide = renderTable([...COLUMNS, WHY], rows, plainPaint).every((line) => line.length <= width);
  const [header = '', ...lines] = renderTable(isWide ? [...COLUMNS, WHY] : COLUMNS, rows, paint);
  if (lines.length + 1 <= room) return [header, ...lines];
  const shown = Math.max(ROWS_MIN, room - 2);
  return [header, ...lines.slice(0, shown), paint('faint', moreLine(pairs.slice(shown)))];
}

function pairRow({ from, peer }: Pair): Cell[] {
  const cells = peerRow(peer, readingText);
  const by = peer.bridgedBy ?? '';
  return [cell(from), ...cells.slice(0, -1), cell(by, 'strong'), cells.at(-1) ?? cell('')];
}

function moreLine(pairs: readonly Pair[]): string {
  const direct = pairs.filter(({ peer }) => peer.path.kind === 'direct').length;
  const oldest = Math.max(...pairs.map(({ peer }) => peer.reading?.msAgo ?? 0));
  return `+ ${pairs.length} more like these: ${direct} direct, no reading older than ${formatAge(oldest)}`;
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
