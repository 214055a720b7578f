import type { NodeOutput } from '../api.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { Election } from '../election/election.js';
import type { ElectionRules } from '../election/rules.js';
import { WILLINGNESS_MAX } from '../election/score.js';
import type { Identity } from '../identity/identity.js';
import type { NetworkKey } from '../identity/network.js';
import { UsageError } from '../kernel/fault.js';
import { Outbox } from '../kernel/machine.js';
import type { Random } from '../kernel/random.js';
import { HOUR_MS, type Instant } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { Discovery } from '../path/discovery.js';
import { PathTable } from '../path/path-table.js';
import { INDEX_RULES, type IndexRules } from '../rendezvous/rules.js';
import { Router } from '../routing/router.js';
import { ServiceMachine } from '../service/service.js';
import { SessionTable } from '../session/sessions.js';
import { CLAIM_KEY, claimOf } from './claim.js';
import { ACQUAINTANCES_KEY, LateAcquaintances } from './late-acquaintances.js';
import { LateIndex } from './late-index.js';
import { LateTraversal } from './late-traversal.js';
import { LinkTable } from './link-table.js';
import type { Parts } from './parts.js';
import { PeerBook } from './peer-book.js';
import { storedRole } from './roles.js';

/** What a node is made of. Nothing of it changes while it lives, but for what commands say. */
export interface NodeOptions {
  /** Monotonic ms, as in all inputs. */
  readonly now: Instant;
  readonly identity: Identity;
  /** Of the network that it takes part in. */
  readonly network: NetworkKey;
  /** 1 to 32 of a-z, 0-9 and '-'. */
  readonly name: string;
  readonly crypto: CryptoSuite;
  /** Must be fit for keys: a CSPRNG in the field. */
  readonly random: Random;
  /** PI_LIMITS, BOARD_LIMITS or such: how much it holds. */
  readonly limits: Limits;
  /** Issued by the owner (SPEC §5.5), 82 B; shown at first contact. */
  readonly certificate?: Uint8Array;
  /** What the store held at start, of what `persist` said; empty at the first start. */
  readonly restored: ReadonlyMap<string, Uint8Array>;
  /** How much it is willing to serve others as a supernode (SPEC §8.6): 0 never, to 7, the default. */
  readonly willingness?: number;
  /**
   * How far apart packets may be that keep it a neighbor, its own and those of others, 0 to 3,600,000 ms
   * (SPEC §8.2); default: as others do. Who sets it serves nobody unless `willingness` says so.
   */
  readonly wakeEveryMs?: number;
  /** For experiments: rules of the election that are left out. */
  readonly electionRules?: Partial<ElectionRules>;
  /** The same of the index. */
  readonly indexRules?: Partial<IndexRules>;
}

export function makeParts(options: NodeOptions, boot: number): Parts {
  const { now, identity, network, name, crypto: suite, random, limits, restored, certificate } = options;
  const out = new Outbox<NodeOutput>();
  const peers = new PeerBook();
  const claimedAt = claimOf(restored.get(CLAIM_KEY), name);
  const links = new LinkTable(out);
  const wakeEveryMs = wakeEveryOf(options);
  const router = new Router({ now, self: identity, suite, random, limits, boot, wakeEveryMs });
  const stored = restored.get(ACQUAINTANCES_KEY);
  const finding = { self: identity.key, suite, random, routes: router, stored };
  const services = new ServiceMachine({ now, suite, identity, limits, boot, name, claimedAt });
  const rules = options.indexRules === undefined ? INDEX_RULES : { ...INDEX_RULES, ...options.indexRules };
  return {
    out,
    links,
    peers,
    sessions: new SessionTable({ now, suite, identity, network, random, limits, restored, certificate }),
    paths: new PathTable({ self: identity.key, random }),
    discovery: new Discovery(identity.key, random, wakeEveryMs),
    election: new Election({
      ...{ now, self: identity, suite, random, limits, stored: storedRole(restored) },
      willingness: options.willingness ?? (wakeEveryMs === 0 ? WILLINGNESS_MAX : 0),
      rules: options.electionRules ?? {},
    }),
    acquaintances: new LateAcquaintances(finding, peers, links),
    router,
    index: new LateIndex(
      { self: identity, suite, network, random, limits, rules },
      { peers, router, services },
    ),
    traversal: new LateTraversal({ self: identity.key, suite, random }, peers),
    services,
  };
}

function wakeEveryOf({ wakeEveryMs = 0 }: NodeOptions): number {
  if (Number.isInteger(wakeEveryMs) && wakeEveryMs >= 0 && wakeEveryMs <= HOUR_MS) return wakeEveryMs;
  throw new UsageError('badWakeEvery', `wakeEveryMs is an integer from 0 to ${HOUR_MS}`);
}
