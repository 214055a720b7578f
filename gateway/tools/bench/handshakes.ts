import { nodeRandom, nodeSuite } from '@fogwisp/firmware-shim/node';
import {
  createIdentity,
  createNetworkKey,
  type LinkInfo,
  Node,
  type NodeInput,
  PI_LIMITS,
} from '@fogwisp/protocol';
import { curveWork } from './alone.js';
import { type Bench, rounded } from './row.js';

const PAIRS = 100;
const ROUNDS = 6;
const NEAR = 'near';
const FAR = 'far';
const LINK: LinkInfo = {
  kind: 'udp',
  name: 'wire',
  mtu: 1200,
  flow: 'datagram',
  cast: 'address',
  reliable: false,
  bitrate: 0,
};

interface Pair {
  readonly near: Node;
  readonly far: Node;
}

/** Strangers become peers, both ends on one core; raw: only the operations on the curve. */
export const handshakeBench: Bench = {
  names: ['handshake'],
  async run() {
    const meet = prepare();
    const work = curveWork();
    let [value, raw] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const pairs = meet.pairs();
      raw = Math.max(
        raw,
        perSecond(() => work()),
      );
      value = Math.max(
        value,
        perSecond((at) => meet.run(pairs[at] as Pair)),
      );
    }
    return [{ name: 'handshake', value: rounded(value), unit: 'handshakes/s', raw: rounded(raw) }];
  },
};

/** Steps per second, once for each pair. */
function perSecond(step: (at: number) => void): number {
  const startedAt = performance.now();
  for (let at = 0; at < PAIRS; at++) step(at);
  return (PAIRS * 1000) / (performance.now() - startedAt);
}

function prepare() {
  const crypto = nodeSuite();
  const network = createNetworkKey(crypto, nodeRandom);
  const identities = [createIdentity(crypto, nodeRandom), createIdentity(crypto, nodeRandom)] as const;
  const options = { now: 0, network, crypto, random: nodeRandom, limits: PI_LIMITS, restored: new Map() };
  const makeNode = (name: string, identity: (typeof identities)[number]): Node => {
    const node = new Node({ ...options, identity, name });
    for (let o = node.pollOutput(); o !== undefined; o = node.pollOutput()) {
      if (o.kind === 'persist') node.handleInput(0, { kind: 'persisted', key: o.key });
    }
    node.handleInput(0, { kind: 'linkUp', link: 1, info: LINK });
    return node;
  };
  return {
    pairs: () =>
      Array.from({ length: PAIRS }, (): Pair => {
        return { near: makeNode(NEAR, identities[0]), far: makeNode(FAR, identities[1]) };
      }),
    run({ near, far }: Pair): void {
      near.handleInput(0, { kind: 'command', id: 1, command: { kind: 'connect', link: 1, address: FAR } });
      const nearSees = { isOnline: false };
      const farSees = { isOnline: false };
      while (carry(near, far, NEAR, nearSees) || carry(far, near, FAR, farSees));
      if (!nearSees.isOnline || !farSees.isOnline) throw new Error('two nodes did not become peers');
    },
  };
}

/** Gives everything that one node says to the other; false when it says nothing. */
function carry(node: Node, to: Node, from: string, sees: { isOnline: boolean }): boolean {
  const dueAt = node.pollTimeout();
  if (dueAt !== undefined && dueAt <= 0) node.handleInput(0, { kind: 'timeout' });
  const inputs: NodeInput[] = [];
  for (let o = node.pollOutput(); o !== undefined; o = node.pollOutput()) {
    if (o.kind === 'transmit') inputs.push({ kind: 'packet', link: 1, from, bytes: o.bytes });
    if (o.kind === 'event' && o.event.kind === 'peer') sees.isOnline ||= o.event.peer.status === 'online';
  }
  for (const input of inputs) to.handleInput(0, input);
  return inputs.length > 0;
}
