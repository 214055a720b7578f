import type { FilteringKind, MappingKind, ReachabilityReport } from '@fogwisp/protocol';
import type { Json } from './bridge/json.js';

/** A NAT or firewall in front of a link, as far as others have told how they see it. */
export interface Box {
  readonly mapping: MappingKind;
  readonly filtering: FilteringKind;
}

const MAPPINGS: Record<MappingKind, string> = {
  unknown: 'not known yet, as one peer tells too little',
  none: 'none',
  independent: 'one address for all',
  predictable: 'another port for each, in order',
  random: 'another port for each, at random',
};

const FILTERINGS: Record<FilteringKind, string> = {
  unknown: '',
  open: 'anybody gets in',
  address: 'who was sent to gets in, from any port',
  restricted: 'no stranger gets in',
};

export function boxOf({ mapping, filtering }: ReachabilityReport): Box {
  return { mapping, filtering };
}

/** As a peer tells it; undefined where it does not, or in words of a later version. */
export function readBox(mapping: Json | undefined, filtering: Json | undefined): Box | undefined {
  if (!isKeyOf(MAPPINGS, mapping) || !isKeyOf(FILTERINGS, filtering)) return undefined;
  return { mapping, filtering };
}

export function boxText({ mapping, filtering }: Box): string {
  const gets = FILTERINGS[filtering];
  return gets === '' ? MAPPINGS[mapping] : `${MAPPINGS[mapping]}; ${gets}`;
}

/** The one that says most; undefined when nobody has told anything. */
export function mainBox(boxes: readonly Box[]): Box | undefined {
  return boxes.find(({ mapping }) => mapping !== 'unknown') ?? boxes[0];
}

/** Nobody can know where to send to: every link is behind one that gives each destination a random port. */
export function isRandom(boxes: readonly Box[]): boolean {
  const known = boxes.filter(({ mapping }) => mapping !== 'unknown');
  return known.length > 0 && known.every(({ mapping }) => mapping === 'random');
}

function isKeyOf<T extends object>(table: T, key: unknown): key is keyof T {
  return typeof key === 'string' && Object.hasOwn(table, key);
}
