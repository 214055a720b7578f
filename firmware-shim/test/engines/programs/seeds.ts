import {
  BOARD_LIMITS,
  type CryptoSuite,
  createIdentity,
  createNetworkKey,
  encodeValue,
  type Identity,
  Node,
  type NodeEvent,
} from '@fogwisp/protocol';
import { buildScenario, type Host, Prng, scenarioOf, TraceHash } from '@fogwisp/protocol/sim';

const SEED_COUNT = 10;
const COUNT_MAX = 6;
const FAULTS_UNTIL_MS = 15_000;
const ASK_EVERY_MS = 2000;
const UNTIL_MS = 30_000;

/** A number for all that ten worlds did, packet by packet: it must be the same wherever they run. */
export function hashOfSeeds(suite: CryptoSuite): string {
  const hash = new TraceHash();
  for (let seed = 1; seed <= SEED_COUNT; seed++) hash.text(hashOf(seed, suite));
  return hash.hex;
}

/** Nodes with the limits of boards, on what the seed says, and each asks the next one. */
function hashOf(seed: number, suite: CryptoSuite): string {
  const keys = new Prng(seed, 0x7fff_fff1);
  const network = createNetworkKey(suite, keys);
  const identities = new Map<string, Identity>();
  const scenario = scenarioOf(seed, { countMax: COUNT_MAX, faultsUntilMs: FAULTS_UNTIL_MS });
  const { world } = buildScenario(scenario, {
    hostOptions: { onEvent: answer, forgetsEvents: true },
    makeNode: (birth) => {
      const { name } = birth;
      const identity = identities.get(name) ?? createIdentity(suite, keys);
      identities.set(name, identity);
      return new Node({ ...birth, identity, limits: BOARD_LIMITS, crypto: suite, network });
    },
  });
  for (const [i, host] of world.hosts.entries()) {
    const next = world.hosts[(i + 1) % world.hosts.length];
    if (next === undefined) continue;
    const ask = (): void => {
      const body = encodeValue('how warm?');
      host.command({ kind: 'request', to: next.name, path: 'temperature', body, deadlineMs: ASK_EVERY_MS });
      world.after(ASK_EVERY_MS, ask);
    };
    ask();
  }
  world.runUntil(UNTIL_MS);
  return world.hash;
}

function answer(event: NodeEvent, host: Host): void {
  if (event.kind !== 'request') return;
  host.command({ kind: 'respond', request: event.request, status: 0, body: encodeValue(21.5) });
}
