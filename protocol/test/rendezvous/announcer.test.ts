import { stubSuite } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../src/identity/entry.js';
import { shortKeyOf } from '../../src/identity/id.js';
import { createIdentity } from '../../src/identity/identity.js';
import { signRecord } from '../../src/identity/record.js';
import { EMPTY, toHex } from '../../src/kernel/bytes.js';
import { type Store, Subject } from '../../src/packet/message.js';
import { Announcer } from '../../src/rendezvous/announcer.js';
import { LATE_MS } from '../../src/rendezvous/registrar.js';
import { INDEX_RULES } from '../../src/rendezvous/rules.js';
import { Dice } from '../routing/graphs.js';

const suite = stubSuite();
const [A, B, C] = [1, 2, 3].map((id) => new Uint8Array(8).fill(id)) as [Uint8Array, Uint8Array, Uint8Array];
const HALF_HOUR_MS = 1_800_000;

class Stage {
  now = 1000;
  readonly #dice = new Dice(3);
  readonly #self = createIdentity(suite, this.#dice);
  readonly announcer = new Announcer({
    self: this.#self,
    suite,
    network: { key: new Uint8Array(32) },
    random: this.#dice,
    rules: INDEX_RULES,
  });
  readonly holders = Array.from({ length: 6 }, () => createIdentity(suite, this.#dice).short);
  published: readonly string[] = [];
  where: Uint8Array = EMPTY;

  /** What it tells within so long. */
  run(ms: number): readonly Store[] {
    const until = this.now + ms;
    const stores: Store[] = [];
    for (let at = this.announcer.wakeAt; at <= until; at = this.announcer.wakeAt) {
      this.now = Math.max(this.now, at);
      const turn = this.announcer.take(this.now, this.#saying, this.where, this.holders);
      expect(turn.length).toBeLessThanOrEqual(2);
      stores.push(...turn);
    }
    this.now = until;
    return stores;
  }

  /** Those that were told come first. */
  order(told: readonly Store[]): void {
    const names = new Set(told.map(({ holder }) => shortKeyOf(holder)));
    this.holders.sort((a, b) => Number(names.has(b)) - Number(names.has(a)));
  }

  get #saying() {
    const { publicKey } = this.#self;
    const record = { publicKey, boot: 4, sequence: 1, name: 'lamp', claimedAt: 0, flags: 0 };
    return { name: 'lamp', record: signRecord(suite, this.#self, record), published: this.published };
  }
}

function toldBy(stores: readonly Store[]): readonly string[] {
  return stores.map(({ subject, holder }) => `${subject} ${shortKeyOf(holder)}`).sort();
}

describe('the own record without a machine (§9.6)', () => {
  it('is told to three under the id and to three under the name, and after half an hour again', () => {
    const stage = new Stage();
    expect(stage.announcer.wakeAt).toBe(Infinity);
    stage.announcer.review(stage.now);
    const told = toldBy(stage.run(10_000));
    expect(told.filter((each) => each.startsWith(`${Subject.id} `)).length).toBe(3);
    expect(told.filter((each) => each.startsWith(`${Subject.name} `)).length).toBe(3);
    expect(stage.run(HALF_HOUR_MS - 20_000)).toEqual([]);
    expect(toldBy(stage.run(30_000))).toEqual(told);
  });

  it('is told to whoever becomes one of those closest, and to nobody twice', () => {
    const stage = new Stage();
    stage.announcer.review(stage.now);
    const told = stage.run(10_000);
    stage.order(told);
    stage.announcer.review(stage.now);
    expect(stage.run(20_000)).toEqual([]);
    const gone = stage.holders.splice(0, 2);
    const copies = told.filter(({ holder }) => gone.includes(shortKeyOf(holder)));
    stage.announcer.review(stage.now);
    const anew = stage.run(LATE_MS + 20_000);
    expect(anew.length).toBe(copies.length);
    for (const each of toldBy(anew)) expect(toldBy(told)).not.toContain(each);
  });

  it('waits for a while before a third is told, in case the former comes back', () => {
    const stage = new Stage();
    stage.announcer.review(stage.now);
    stage.order(stage.run(10_000));
    const gone = stage.holders.shift() ?? '';
    stage.announcer.review(stage.now);
    expect(stage.run(LATE_MS - 1000)).toEqual([]);
    stage.holders.push(gone);
    stage.announcer.review(stage.now);
    expect(stage.run(2 * LATE_MS)).toEqual([]);
    stage.holders.pop();
    stage.announcer.review(stage.now);
    expect(stage.run(LATE_MS - 1000)).toEqual([]);
    expect(stage.run(20_000).length).toBeGreaterThan(0);
  });

  it('is told anew when none of the supernodes named in it knows a way any more', () => {
    const stage = new Stage();
    stage.where = Uint8Array.of(...A, ...B);
    stage.announcer.review(stage.now);
    expect(stage.run(10_000).length).toBe(6);
    stage.where = Uint8Array.of(...C, ...B);
    stage.announcer.review(stage.now);
    expect(stage.run(20_000)).toEqual([]);
    stage.where = Uint8Array.of(...C);
    stage.announcer.review(stage.now);
    const anew = stage.run(20_000);
    expect(anew.map(({ where }) => toHex(where))).toEqual(Array(6).fill(toHex(Uint8Array.of(...C))));
    stage.where = EMPTY;
    stage.announcer.review(stage.now);
    expect(stage.run(20_000)).toEqual([]);
  });

  it('is told anew when it says something else', () => {
    const stage = new Stage();
    stage.announcer.review(stage.now);
    stage.run(10_000);
    stage.announcer.retell(stage.now);
    expect(stage.run(10_000).length).toBe(6);
  });

  it('goes with an entry for each topic that it publishes, to two holders each (§9.7)', () => {
    const stage = new Stage();
    stage.published = ['door', 'light'];
    stage.announcer.review(stage.now);
    const entries = stage.run(10_000).filter(({ subject }) => subject === Subject.publisher);
    expect(entries.length).toBe(4);
    for (const { record } of entries) {
      const decoded = decodeEntry(record);
      expect(decoded?.entry).toMatchObject({ boot: 4, subject: Subject.publisher });
      const isRight =
        decoded !== undefined && suite.verify(decoded.entry.publicKey, decoded.signed, decoded.signature);
      expect(isRight).toBe(true);
    }
  });

  it('is told to nobody where nobody keeps records, until somebody does', () => {
    const stage = new Stage();
    const holders = stage.holders.splice(0, 6);
    stage.announcer.review(stage.now);
    expect(stage.run(10_000)).toEqual([]);
    expect(stage.announcer.wakeAt).toBe(Infinity);
    stage.holders.push(...holders);
    stage.announcer.review(stage.now);
    expect(stage.run(20_000).length).toBe(6);
  });
});
