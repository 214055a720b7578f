import { describe, expect, it } from 'vitest';
import { shortBytes } from '../../src/identity/id.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import type { MailMessage } from '../../src/mail/doors.js';
import { sealLetter } from '../../src/mail/letter.js';
import { Taken } from '../../src/mail/taken.js';
import { testRandom } from '../support/random.js';
import { household, NETWORK, SUITE, states } from './office.js';

describe('whoever fetches its mail (SPEC §8.12)', () => {
  it('gets each letter once though both keepers have it, and the second one sends nothing', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    for (let tag = 0; tag < 5; tag++) office.post(writer, reader, tag);
    office.wake(reader);
    office.run(10_000);
    expect(reader.heard).toEqual(['0', '1', '2', '3', '4']);
    expect(
      office.sent.filter(({ message }) => message.kind === 'mail' && message.letter.length > 0).length,
    ).toBe(5);
    for (let tag = 0; tag < 5; tag++) expect(states(writer, tag)).toEqual(['kept', 'delivered']);
  });

  it('knows after the next sleep what it took before: a keeper that was out of reach has it still', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    office.passes = ({ from, to }) => from !== 'keeper 1' && to !== 'keeper 1';
    office.wake(reader);
    office.run(200_000);
    expect(reader.heard).toEqual(['1']);
    office.sleep(reader, keepers);
    office.passes = () => true;
    office.wake(reader);
    office.run(10_000);
    expect(reader.heard).toEqual(['1']);
    const again = office.sent.filter(({ from, message }) => from === 'keeper 1' && message.kind === 'mail');
    expect(again.some(({ message }) => message.kind === 'mail' && message.letter.length > 0)).toBe(true);
  });

  it('knows the last 64 that it took, and no more', () => {
    const from = new Uint8Array(8).fill(7);
    let taken = new Taken(EMPTY);
    for (let id = 0; id < 200; id++) {
      taken.add(from, id);
      taken = new Taken(taken.bytes);
      expect(taken.bytes.length).toBeLessThanOrEqual(64 * 12);
    }
    const known = Array.from({ length: 200 }, (_, id) => id).filter((id) => taken.has(from, id));
    expect(known).toEqual(Array.from({ length: 64 }, (_, i) => 136 + i));
    expect(taken.has(new Uint8Array(8), 199)).toBe(false);
  });

  it('hears nothing before its store has it, and nothing twice when the power goes then', () => {
    const { office, keepers, reader, writer } = household(1);
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    reader.confirms = false;
    office.wake(reader);
    expect(reader.heard).toEqual([]);
    expect(office.count('mailTaken')).toBe(0);
    reader.mail.handleInput(office.now, { kind: 'persisted', key: 'mail' });
    office.settle();
    expect(reader.heard).toEqual(['1']);
    office.leave(reader);
    office.wake(reader);
    office.run(20_000);
    expect(reader.heard).toEqual(['1']);
  });

  it('goes on when its store confirms nothing', () => {
    const { office, keepers, reader, writer } = household(1);
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    reader.confirms = false;
    office.wake(reader);
    office.run(9_000);
    expect(reader.heard).toEqual([]);
    office.run(2_000);
    expect(reader.heard).toEqual(['1']);
  });

  it('asks the other keeper when one is silent', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    const [first] = keepers;
    if (first !== undefined) office.leave(first);
    office.wake(reader);
    expect(reader.heard).toEqual([]);
    office.run(3_100);
    expect(reader.heard).toEqual(['1']);
  });

  it('waits for somebody who listens to it, and says when nobody does', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    office.post(writer, reader, 2, 'two', 'other');
    office.post(writer, reader, 3, 'three', 'late');
    office.wake(reader);
    office.run(2_000);
    reader.topics.add('late');
    reader.mail.handleInput(office.now, { kind: 'listen' });
    office.run(20_000);
    expect(reader.heard).toEqual(['1', 'three']);
    expect(states(writer, 2).at(-1)).toBe('lost: unwanted');
    expect(states(writer, 3).at(-1)).toBe('delivered');
  });

  it('takes what is posted while it is awake at once', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.wake(reader);
    office.run(5_000);
    office.post(writer, reader, 1);
    office.run(6_000);
    expect(reader.heard).toEqual(['1']);
    expect(states(writer, 1)).toContain('delivered');
  });

  it('takes nothing from those who keep nothing for it', () => {
    const { office, keepers, reader, writer } = household();
    const stranger = office.add('stranger');
    let letter: MailMessage | undefined;
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    office.passes = ({ message }) => {
      if (message.kind === 'mail' && message.letter.length > 0) letter = message;
      return message.kind !== 'mail';
    };
    office.wake(reader);
    office.passes = () => true;
    if (letter === undefined) throw new Error('a keeper had it');
    office.give(reader, stranger, letter);
    expect(reader.heard).toEqual([]);
    expect(reader.dropped).toEqual(['unexpected']);
  });

  it('tells the sender when a letter cannot be opened', () => {
    const { office, keepers, reader, writer } = household(1);
    const [keeper] = keepers;
    office.sleep(reader, keepers);
    if (keeper === undefined) throw new Error('there is one');
    const post = { to: shortBytes(reader.short), id: 5, letter: new Uint8Array(120) };
    office.give(keeper, writer, { kind: 'post', ...post });
    office.wake(reader);
    expect(reader.dropped).toEqual(['authentication']);
    const receipts = office.sent.flatMap(({ message }) => (message.kind === 'mailReceipt' ? [message] : []));
    expect(receipts).toMatchObject([{ id: 5, receipt: new Uint8Array(0) }]);
  });

  it('holds no more than honest keepers send at a time, whatever one sends', () => {
    const { office, keepers, reader, writer } = household(1);
    const [keeper] = keepers;
    office.sleep(reader, keepers);
    if (keeper === undefined) throw new Error('there is one');
    reader.topics.clear();
    office.wake(reader);
    const self = { suite: SUITE, identity: writer.identity, network: NETWORK };
    const text = { receipt: new Uint8Array(8), name: 'writer', topic: 'count', body: new Uint8Array(9) };
    for (let id = 1; id <= 20; id++) {
      const to = { publicKey: reader.identity.publicKey, id };
      const letter = sealLetter(self, testRandom(id), to, text) ?? new Uint8Array(0);
      const from = shortBytes(writer.short);
      office.give(reader, keeper, { kind: 'mail', from, id, left: 20 - id, letter });
    }
    expect(reader.dropped).toEqual(Array.from({ length: 4 }, () => 'overLimit'));
  });

  it('keeps its keepers as long as it may', () => {
    const { office, keepers, reader } = household(3);
    const namedBy = () =>
      office.sent.flatMap(({ message }) => (message.kind === 'mailbox' ? [message.keepers] : [])).at(-1);
    const [first, second, third] = keepers;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three');
    office.sleep(reader, [first, second]);
    const before = namedBy();
    office.wake(reader);
    office.sleep(reader, [third, second, first]);
    expect(namedBy()).toEqual(before);
    office.wake(reader);
    office.sleep(reader, [third, second]);
    expect(namedBy()?.subarray(0, 16)).toEqual(before?.subarray(16));
  });
});
