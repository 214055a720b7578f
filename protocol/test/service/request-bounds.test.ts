import { describe, expect, it } from 'vitest';
import { Status } from '../../src/api.js';
import { ALICE, BOB, build, bytes, CAROL, request } from './request-wire.js';

describe('bounds of requests (§9.1)', () => {
  it('refuses the one that is too many or too large', () => {
    const wire = build({}, { requestCountMax: 2, messageBytesMax: 100 }, 60_000);
    wire.command(ALICE, request('bob', 'a'));
    wire.command(ALICE, request('dave', 'a'));
    wire.command(ALICE, request('bob', 'a'));
    wire.command(ALICE, request('bob', 'a', 'x'.repeat(101)));
    expect(wire.of(ALICE, 'failed').map((event) => event.code)).toEqual(['busy', 'tooLarge']);
  });

  it('answers tooLarge in place of an answer that is', () => {
    const wire = build({}, { messageBytesMax: 100 });
    wire.command(ALICE, request('bob', 'path', 'x'.repeat(98)));
    wire.run(1000);
    expect(wire.of(ALICE, 'response')).toMatchObject([{ status: Status.tooLarge }]);
  });

  it('answers tooLarge to a request that is, and the application does not see it', () => {
    const wire = build({}, { messageBytesMax: 100 });
    wire.open(ALICE, CAROL);
    for (const [id, length] of [
      [0, 101],
      [1, 100],
    ] as const) {
      const message = {
        kind: 'request',
        id,
        alias: undefined,
        path: 'p',
        body: new Uint8Array(length),
      } as const;
      wire.input(CAROL, { kind: 'message', from: ALICE, message, delivery: 'reliable' });
    }
    expect(wire.of(CAROL, 'request').map(({ body }) => body.length)).toEqual([100]);
    const [answer] = wire.sent.flatMap(({ message }) => (message.kind === 'response' ? [message] : []));
    expect(answer).toMatchObject({ id: 0, status: Status.tooLarge });
  });

  it('ends with busy when the peer never found room', () => {
    const wire = build({}, { requestCountMax: 1 }, 60_000);
    wire.command(ALICE, request('carol', 'a'));
    wire.run(100);
    wire.command(BOB, request('carol', 'a', '', 2000));
    wire.run(3000);
    expect(wire.of(BOB, 'failed').map((event) => event.code)).toEqual(['busy']);
    expect(wire.of(CAROL, 'request').length).toBe(1);
  });

  it('leaves room for others when one peer floods', () => {
    const wire = build({}, { requestCountMax: 16 }, 5000);
    wire.open(ALICE, CAROL);
    for (let id = 0; id < 5000; id++) {
      const message = { kind: 'request', id, alias: undefined, path: `p${id}`, body: bytes('') } as const;
      wire.input(CAROL, { kind: 'message', from: ALICE, message, delivery: 'datagram' });
    }
    expect(wire.of(CAROL, 'request').length).toBe(14);
    wire.command(BOB, request('carol', 'a'));
    wire.run(8000);
    expect(wire.of(BOB, 'response').length).toBe(1);
  });

  it('keeps the answers of others when one peer floods', () => {
    const wire = build({}, { requestCountMax: 8 });
    wire.open(BOB, CAROL);
    const asked = { kind: 'request', id: 0, alias: undefined, path: 'p', body: bytes('') } as const;
    wire.input(CAROL, { kind: 'message', from: BOB, message: asked, delivery: 'datagram' });
    wire.run(20);
    for (let id = 0; id < 100; id++) {
      wire.input(CAROL, { kind: 'message', from: ALICE, message: { ...asked, id }, delivery: 'datagram' });
      wire.run(20);
    }
    wire.input(CAROL, { kind: 'message', from: BOB, message: asked, delivery: 'datagram' });
    expect(wire.of(CAROL, 'request').filter((event) => event.from.id === BOB).length).toBe(1);
  });

  it('pays no attention to answers nobody asked for, of others, and to absurd paths', () => {
    const wire = build({}, {}, 60_000);
    wire.open(ALICE, BOB);
    wire.command(ALICE, request('bob', 'a'));
    const response = { kind: 'response', id: 0, status: 0, body: bytes('forged') } as const;
    wire.input(ALICE, { kind: 'message', from: CAROL, message: response, delivery: 'datagram' });
    wire.input(ALICE, { kind: 'message', from: BOB, message: { ...response, id: 7 }, delivery: 'datagram' });
    const none = { kind: 'request', id: 0, alias: undefined, path: undefined, body: bytes('') } as const;
    wire.input(ALICE, { kind: 'message', from: BOB, message: none, delivery: 'datagram' });
    const long = { ...none, path: 'é'.repeat(65) };
    wire.input(ALICE, { kind: 'message', from: BOB, message: long, delivery: 'datagram' });
    wire.input(ALICE, {
      kind: 'message',
      from: BOB,
      message: { kind: 'routesWanted' },
      delivery: 'datagram',
    });
    expect(wire.dropped(ALICE)).toEqual(['unexpected', 'unexpected', 'malformed', 'malformed', 'unexpected']);
    expect(wire.of(ALICE, 'response')).toEqual([]);
    expect(wire.of(ALICE, 'request')).toEqual([]);
  });

  it('does not answer a peer that refuses every alias for ever', () => {
    const wire = build({}, {}, 60_000);
    wire.open(ALICE, BOB);
    wire.command(ALICE, request('bob', 'a', '', 60_000));
    const before = wire.sent.length;
    const refusal = { kind: 'response', id: 0, status: 7, body: bytes('') } as const;
    for (let i = 0; i < 1000; i++) {
      wire.input(ALICE, { kind: 'message', from: BOB, message: refusal, delivery: 'datagram' });
    }
    expect(wire.sent.length - before).toBe(1);
  });

  it('takes an unknown status as failed', () => {
    const wire = build({}, {}, 60_000);
    wire.command(ALICE, request('bob', 'a'));
    const response = { kind: 'response', id: 0, status: 200, body: bytes('') } as const;
    wire.input(ALICE, { kind: 'message', from: BOB, message: response, delivery: 'datagram' });
    expect(wire.of(ALICE, 'response')).toMatchObject([{ status: Status.failed }]);
  });

  it('throws at misuse and stays as it was', () => {
    const wire = build();
    expect(() => wire.command(ALICE, request('bob', ''))).toThrow('path');
    expect(() => wire.command(ALICE, request('bob', 'x'.repeat(129)))).toThrow('path');
    expect(() => wire.command(ALICE, request('bob', 'a', '', Number.NaN))).toThrow('deadline');
    const respond = { kind: 'respond', request: 1, status: 9 as Status, body: bytes('') } as const;
    expect(() => wire.command(ALICE, respond)).toThrow('status');
    wire.run(1000);
    expect(wire.events(ALICE)).toEqual([]);
  });

  it('comes to rest: nothing is pending once all is answered and forgotten', () => {
    const wire = build({ loss: 0.2, seed: 4 });
    for (let i = 0; i < 10; i++) wire.command(ALICE, request('bob', 'a', `${i}`));
    wire.run(60_000);
    expect(wire.nextAt).toBeUndefined();
  });

  it('forgets a request that the application never answers', () => {
    const wire = build({}, { requestCountMax: 1 }, 1e9);
    wire.command(ALICE, request('bob', 'a', '', 1e9));
    wire.run(100);
    wire.cut(ALICE, BOB);
    wire.run(601_000);
    expect(wire.of(BOB, 'requestCancelled').length).toBe(1);
    wire.command(CAROL, request('bob', 'b'));
    wire.run(100);
    expect(wire.of(BOB, 'request').length).toBe(2);
  });
});
