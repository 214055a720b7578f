import { type Cell, nameOf } from './cells.js';
import type { Trial } from './trial.js';

export interface CellFigures extends Cell {
  readonly runs: number;
  readonly direct: number;
  readonly relayed: number;
  readonly failed: number;
  /** Medians; null where there is none. */
  readonly firstReplyMs: number | null;
  readonly directMs: number | null;
  /** Of both ends together. */
  readonly bytes: number | null;
  readonly troubles: readonly string[];
  /** Of pairs that could have been direct. */
  readonly notDirect: readonly string[];
}

const DIRECT_SHARE_OF_CELL = 19 / 20;
const DIRECT_SHARE_OF_ROW = 0.99;
const FIRST_REPLY_MS_MAX = 100;

export function figuresOf(cell: Cell, trials: readonly Trial[]): CellFigures {
  const count = (wanted: Trial['outcome']) => trials.filter(({ outcome }) => outcome === wanted).length;
  const bytes = trials.flatMap((trial) =>
    trial.bytes === undefined ? [] : [trial.bytes[0] + trial.bytes[1]],
  );
  return {
    ...cell,
    runs: trials.length,
    direct: count('direct'),
    relayed: count('relayed'),
    failed: count('failed'),
    firstReplyMs: medianOf(trials.flatMap(({ firstReplyMs }) => firstReplyMs ?? [])),
    directMs: medianOf(trials.flatMap(({ directMs }) => directMs ?? [])),
    bytes: medianOf(bytes),
    notDirect: cell.possible ? trials.flatMap(({ notDirect }) => notDirect) : [],
    troubles: [...new Set(trials.map(({ trouble }) => trouble).filter((trouble) => trouble !== ''))],
  };
}

/** Why the lab says no; empty: it does not. */
export function complaintsOf(cells: readonly CellFigures[]): readonly string[] {
  return [...cells.flatMap(complaintsOfCell), ...complaintsOfRows(cells)];
}

function complaintsOfCell(figures: CellFigures): readonly string[] {
  const { possible, runs, direct, relayed, failed, firstReplyMs, troubles } = figures;
  const complaints: string[] = [];
  const complain = (isBad: boolean, text: string) => {
    if (isBad) complaints.push(`${nameOf(figures)}: ${text}`);
  };
  complain(runs === 0, 'never tried');
  complain(failed > 0, `${failed} of ${runs} failed (${troubles.join('; ')})`);
  complain(possible && direct < runs * DIRECT_SHARE_OF_CELL, `${direct} of ${runs} direct`);
  complain(!possible && relayed + failed < runs, `${direct} of ${runs} direct, which cannot be`);
  complain(
    firstReplyMs !== null && firstReplyMs >= FIRST_REPLY_MS_MAX,
    `first reply after ${Math.round(firstReplyMs ?? 0)} ms`,
  );
  return complaints;
}

function complaintsOfRows(cells: readonly CellFigures[]): readonly string[] {
  const kinds = [...new Set(cells.map(({ a }) => a))];
  return kinds.flatMap((kind) => {
    const row = cells.filter(({ a, possible }) => a === kind && possible);
    const runs = row.reduce((sum, each) => sum + each.runs, 0);
    const direct = row.reduce((sum, each) => sum + each.direct, 0);
    return direct < runs * DIRECT_SHARE_OF_ROW ? [`row ${kind}: ${direct} of ${runs} direct`] : [];
  });
}

function medianOf(values: readonly number[]): number | null {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  return middle === undefined ? null : Math.round(middle * 10) / 10;
}
