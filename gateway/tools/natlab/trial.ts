import { setTimeout as sleep } from 'node:timers/promises';
import { asChecks, fieldOf } from '../../src/cli/answers.js';
import type { PathView } from '../../src/peer-view.js';
import type { LabPeer, Wire } from './lab-peer.js';
import type { Turns } from './turns.js';

const MEET_MS_MAX = 30_000;
const REQUEST_MS_MAX = 10_000;
const PING_MS_MAX = 3000;
/** A path is known to be direct by what comes over it, so something has to. */
const PING_EVERY_MS = 400;
const LOOK_MS = 25;

export interface Trial {
  readonly outcome: 'direct' | 'relayed' | 'failed';
  /** What failed, '' otherwise. */
  readonly trouble: string;
  /** Of a pair that could be direct and is not: what both ends know, for whoever wants to know why. */
  readonly notDirect: readonly string[];
  readonly firstReplyMs: number | undefined;
  /** From the first request on. */
  readonly directMs: number | undefined;
  /** Of each end, from the first request on until it was direct or the lab had seen enough. */
  readonly bytes: readonly [number, number] | undefined;
}

export interface Cast {
  /** Both peers know all of them. */
  readonly relays: readonly [LabPeer, ...LabPeer[]];
  readonly a: LabPeer;
  readonly b: LabPeer;
}

export type LabTurns = Turns<'start' | 'request'>;

export interface TrialOptions {
  readonly watchMs: number;
  /** At the end the relay is stopped for a while, and what was told is held against what works. */
  readonly isRelayPaused: boolean;
  readonly turns: LabTurns;
}

/**
 * One meeting: both know the relay, `a` asks `b`, and the two are watched until they are direct or time is
 * over.
 */
export async function runTrial(cast: Cast, options: TrialOptions): Promise<Trial> {
  const { watchMs, isRelayPaused, turns } = options;
  const { a, b } = cast;
  let firstReplyMs: number | undefined;
  try {
    const meetings = cast.relays.flatMap((relay) => [untilMet(a, relay.name), untilMet(b, relay.name)]);
    await Promise.all(meetings);
    const what = { path: '$services', body: undefined, timeoutMs: REQUEST_MS_MAX } as const;
    const { before, startedAt } = await turns.take('request', async () => {
      const start = { before: [a.wire(), b.wire()] as const, startedAt: performance.now() };
      firstReplyMs = Number(fieldOf(await a.ask({ verb: 'request', to: b.name, ...what }), 'roundTripMs'));
      return start;
    });
    const isDirect = await untilDirect(cast, startedAt + watchMs);
    const directMs = isDirect ? performance.now() - startedAt : undefined;
    const bytes = [since(before[0], a.wire()), since(before[1], b.wire())] as const;
    // Before the relay is stopped, which changes what they know.
    const notDirect = isDirect ? [] : await notDirectOf(cast);
    const trouble = await troubleOf(cast, isDirect, isRelayPaused);
    const outcome = trouble !== '' ? 'failed' : isDirect ? 'direct' : 'relayed';
    return { outcome, trouble, notDirect, firstReplyMs, directMs, bytes };
  } catch (thrown) {
    const trouble = thrown instanceof Error ? thrown.message : String(thrown);
    return {
      outcome: 'failed',
      trouble,
      notDirect: [],
      firstReplyMs,
      directMs: undefined,
      bytes: undefined,
    };
  }
}

async function untilMet(peer: LabPeer, relay: string): Promise<void> {
  const until = performance.now() + MEET_MS_MAX;
  while ((await peer.peer(relay))?.path.kind !== 'direct') {
    if (performance.now() > until) throw new Error(`${peer.name} did not meet the relay`);
    await sleep(LOOK_MS);
  }
}

/**
 * Direct is what both say at once. Each ping must be answered: a pair may be slow to be direct, never silent.
 */
async function untilDirect(cast: Cast, until: number): Promise<boolean> {
  const { a, b } = cast;
  let pingAt = 0;
  do {
    if (performance.now() >= pingAt) {
      pingAt = performance.now() + PING_EVERY_MS;
      await ping(cast);
    }
    const paths = await pathsOf(a, b);
    if (paths.every((path) => path?.kind === 'direct')) return true;
    await sleep(LOOK_MS);
  } while (performance.now() < until);
  return false;
}

function ping({ a, b }: Cast, timeoutMs = PING_MS_MAX): Promise<unknown> {
  return a.ask({ verb: 'ping', to: b.name, timeoutMs });
}

async function pathsOf(a: LabPeer, b: LabPeer): Promise<readonly (PathView | undefined)[]> {
  const views = await Promise.all([a.peer(b.name), b.peer(a.name)]);
  return views.map((view) => view?.path);
}

/**
 * What is told has to be so: with the relay stopped, a pair that calls itself direct still talks, and one
 * that calls itself relayed does not.
 */
async function troubleOf(cast: Cast, isDirect: boolean, isRelayPaused: boolean): Promise<string> {
  const { a, b, relays } = cast;
  if (!isDirect) {
    const kinds = (await pathsOf(a, b)).map((path) => path?.kind ?? 'unknown');
    if (!kinds.includes('relayed')) return `neither direct nor relayed: ${kinds.join(' and ')}`;
  }
  if (!isRelayPaused) return '';
  for (const relay of relays) relay.pause();
  try {
    const isAnswered = await ping(cast).then(
      () => true,
      () => false,
    );
    if (isDirect && !isAnswered) return 'told as direct, and silent without the relay';
    const isStillRelayed = (await a.peer(b.name))?.path.kind === 'relayed';
    return !isDirect && isAnswered && isStillRelayed ? 'told as relayed, and talks without the relay' : '';
  } finally {
    for (const relay of relays) relay.resume();
  }
}

/** How each end is seen, by which medium it talks to the relay, and why its path is not direct. */
async function notDirectOf({ a, b, relays: [relay] }: Cast): Promise<readonly string[]> {
  const told = async (peer: LabPeer, other: LabPeer) => {
    const [checks, toRelay, path] = await Promise.all([
      peer.ask({ verb: 'netcheck' }),
      peer.peer(relay.name),
      peer.peer(other.name),
    ]);
    const seen = asChecks(checks).filter(({ check }) => /^(seen|strangers|port mapping) /.test(check));
    const reason = path?.path.reason ?? path?.path.kind ?? 'unknown';
    const evidence = seen.map((line) => line.evidence).join('; ');
    return `${peer.name} (by ${toRelay?.path.link ?? 'nothing'}): ${reason}; ${evidence}`;
  };
  return Promise.all([told(a, b), told(b, a)]);
}

function since(before: Wire, after: Wire): number {
  return after.bytes - before.bytes;
}
