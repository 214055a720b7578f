import { describe, expect, it } from 'vitest';
import type { QualityOfService } from '../../src/api.js';
import { ALICE, BOB, build, bytes, CAROL, heard, publish, subscribe } from './publish-wire.js';

describe('bounds of publications (§9.2)', () => {
  it('refuses the subscription that is too many', () => {
    const wire = build({}, { subscriptionCountMax: 2 });
    for (const topic of ['a', 'b', 'c']) wire.command(ALICE, subscribe(`*/${topic}`));
    wire.command(ALICE, subscribe('*/a', 1));
    expect(wire.of(ALICE, 'failed').map((event) => event.code)).toEqual(['busy']);
  });

  it('holds no more subscriptions of a peer than it may, however many it sends', () => {
    const wire = build({}, { subscriptionCountMax: 4 });
    for (let alias = 0; alias < 1000; alias++) {
      const message = { kind: 'subscribe', alias, qos: 0, path: `t${alias}` } as const;
      wire.input(ALICE, { kind: 'message', from: BOB, message, delivery: 'reliable' });
    }
    expect(wire.dropped(ALICE).filter((reason) => reason === 'overLimit').length).toBe(996);
    const message = { kind: 'subscribe', alias: 0, qos: 0, path: 'x' } as const;
    wire.input(ALICE, { kind: 'message', from: CAROL, message, delivery: 'reliable' });
    wire.command(ALICE, publish('x', '1'));
    expect(wire.of(ALICE, 'published').map((event) => event.subscribers)).toEqual([1]);
  });

  it('lets a subscriber who is gone make room for one who comes', () => {
    const wire = build({}, { sessionCountMax: 1 });
    const message = { kind: 'subscribe', alias: 0, qos: 0, path: 'x' } as const;
    wire.input(ALICE, { kind: 'message', from: BOB, message, delivery: 'reliable' });
    wire.input(ALICE, { kind: 'message', from: CAROL, message, delivery: 'reliable' });
    expect(wire.dropped(ALICE)).toEqual(['overLimit']);
    wire.input(ALICE, { kind: 'peerDown', peer: BOB, code: 'closed' });
    wire.input(ALICE, { kind: 'message', from: CAROL, message, delivery: 'reliable' });
    expect(wire.dropped(ALICE)).toEqual(['overLimit']);
  });

  it('keeps the last values of the topics published last', () => {
    const wire = build({}, { subscriptionCountMax: 2 });
    for (const topic of ['a', 'b', 'a', 'c']) wire.command(ALICE, publish(topic, topic));
    for (const topic of ['a', 'b', 'c']) wire.command(BOB, subscribe(`alice/${topic}`));
    wire.run(200);
    expect(heard(wire, BOB)).toEqual(['alice a a']);
    expect(wire.of(BOB, 'failed').length).toBe(1);
    wire.command(BOB, { kind: 'unsubscribe', pattern: 'alice/b' });
    wire.command(BOB, subscribe('alice/c'));
    wire.run(200);
    expect(heard(wire, BOB)).toEqual(['alice a a', 'alice c c']);
  });

  it('subscribes no more publishers than it may have sessions, and the next when one is gone', () => {
    const wire = build({}, { sessionCountMax: 1 });
    wire.command(ALICE, subscribe('*/temp'));
    wire.run(200);
    const to = () => wire.sent.filter(({ message }) => message.kind === 'subscribe').map((sent) => sent.to);
    expect(to()).toEqual([BOB]);
    wire.close(ALICE, BOB);
    wire.input(ALICE, { kind: 'peerGone', peer: BOB });
    wire.run(2000);
    expect(to()).toEqual([BOB, CAROL]);
  });

  it('refuses publications that are too many or too large', () => {
    const wire = build({}, { sendQueueMax: 2, messageBytesMax: 10 });
    wire.command(BOB, subscribe('alice/x', 1));
    wire.run(100);
    for (let i = 0; i < 3; i++) wire.command(ALICE, publish('x', 'y', 1));
    wire.command(ALICE, publish('x', 'y'.repeat(11)));
    expect(wire.of(ALICE, 'failed').map((event) => event.code)).toEqual(['busy', 'tooLarge']);
    wire.run(100);
    expect(wire.of(ALICE, 'published').length).toBe(2);
  });

  it('pays no attention to what nobody subscribed and to absurd messages', () => {
    const wire = build();
    const messages = [
      { kind: 'publish', alias: 3, body: bytes('') },
      { kind: 'subscribe', alias: 0, qos: 2, path: 'x' },
      { kind: 'subscribe', alias: 0, qos: 0, path: '' },
      { kind: 'subscribe', alias: 0, qos: 0, path: '*' },
      { kind: 'subscribe', alias: 0, qos: 0, path: 'x'.repeat(129) },
      { kind: 'unsubscribe', alias: 9 },
      { kind: 'routesWanted' },
    ];
    for (const message of messages) {
      wire.input(ALICE, { kind: 'message', from: BOB, message, delivery: 'datagram' });
    }
    expect(wire.dropped(ALICE)).toEqual([
      'unexpected',
      'malformed',
      'malformed',
      'malformed',
      'malformed',
      'unexpected',
    ]);
  });

  it('takes a topic from nobody but those of whom it was subscribed', () => {
    const wire = build();
    wire.command(ALICE, subscribe('bob/x'));
    wire.command(ALICE, subscribe('carol/y'));
    wire.run(100);
    const aliases = wire.sent.flatMap(({ message }) =>
      message.kind === 'subscribe' ? [`${message.path} ${message.alias}`] : [],
    );
    expect(aliases).toEqual(['x 0', 'y 1']);
    for (const [alias, body] of [
      [0, 'forged'],
      [1, 'genuine'],
    ] as const) {
      const message = { kind: 'publish', alias, body: bytes(body) } as const;
      wire.input(ALICE, { kind: 'message', from: CAROL, message, delivery: 'datagram' });
    }
    expect(heard(wire, ALICE)).toEqual(['carol y genuine']);
    expect(wire.dropped(ALICE)).toEqual(['unexpected']);
  });

  it('throws at misuse', () => {
    const wire = build();
    for (const pattern of [
      'temp',
      '/temp',
      'bob/',
      '*bob/temp',
      'bob/*',
      'Bob/temp',
      `*/${'x'.repeat(129)}`,
    ]) {
      expect(() => wire.command(ALICE, subscribe(pattern))).toThrow('pattern');
    }
    expect(() => wire.command(ALICE, publish('', ''))).toThrow('topic');
    expect(() => wire.command(ALICE, publish('a*', ''))).toThrow('topic');
    expect(() => wire.command(ALICE, publish('a', '', 2 as QualityOfService))).toThrow('qos');
  });
});
