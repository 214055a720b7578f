import { type Family, familyOf, type Kind } from '../../demo/nat/nat.js';

/** Who asks, and who answers. */
export interface Cell {
  readonly a: Kind;
  readonly b: Kind;
  readonly family: Family;
  /** Whether any way of theirs leads from one to the other; the others are reached through a relay. */
  readonly possible: boolean;
}

const SINGLE: readonly Kind[] = ['none', 'full', 'address', 'port', 'symmetric', 'blocked'];

const EXTRA: readonly (readonly [Kind, Kind])[] = [
  ['same', 'same'],
  ['hairpin', 'hairpin'],
  ['isolated', 'isolated'],
  ['double', 'port'],
  ['port', 'double'],
  ['double', 'double'],
  ['open6', 'open6'],
  ['open6', 'firewall6'],
  ['firewall6', 'open6'],
  ['firewall6', 'firewall6'],
];

const REDUCED: readonly (readonly [Kind, Kind])[] = [
  ['none', 'port'],
  ['full', 'symmetric'],
  ['port', 'port'],
  ['port', 'symmetric'],
  ['address', 'full'],
  ['symmetric', 'symmetric'],
  ['blocked', 'port'],
  ['none', 'blocked'],
  ['same', 'same'],
  ['double', 'port'],
  ['firewall6', 'firewall6'],
];

export function allCells(): readonly Cell[] {
  const pairs = SINGLE.flatMap((a) => SINGLE.map((b) => [a, b] as const));
  return [...pairs, ...EXTRA].map(cellOf);
}

/** Each kind of NAT, and each thing that may go wrong, once. */
export function reducedCells(): readonly Cell[] {
  return REDUCED.map(cellOf);
}

/** 'a:b' as the table names it; undefined when there is no such cell. */
export function namedCell(name: string): Cell | undefined {
  return allCells().find((cell) => nameOf(cell) === name);
}

export function nameOf({ a, b }: Pick<Cell, 'a' | 'b'>): string {
  return `${a}:${b}`;
}

function cellOf([a, b]: readonly [Kind, Kind]): Cell {
  const isRandom = a === 'symmetric' && b === 'symmetric';
  const isBlocked = a === 'blocked' || b === 'blocked';
  return { a, b, family: familyOf(a), possible: !isRandom && !isBlocked };
}
