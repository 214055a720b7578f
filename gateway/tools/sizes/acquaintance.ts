import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '@fogwisp/protocol';
import { withEnds } from '../ends/end-process.js';
import { type Handshake, handshakesIn, type Pattern } from './packets.js';

const NAMES = ['near', 'far'] as const;
/** Tickets are valid for 7 days (SPEC §7.7). */
const TICKET_EXPIRED_MS = 8 * 24 * 3_600_000;

export interface Acquaintance {
  readonly IK: number;
  readonly KK: number;
  readonly RESUME: number;
}

/**
 * Two that hear each other's beacons on the loopback LAN, three times with the same state: at first contact
 * each knows the other's key from its beacon (IK); after a restart they resume; after a week without each
 * other the ticket has expired, but both remember the key (KK). Counted by a tracing link on their sockets.
 */
export async function measureAcquaintance(network: string): Promise<Acquaintance> {
  const folder = mkdtempSync(join(tmpdir(), 'fogwisp-sizes-'));
  const meet = (clockAheadMs: number) => meetOnce(network, folder, clockAheadMs);
  try {
    const IK = sumOf(find(await meet(0), 'IK'));
    const RESUME = find(await meet(0), 'RESUME').lengths[0] ?? 0;
    const KK = sumOf(find(await meet(TICKET_EXPIRED_MS), 'KK'));
    return { IK, KK, RESUME };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function meetOnce(
  network: string,
  folder: string,
  clockAheadMs: number,
): Promise<readonly Handshake[]> {
  return withEnds(async (start) => {
    const link = { kind: 'lan', port: randomInt(20_000, 60_000) } as const;
    const [near, far] = await Promise.all(
      NAMES.map((name) => start({ name, network, link, clockAheadMs, stateDirectory: join(folder, name) })),
    );
    if (near === undefined || far === undefined) return [];
    await Promise.all([
      near.ask({ kind: 'meet', peer: far.name }),
      far.ask({ kind: 'meet', peer: near.name }),
    ]);
    const reports = await Promise.all([near, far].map((end) => end.ask({ kind: 'report' })));
    const packets = reports.flatMap(({ handshakes }) => handshakes ?? []);
    return handshakesIn(packets.map((text) => fromHex(text)).filter((bytes) => bytes !== undefined));
  });
}

function find(handshakes: readonly Handshake[], pattern: Pattern | 'RESUME'): Handshake {
  const found = handshakes.find((handshake) => handshake.pattern === pattern);
  if (found !== undefined) return found;
  const seen = handshakes.map((handshake) => handshake.pattern).join(', ') || 'none';
  throw new Error(`two processes were to open a session by ${pattern}, seen: ${seen}`);
}

function sumOf({ lengths }: Handshake): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}
