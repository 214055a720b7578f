import { BOXES, type BoxName } from '@fogwisp/protocol/sim';
import { messageBytes } from '../../src/packet/codec.js';
import { ATTEMPT_BYTES } from '../../src/packet/probe.js';
import { Site } from './site.js';

export type Expected = 'direct' | 'relayed' | 'either';

const NAMES: readonly BoxName[] = ['open', 'cone', 'address', 'port', 'predictable', 'random', 'blocked'];
const HARD: readonly BoxName[] = ['port', 'predictable', 'random'];

/** What is physically possible, ports predicted where a box gives them out in order. */
export function expected(a: BoxName, b: BoxName): Expected {
  if (a === 'blocked' || b === 'blocked') return 'relayed';
  if (a === 'predictable' && b === 'predictable') return 'either';
  if ((a === 'random' && HARD.includes(b)) || (b === 'random' && HARD.includes(a))) return 'relayed';
  return 'direct';
}

export interface Meeting {
  readonly how: 'direct' | 'relayed' | 'silent';
  /** From the first word to the peer until both say direct; undefined when they do not. */
  readonly ms: number | undefined;
  /** What the two ends sent for it, with IPv4 and UDP headers. */
  readonly bytes: number;
}

/** Sealed and framed by label, with IPv4 and UDP headers: PUNCH and SYNC as they are at most here. */
const PUNCH_BYTES = 21 + 9 + 28 + punchBytes();

export function meet(a: BoxName, b: BoxName): Meeting {
  const site = new Site({ seed: 1, a: BOXES[a], b: BOXES[b] });
  const ms = site.meet(5000);
  const bytes = (site.sent.get('probe')?.bytes ?? 0) + 2 * PUNCH_BYTES;
  if (ms !== undefined) return { how: 'direct', ms, bytes };
  return { how: isRelayed(site) ? 'relayed' : 'silent', ms, bytes };
}

export function pairs(): readonly (readonly [BoxName, BoxName])[] {
  return NAMES.flatMap((a) => NAMES.map((b) => [a, b] as const));
}

function isRelayed({ net, a, b }: Site): boolean {
  const paths = [net.pathOf(a, 'b'), net.pathOf(b, 'a')];
  return paths.every((path) => path.startsWith('relayed')) && net.ask(a, 'b', 'still') === 'still';
}

function punchBytes(): number {
  const attempt = new Uint8Array(ATTEMPT_BYTES);
  const endpoints = new Uint8Array(2 * 7);
  return messageBytes({ kind: 'punch', attempt, nat: 26, step: 1, roundTripMs: 300, endpoints }).length;
}
