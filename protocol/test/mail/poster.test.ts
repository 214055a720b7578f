import { describe, expect, it } from 'vitest';
import { shortBytes } from '../../src/identity/id.js';
import { EMPTY } from '../../src/kernel/bytes.js';
import { household, states } from './office.js';

describe('whoever writes to one who sleeps (SPEC §8.12)', () => {
  it('is told that it is kept when both have it, not before', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.passes = ({ from }) => from !== 'keeper 1';
    office.post(writer, reader, 1);
    expect(states(writer, 1)).toEqual([]);
    office.run(8_100);
    expect(states(writer, 1)).toEqual(['kept']);
    expect(writer.fates.get(1)).toMatchObject([{ keepers: 1 }]);
  });

  it('is told that it is lost when no keeper answers, or knows of a box', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.passes = ({ to }) => !to.startsWith('keeper');
    office.post(writer, reader, 1);
    office.run(29_000);
    expect(states(writer, 1)).toEqual([]);
    office.run(2_000);
    expect(states(writer, 1)).toEqual(['lost: unreachable']);
    office.passes = () => true;
    for (const keeper of keepers) keeper.restart();
    office.post(writer, reader, 2);
    expect(states(writer, 2)).toEqual(['lost: noKeeper']);
  });

  it('believes no keeper that says it was taken', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    const [first] = keepers;
    const post = office.sent.find(({ message }) => message.kind === 'post')?.message;
    if (first === undefined || post?.kind !== 'post') throw new Error('it was posted');
    const lie = { to: shortBytes(reader.short), id: post.id, receipt: new Uint8Array(8) };
    office.give(writer, first, { kind: 'mailReceipt', ...lie });
    expect(states(writer, 1)).toEqual(['kept']);
    office.wake(reader);
    office.run(10_000);
    expect(states(writer, 1)).toEqual(['kept', 'delivered']);
  });

  it('believes nobody else about its letters, whatever he says', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    const post = office.sent.find(({ message }) => message.kind === 'post')?.message;
    if (post?.kind !== 'post') throw new Error('it was posted');
    const stranger = office.add('stranger');
    const about = { to: shortBytes(reader.short), id: post.id };
    for (const verdict of [0, 1, 2, 3]) {
      const posted = { kind: 'posted', ...about, verdict, forS: 0, keepers: EMPTY } as const;
      office.give(writer, stranger, posted);
      office.give(writer, stranger, { kind: 'mailReceipt', ...about, receipt: EMPTY });
    }
    office.run(10_000);
    expect(writer.dropped).toEqual(Array.from({ length: 8 }, () => 'unexpected'));
    expect(states(writer, 1)).toEqual(['kept']);
    office.wake(reader);
    expect(states(writer, 1)).toEqual(['kept', 'delivered']);
  });

  it('learns of new keepers from an old one', () => {
    const { office, keepers, reader, writer } = household(3);
    const [first, second, third] = keepers;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three');
    office.sleep(reader, [first, second]);
    office.leave(writer);
    office.wake(reader);
    office.sleep(reader, [second, third]);
    office.leave(first);
    writer.restart();
    office.post(writer, reader, 1);
    office.run(6_000);
    office.leave(second);
    office.wake(reader);
    office.run(10_000);
    expect(reader.heard).toEqual(['1']);
  });

  it('knows who sleeps after its own sleep', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.sleep(writer, keepers);
    writer.subscribers.clear();
    office.wake(writer);
    office.post(writer, reader, 1);
    expect(states(writer, 1)).toEqual(['kept']);
    office.sleep(writer, keepers);
    office.wake(reader);
    office.run(10_000);
    expect(reader.heard).toEqual(['1']);
  });

  it('gets the receipt when it is there again, if it remembers', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1);
    office.leave(writer);
    office.wake(reader);
    office.run(10_000);
    expect(states(writer, 1)).toEqual(['kept']);
    writer.isThere = true;
    for (const keeper of keepers) keeper.mail.handleInput(office.now, { kind: 'peerUp', peer: writer.key });
    office.settle();
    expect(states(writer, 1)).toEqual(['kept', 'delivered']);
  });

  it('may keep mail for its own readers', () => {
    const { office, reader, writer } = household(0);
    office.sleep(reader, [writer]);
    office.post(writer, reader, 1);
    expect(states(writer, 1)).toEqual(['kept']);
    office.wake(reader);
    expect(reader.heard).toEqual(['1']);
    expect(states(writer, 1)).toEqual(['kept', 'delivered']);
  });

  it('has so many under way, and none too large', () => {
    const { office, keepers, reader, writer } = household();
    office.sleep(reader, keepers);
    office.post(writer, reader, 1, 'x'.repeat(1000));
    expect(states(writer, 1)).toEqual(['lost: tooLarge']);
    office.passes = () => false;
    for (let tag = 2; tag < 2 + 1024; tag++) office.post(writer, reader, tag);
    office.post(writer, reader, 5000);
    expect(states(writer, 5000)).toEqual(['lost: busy']);
  });
});
