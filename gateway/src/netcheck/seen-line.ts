import type { FilteringKind, MappingKind, ReachabilityReport } from '@fogwisp/protocol';
import { unreachable } from '../unreachable.js';
import type { CheckLine } from './line.js';

/** A link as others see it. */
export interface SeenLink {
  /** 'udp :4747'. */
  readonly link: string;
  readonly address: string | undefined;
  readonly mapping: MappingKind;
  readonly filtering: FilteringKind;
  readonly observers: number;
  readonly msAgo?: number;
}

export function seenLink(link: string, report: ReachabilityReport | undefined, now: number): SeenLink {
  if (report === undefined) {
    return { link, address: undefined, mapping: 'unknown', filtering: 'unknown', observers: 0 };
  }
  const { address, mapping, filtering, evidence } = report;
  const observers = new Set(evidence.map(({ observer }) => observer)).size;
  const newest = Math.max(...evidence.map(({ at }) => at));
  const age = evidence.length === 0 ? {} : { msAgo: Math.max(0, now - newest) };
  return { link, address, mapping, filtering, observers, ...age };
}

/** What decides who can be reached without a relay. */
export function seenLine(seen: SeenLink): CheckLine {
  const { link, address, observers, msAgo } = seen;
  const check = `seen ${link}`;
  if (address === undefined) {
    return { state: 'unknown', check, evidence: 'nobody has said from which address it is seen' };
  }
  const by = observers === 1 ? '1 peer says so' : `${observers} peers say so`;
  const age = msAgo === undefined ? {} : { ageMs: msAgo };
  return { ...verdictOf(seen), check, evidence: `${address}: ${mappingText(seen)}; ${by}`, ...age };
}

/** Whether strangers reach it: a peer somewhere else was asked to try. */
export function strangersLine(seen: SeenLink): CheckLine {
  const check = `strangers ${seen.link}`;
  const evidence = filteringText(seen);
  if (seen.filtering === 'unknown') return { state: 'unknown', check, evidence };
  const age = seen.msAgo === undefined ? {} : { ageMs: seen.msAgo };
  return { state: 'ok', check, evidence, ...age };
}

/** Anybody gets in as it is. */
export function isReachedUnasked({ filtering }: SeenLink): boolean {
  return filtering === 'open';
}

export function ipOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

function verdictOf({ mapping }: SeenLink): Pick<CheckLine, 'state' | 'next'> {
  if (mapping === 'unknown') return { state: 'unknown', next: 'a second peer in the open would tell more' };
  if (mapping === 'none' || mapping === 'independent') return { state: 'ok' };
  return { state: 'warn', next: 'peers behind a NAT of this kind too are reached through others' };
}

function mappingText({ mapping }: SeenLink): string {
  switch (mapping) {
    case 'unknown':
      return 'by one peer, what others would see is not known';
    case 'none':
      return 'its own address, no NAT';
    case 'independent':
      return 'a NAT with one address for all';
    case 'predictable':
      return 'a NAT with another address for each peer, the next in order';
    case 'random':
      return 'a NAT with another address for each peer, in no order';
    default:
      return unreachable(mapping);
  }
}

function filteringText({ filtering }: SeenLink): string {
  switch (filtering) {
    case 'unknown':
      return 'no peer that it never wrote to has tried to get in';
    case 'open':
      return 'anybody gets in';
    case 'address':
      return 'who was sent to gets in, from any port';
    case 'restricted':
      return 'no stranger gets in';
    default:
      return unreachable(filtering);
  }
}
