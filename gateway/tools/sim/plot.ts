import { layOut } from './layout.js';
import { isOk, type Outcome } from './run.js';
import type { Chart, Sample, Sampler } from './sampler.js';

/**
 * A run as a picture: what was reached, who served and what it cost over virtual time, and a map of the
 * end.
 */
const WIDTH = 960;
const LEFT = 64;
const RIGHT = 24;
const TOP = 64;
const PANEL = 120;
const GAP = 44;
const MAP = 520;

/** Colors that hold on light and on dark ground; the rest follows the reader's choice. */
const STYLE = `
  svg { background: #fff; color: #1b1f24; font: 13px system-ui, sans-serif; }
  .faint { fill: #68707a; }
  .axis { stroke: #68707a; stroke-opacity: .5; } .grid { stroke: #68707a; stroke-opacity: .18; }
  .edge { stroke: #68707a; stroke-opacity: .35; }
  .reached { stroke: #1f7a4d; } .connected { stroke: #68707a; }
  .traffic { stroke: #2563c9; } .supernodes { stroke: #b45309; } .line { fill: none; stroke-width: 1.6; }
  .member { fill: #2563c9; } .supernode { fill: #b45309; }
  .absent { fill: none; stroke: #68707a; stroke-dasharray: 2 2; }
  @media (prefers-color-scheme: dark) {
    svg { background: #14171b; color: #e7eaee; } .faint { fill: #9aa4b0; }
    .reached { stroke: #4fc98a; } .traffic { stroke: #7aa7f5; } .supernodes { stroke: #f0a35a; }
    .member { fill: #7aa7f5; } .supernode { fill: #f0a35a; }
  }`;

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly style: string; readonly of: (sample: Sample) => number }[];
  /** The top of the scale; undefined: the greatest value. */
  readonly max: number | undefined;
}

const PANELS: readonly Panel[] = [
  {
    title: 'pairs reached, of those connected (green); connected, of all pairs present (gray)',
    unit: '%',
    lines: [
      { style: 'connected', of: ({ connected }) => 100 * connected },
      { style: 'reached', of: ({ reached }) => 100 * reached },
    ],
    max: 100,
  },
  {
    title: 'traffic for each node',
    unit: 'B/s',
    lines: [{ style: 'traffic', of: (sample) => sample.bytesPerSecond }],
    max: undefined,
  },
  {
    title: 'supernodes',
    unit: '',
    lines: [{ style: 'supernodes', of: ({ supernodes }) => supernodes }],
    max: undefined,
  },
];

export function draw(sampler: Sampler, outcome: Outcome): string {
  const { experiment, nodes, seed, isControl } = outcome.order;
  const { samples } = sampler;
  const control = isControl ? ', control' : '';
  const title = `${experiment.name}: ${nodes} nodes, seed ${seed}${control}`;
  const map = sampler.map();
  const mapTop = TOP + PANELS.length * (PANEL + GAP);
  const height = mapTop + (map === undefined ? 0 : MAP + 40);
  const label = `role="img" aria-label="${escaped(title)}"`;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${label}>`,
    `<style>${STYLE}</style>`,
    text(LEFT, 28, title, 'font-weight="600" font-size="16" fill="currentColor"'),
    text(LEFT, 46, `${experiment.promise}: ${isOk(outcome) ? 'held' : 'missed'}`, 'class="faint"'),
    ...PANELS.map((panel, i) => drawPanel(panel, samples, TOP + 24 + i * (PANEL + GAP))),
    ...(map === undefined ? [] : [drawMap(map, mapTop)]),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function drawPanel({ title, unit, lines, max }: Panel, samples: readonly Sample[], top: number): string {
  const endS = Math.max(1, samples.at(-1)?.atS ?? 1);
  const most = max ?? Math.max(1, ...samples.flatMap((sample) => lines.map(({ of }) => of(sample))));
  const x = (atS: number): number => round(LEFT + (atS / endS) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): number => round(top + PANEL - (value / most) * PANEL);
  const parts = [text(LEFT, top - 8, title, 'class="faint"')];
  for (const share of [0, 0.5, 1]) {
    parts.push(`<path class="grid" d="M${LEFT} ${y(most * share)}H${WIDTH - RIGHT}"/>`);
    const label = `${round(most * share)} ${unit}`;
    parts.push(text(LEFT - 8, y(most * share) + 4, label, 'class="faint" text-anchor="end"'));
  }
  for (const sample of samples.filter((each, i) => each.fleet !== samples[i - 1]?.fleet)) {
    parts.push(`<path class="axis" d="M${x(sample.atS)} ${top}V${top + PANEL}"/>`);
    parts.push(text(x(sample.atS) + 4, top + PANEL + 14, sample.fleet, 'class="faint" font-size="11"'));
  }
  for (const { style, of } of lines) {
    const points = samples.map((sample) => `${x(sample.atS)} ${y(of(sample))}`).join('L');
    if (points !== '') parts.push(`<path class="line ${style}" d="M${points}"/>`);
  }
  parts.push(text(WIDTH - RIGHT, top + PANEL + 14, `${round(endS)} s`, 'class="faint" text-anchor="end"'));
  return parts.join('\n');
}

function drawMap({ fleet, edges, nodes }: Chart, top: number): string {
  const { x, y } = layOut(nodes.length, edges);
  const side = MAP;
  const offset = (WIDTH - side) / 2;
  const place = (i: number): readonly [number, number] => [
    round(offset + (x[i] ?? 0) * side),
    round(top + 20 + (y[i] ?? 0) * side),
  ];
  const radius = round(Math.max(1.5, Math.min(7, 90 / Math.sqrt(nodes.length))));
  const lines = edges.map(([a, b]) => `M${place(a).join(' ')}L${place(b).join(' ')}`).join('');
  const dots = nodes.map(({ isPresent, role }, i) => {
    const [cx, cy] = place(i);
    return `<circle class="${isPresent ? role : 'absent'}" cx="${cx}" cy="${cy}" r="${radius}"/>`;
  });
  const title = `${fleet}, at the end: members, supernodes, and dashed who is absent`;
  return [text(LEFT, top + 4, title, 'class="faint"'), `<path class="edge" d="${lines}"/>`, ...dots].join(
    '\n',
  );
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
