import { stubSuite } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { shortKeyOf } from '../../src/identity/id.js';
import { createIdentity } from '../../src/identity/identity.js';
import { signRecord } from '../../src/identity/record.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import { BOARD_LIMITS, type Limits, PI_LIMITS } from '../../src/limits.js';
import { LateIndex } from '../../src/node/late-index.js';
import { PeerBook } from '../../src/node/peer-book.js';
import { type Store, Subject } from '../../src/packet/message.js';
import type { IndexOutput } from '../../src/rendezvous/doors.js';
import { INDEX_RULES } from '../../src/rendezvous/rules.js';
import { Dice } from '../routing/graphs.js';

const suite = stubSuite();
const dice = new Dice(8);
const self = createIdentity(suite, dice);
const holder = createIdentity(suite, dice);
const who = { publicKey: self.publicKey, boot: 1, sequence: 0, name: 'lamp', claimedAt: 0, flags: 0 };
const own = { name: 'lamp', record: signRecord(suite, self, who) };

function lateIndex(limits: Limits): LateIndex {
  const topics = { published: [], wanted: [] };
  const sources = {
    peers: new PeerBook(),
    router: { indexHolders: () => [holder.short] },
    services: { own, topics },
  };
  const network = { key: new Uint8Array(32) };
  return new LateIndex({ self, suite, network, random: dice, limits, rules: INDEX_RULES }, sources);
}

function store(id: Uint8Array): Store {
  return { kind: 'store', subject: Subject.id, holder: id.subarray(0, 8), where: EMPTY, record: own.record };
}

function outputsOf(index: LateIndex): readonly IndexOutput[] {
  const outputs: IndexOutput[] = [];
  for (let o = index.pollOutput(); o !== undefined; o = index.pollOutput()) outputs.push(o);
  return outputs;
}

describe('the index without its machine (§9.6)', () => {
  it('tells the own record when somebody keeps records', () => {
    const index = lateIndex(BOARD_LIMITS);
    expect(index.pollTimeout()).toBeUndefined();
    index.handleInput(0, { kind: 'holders', holders: [holder.short] });
    const at = index.pollTimeout() ?? 0;
    index.handleInput(at, { kind: 'timeout' });
    const subjects = outputsOf(index).map((o) => (o.kind === 'sendTowards' ? o.message : undefined));
    expect(subjects).toMatchObject([
      { kind: 'store', subject: Subject.id },
      { kind: 'store', subject: Subject.name },
    ]);
  });

  it('passes on what others are to keep, without a copy where memory is short, and not without end', () => {
    const index = lateIndex(BOARD_LIMITS);
    expect(index.passing).toBe('datagram');
    expect(lateIndex(PI_LIMITS).passing).toBe('reliable');
    let passed = 0;
    for (let i = 0; i < 5000; i++) if (index.passTo(0, store(holder.id)) !== undefined) passed++;
    expect(passed).toBe(1024);
    expect(index.passTo(1000, store(holder.id))).toBe(shortKeyOf(holder.id));
    expect(index.passTo(60_000, store(self.id))).toBeUndefined();
  });

  it('passes on answers whose question went another way', () => {
    const index = lateIndex(BOARD_LIMITS);
    const [key, where, record] = [holder.id.subarray(0, 8), new Uint8Array(), new Uint8Array(1)];
    const found = { kind: 'found', subject: Subject.id, key, where, record } as const;
    const source = holder.id.subarray(0, 8);
    expect(index.passTo(0, { ...found, source })).toBe(shortKeyOf(holder.id));
    expect(index.passTo(0, { ...found, source: self.id.subarray(0, 8) })).toBeUndefined();
  });

  it('is made for who asks, and then leaves it to the machine', () => {
    const index = lateIndex(BOARD_LIMITS);
    const ids = {
      key: holder.id.subarray(0, 8),
      source: self.id.subarray(8, 16),
      towards: holder.id.subarray(0, 8),
    };
    const message = { kind: 'lookup', subject: Subject.id, hopLimit: 4, ...ids } as const;
    index.handleInput(0, { kind: 'message', neighbor: 1, message });
    expect(index.passTo(0, store(holder.id))).toBeUndefined();
  });
});
