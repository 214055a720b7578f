import { describe, expect, it } from 'vitest';
import { shortBytes } from '../../src/identity/id.js';
import { EMPTY, fromHex } from '../../src/kernel/bytes.js';
import { BOARD_LIMITS } from '../../src/limits.js';
import { household, type Office, type Resident, states } from './office.js';

function listOf(...keepers: readonly Resident[]): Uint8Array {
  const list = new Uint8Array(16 * keepers.length);
  for (const [i, { key }] of keepers.entries()) list.set(fromHex(key) ?? EMPTY, 16 * i);
  return list;
}

/** Posts without asking anybody; gives the verdicts. */
function flood(office: Office, from: Resident, keeper: Resident, to: Resident, count: number, bytes = 100) {
  const before = office.sent.length;
  for (let id = 0; id < count; id++) {
    const letter = new Uint8Array(bytes).fill(id);
    office.give(keeper, from, { kind: 'post', to: shortBytes(to.short), id, letter });
  }
  return office.sent
    .slice(before)
    .flatMap(({ message }) => (message.kind === 'posted' ? [message.verdict] : []));
}

describe('a keeper (SPEC §8.12)', () => {
  it('keeps for whom it serves, and says for how long', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers, 600_000);
    office.post(writer, reader, 1);
    expect(states(writer, 1)).toEqual(['kept']);
    expect(writer.fates.get(1)).toEqual([{ state: 'kept', until: office.now + 1_200_000, keepers: 2 }]);
  });

  it('makes no box for those whom it does not serve, nor for whoever names others', () => {
    const { office, keepers, reader, writer } = household();
    reader.isClient = false;
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    expect(states(writer, 1)).toEqual(['lost: noKeeper']);
    expect(keepers.map(({ mail }) => mail.boxCount)).toEqual([0, 0]);
    const other = household();
    other.office.sleep(other.reader, other.keepers.slice(0, 1));
    expect(other.keepers.map(({ mail }) => mail.boxCount)).toEqual([1, 0]);
    // Also where somebody else has one.
    other.office.sleep(other.office.add('second'), other.keepers.slice(1));
    expect(other.keepers.map(({ mail }) => mail.boxCount)).toEqual([1, 1]);
    other.office.sleep(other.office.add('third'), other.keepers.slice(1));
    expect(other.keepers.map(({ mail }) => mail.boxCount)).toEqual([1, 2]);
  });

  it('gives one who floods half of a box, and others a share of the rest', () => {
    const { office, keepers, reader, writer } = household(1);
    const [keeper] = keepers;
    if (keeper === undefined) throw new Error('there is one');
    office.sleep(reader, keepers);
    const verdicts = flood(office, writer, keeper, reader, 100);
    expect(verdicts.filter((verdict) => verdict === 0).length).toBe(8);
    expect(verdicts.filter((verdict) => verdict === 3).length).toBe(92);
    const second = office.add('second');
    expect(flood(office, second, keeper, reader, 100).filter((verdict) => verdict === 0).length).toBe(4);
    const modest = office.add('modest');
    expect(flood(office, modest, keeper, reader, 1)).toEqual([0]);
  });

  it('holds so many bytes for each, whatever comes', () => {
    const { office, keepers, reader } = household(1, { mailboxBytesMax: BOARD_LIMITS.mailboxBytesMax });
    const [keeper] = keepers;
    if (keeper === undefined) throw new Error('there is one');
    office.sleep(reader, keepers);
    let bytes = 0;
    for (let i = 0; i < 20; i++) {
      const kept = flood(office, office.add(`flooder ${i}`), keeper, reader, 20, 200);
      bytes += 200 * kept.filter((verdict) => verdict === 0).length;
    }
    expect(bytes).toBeLessThanOrEqual(BOARD_LIMITS.mailboxBytesMax);
    expect(bytes).toBeGreaterThan(BOARD_LIMITS.mailboxBytesMax / 2);
  });

  it('has so many boxes, and one with letters makes room for no other', () => {
    const { office, keepers, reader, writer } = household(1, { mailboxCountMax: 2 });
    const [keeper] = keepers;
    if (keeper === undefined) throw new Error('there is one');
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    for (let i = 0; i < 50; i++) {
      // They sleep for longer: of the empty boxes the one goes that would be given up first.
      const message = { kind: 'mailbox', keepers: listOf(keeper), forS: 86_400 } as const;
      office.give(keeper, office.add(`client ${i}`), message);
    }
    expect(keeper.mail.boxCount).toBe(2);
    office.wake(reader);
    expect(reader.heard).toEqual(['1']);
  });

  it('takes the same letter once', () => {
    const { office, keepers, reader, writer } = household(1);
    const [keeper] = keepers;
    if (keeper === undefined) throw new Error('there is one');
    office.sleep(reader, keepers);
    for (let i = 0; i < 20; i++) expect(flood(office, writer, keeper, reader, 1)).toEqual([0]);
    expect(
      flood(office, office.add('second'), keeper, reader, 20).filter((verdict) => verdict === 0).length,
    ).toBe(8);
  });

  it('gives up what nobody fetches, and says so', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers, 60_000);
    office.post(writer, reader, 1);
    office.run(659_000);
    expect(states(writer, 1)).toEqual(['kept']);
    office.run(2000);
    expect(states(writer, 1)).toEqual(['kept', 'lost: expired']);
    expect(keepers.map(({ mail }) => mail.boxCount)).toEqual([0, 0]);
  });

  it('that goes says so, and the other one still has it', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    keepers[0]?.mail.handleInput(office.now, { kind: 'stop' });
    office.settle();
    expect(states(writer, 1)).toEqual(['kept']);
    office.wake(reader);
    office.run(10_000);
    expect(reader.heard).toEqual(['1']);
    expect(states(writer, 1)).toEqual(['kept', 'delivered']);
    office.sleep(reader, keepers.slice(1));
    office.post(writer, reader, 2);
    keepers[1]?.mail.handleInput(office.now, { kind: 'stop' });
    office.settle();
    expect(states(writer, 2).at(-1)).toBe('lost: expired');
  });

  it('sends four at a time until they are taken', () => {
    const { office, keepers, reader, writer } = household(1);
    office.sleep(reader, keepers);
    for (let tag = 0; tag < 8; tag++) office.post(writer, reader, tag);
    reader.confirms = false;
    office.wake(reader);
    expect(office.count('mail')).toBe(4);
    for (let i = 0; i < 8; i++) {
      reader.mail.handleInput(office.now, { kind: 'persisted', key: 'mail' });
      office.settle();
    }
    expect(reader.heard).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });
});
