import { describe, expect, it } from 'vitest';
import { Status } from '../../src/api.js';
import { ALICE, BOB, build, bytes, echo, machine, request, requestsOn, text } from './request-wire.js';
import { keyFor } from './wire.js';

describe.each([
  ['alice asks bob', ALICE, BOB, 'bob'],
  ['bob asks alice', BOB, ALICE, 'alice'],
])('requests (§9.1), %s', (_title, asker, other, name) => {
  it('opens a session, asks and answers', () => {
    const wire = build();
    const command = wire.command(asker, request(name, 'led/set', 'on'));
    wire.run(1000);
    const [asked] = wire.of(other, 'request');
    expect(asked).toMatchObject({ path: 'led/set', from: { id: asker } });
    expect(asked?.from.name).not.toBe('');
    expect(text(asked?.body ?? bytes('?'))).toBe('on');
    const [answer] = wire.of(asker, 'response');
    expect(answer).toMatchObject({ command, status: Status.ok });
    expect(text(answer?.body ?? bytes('?'))).toBe('led/set:on');
    expect(wire.sent.length).toBe(2);
  });

  it('takes a NodeKey as well as a name', () => {
    const wire = build();
    wire.command(asker, request(other, 'a'));
    wire.run(1000);
    expect(wire.of(asker, 'response').length).toBe(1);
  });

  it('hands each request to the application exactly once on a wire that loses, doubles and reorders', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const wire = build(
        { seed, loss: 0.3, duplicate: 0.3, delayMs: 5, jitterMs: 60 },
        {},
        seed % 2 === 0 ? 700 : 0,
      );
      const bodies: string[] = [];
      for (let i = 0; i < 20; i++) {
        bodies.push(`n${i}`);
        wire.command(asker, request(name, 'count', `n${i}`, 120_000));
      }
      wire.run(130_000);
      const seen = wire.of(other, 'request').map((event) => text(event.body));
      expect([...seen].sort()).toEqual([...bodies].sort());
      const answers = wire.of(asker, 'response').map((event) => text(event.body));
      expect([...answers].sort()).toEqual(bodies.map((body) => `count:${body}`).sort());
      expect(wire.of(asker, 'failed')).toEqual([]);
    }
  });

  it('remembers an answer for 30 s after it was last asked for', () => {
    const wire = build();
    const message = { kind: 'request', id: 40, alias: undefined, path: 'a', body: bytes('x') } as const;
    const askAgain = () => wire.input(other, { kind: 'message', from: asker, message, delivery: 'datagram' });
    for (let i = 0; i < 5; i++) {
      askAgain();
      wire.run(25_000);
    }
    expect(wire.of(other, 'request').length).toBe(1);
    wire.run(6000);
    askAgain();
    expect(wire.of(other, 'request').length).toBe(2);
  });

  it('ends with timeout when a known peer does not answer, and tells it', () => {
    const wire = build({}, {}, 60_000);
    wire.open(asker, other);
    const start = wire.now;
    const command = wire.command(asker, request(name, 'slow', '', 3000));
    wire.run(5000);
    expect(wire.of(asker, 'failed')).toEqual([{ kind: 'failed', command, code: 'timeout' }]);
    expect(wire.seen(asker).at(-1)?.at).toBe(start + 3000);
    expect(wire.of(other, 'requestCancelled').length).toBe(1);
    wire.run(100_000);
    expect(wire.of(asker, 'response')).toEqual([]);
  });

  it('waits for a name and ends with unknownPeer when it never appears', () => {
    const wire = build();
    wire.command(asker, request('dave', 'a', '', 2000));
    const late = wire.command(asker, request('erin', 'a', '', 2000));
    wire.run(1000);
    wire.input(asker, { kind: 'peerNamed', peer: other, name: 'erin' });
    wire.run(3000);
    expect(wire.of(asker, 'response').map((event) => event.command)).toEqual([late]);
    expect(wire.of(asker, 'failed').map((event) => event.code)).toEqual(['unknownPeer']);
  });

  it('waits for a NodeKey that nobody knows yet as for a name', () => {
    const wire = build();
    const dave = keyFor('d');
    wire.add(dave, machine(dave), undefined);
    wire.react(dave, echo(wire, dave, 0));
    wire.command(asker, request(dave, 'a', '', 2000));
    wire.command(asker, request(keyFor('e'), 'a', '', 2000));
    wire.run(1000);
    expect(wire.sent).toEqual([]);
    wire.open(asker, dave);
    wire.run(3000);
    expect(wire.of(asker, 'response').length).toBe(1);
    expect(wire.of(asker, 'failed').map((event) => event.code)).toEqual(['unknownPeer']);
  });

  it('fails as unreachable only on the word of the node', () => {
    const wire = build();
    wire.cut(asker, other);
    const command = wire.command(asker, request(name, 'a'));
    wire.run(1000);
    expect(wire.of(asker, 'failed')).toEqual([{ kind: 'failed', command, code: 'unreachable' }]);
  });

  it('asks again in the next session when one is lost, still once to the application', () => {
    const wire = build({}, {}, 5000);
    wire.open(asker, other);
    wire.command(asker, request(name, 'a', 'x', 20_000));
    wire.run(100);
    wire.close(asker, other);
    wire.run(20_000);
    expect(wire.of(other, 'request').length).toBe(1);
    expect(wire.of(asker, 'response').length).toBe(1);
  });

  it('cancels at both ends, also when the cancellation overtakes the request', () => {
    const wire = build({}, {}, 60_000);
    wire.open(asker, other);
    const command = wire.command(asker, request(name, 'a'));
    wire.run(100);
    wire.command(asker, { kind: 'cancel', command });
    wire.run(1000);
    expect(wire.of(asker, 'failed')).toEqual([{ kind: 'failed', command, code: 'cancelled' }]);
    expect(wire.of(other, 'requestCancelled').length).toBe(1);

    wire.input(other, {
      kind: 'message',
      from: asker,
      message: { kind: 'cancel', id: 40 },
      delivery: 'reliable',
    });
    const message = { kind: 'request', id: 40, alias: undefined, path: 'a', body: bytes('') } as const;
    wire.input(other, { kind: 'message', from: asker, message, delivery: 'datagram' });
    expect(wire.of(other, 'request').length).toBe(1);
  });

  it('writes a path out until it is answered once, then its alias alone', () => {
    const wire = build();
    wire.open(asker, other);
    for (let i = 0; i < 3; i++) {
      wire.command(asker, request(name, 'led/set', `${i}`));
      wire.run(100);
    }
    expect(requestsOn(wire).map(({ alias, path }) => [alias, path])).toEqual([
      [0, 'led/set'],
      [0, undefined],
      [0, undefined],
    ]);
    expect(wire.of(other, 'request').map((event) => event.path)).toEqual(['led/set', 'led/set', 'led/set']);
  });

  it('writes the path out again to a peer that forgot the alias', () => {
    const wire = build();
    wire.open(asker, other);
    wire.command(asker, request(name, 'led/set'));
    wire.run(100);
    const fresh = machine(other);
    wire.restart(other, fresh);
    fresh.handleInput(wire.now, { kind: 'peerNamed', peer: asker, name: 'again' });
    // The asker did not hear of the restart: as if its session had been resumed by mistake.
    const message = { kind: 'request', id: 9, alias: 0, path: undefined, body: bytes('') } as const;
    wire.input(other, { kind: 'message', from: asker, message, delivery: 'datagram' });
    expect(wire.sent.at(-1)?.message).toMatchObject({ kind: 'response', id: 9, status: 7 });
    wire.command(asker, request(name, 'led/set'));
    wire.run(100);
    expect(wire.of(asker, 'response').length).toBe(2);
  });

  it('recovers from a refused alias without the application noticing', () => {
    const wire = build();
    wire.open(asker, other);
    wire.command(asker, request(name, 'led/set'));
    wire.run(100);
    // A fresh machine at the other end, and nobody says so.
    const fresh = machine(other);
    fresh.handleInput(wire.now, { kind: 'peerUp', peer: asker, resumed: true });
    const react = echo(wire, other, 0);
    wire.add(other, fresh, react);
    wire.command(asker, request(name, 'led/set'));
    wire.run(100);
    wire.command(asker, request(name, 'led/set'));
    wire.run(100);
    expect(wire.of(asker, 'response').length).toBe(3);
    expect(requestsOn(wire).map(({ alias, path }) => [alias, path])).toEqual([
      [0, 'led/set'],
      [0, undefined],
      [0, 'led/set'],
      [0, undefined],
    ]);
  });

  it('asks a restarted peer again, and drops what the restarted peer had asked', () => {
    const wire = build({}, {}, 60_000);
    wire.open(asker, other);
    wire.command(asker, request(name, 'a', 'mine', 20_000));
    wire.command(other, request(asker, 'b', 'its', 20_000));
    wire.run(100);
    wire.react(other, echo(wire, other, 0));
    wire.restart(other, machine(other));
    wire.run(1000);
    expect(wire.of(other, 'request').length).toBe(2);
    expect(wire.of(asker, 'response').length).toBe(1);
    expect(wire.of(asker, 'requestCancelled').length).toBe(1);
  });

  it('asks again at once in a new session, and waits in a resumed one', () => {
    const wire = build({}, {}, 60_000);
    wire.open(asker, other);
    wire.command(asker, request(name, 'a', '', 20_000));
    wire.open(asker, other);
    expect(requestsOn(wire).length).toBe(2);
    wire.open(asker, other, true);
    expect(requestsOn(wire).length).toBe(2);
  });

  it('takes the same id from a restarted peer as a new request', () => {
    const wire = build();
    wire.open(asker, other);
    wire.command(asker, request(name, 'a', 'same'));
    wire.run(100);
    wire.restart(asker, machine(asker));
    wire.command(asker, request(other, 'a', 'same'));
    wire.run(1000);
    expect(wire.of(other, 'request').length).toBe(2);
  });

  it('sends what does not fit a packet reliably, both ways', () => {
    const wire = build({ seed: 5, loss: 0.3, jitterMs: 50 });
    wire.open(asker, other);
    const body = 'x'.repeat(60_000);
    wire.command(asker, request(name, 'big', body, 60_000));
    wire.run(60_000);
    expect(wire.of(other, 'request').length).toBe(1);
    expect(text(wire.of(asker, 'response')[0]?.body ?? bytes('')).length).toBe(60_004);
    expect(wire.sent.map((sent) => sent.delivery)).toEqual(['reliable', 'reliable']);
  });

  it('answers a request that came reliably in the same way, however small the answer', () => {
    const wire = build({ loss: 0.3, seed: 3 });
    wire.react(other, (event) => {
      if (event.kind !== 'request') return;
      wire.command(other, { kind: 'respond', request: event.request, status: Status.ok, body: bytes('ok') });
    });
    wire.command(asker, request(name, 'big', 'x'.repeat(5000), 30_000));
    wire.run(30_000);
    expect(wire.of(asker, 'response').length).toBe(1);
    expect(wire.sent.at(-1)?.delivery).toBe('reliable');
  });

  it('finishes a large request although its session breaks half way', () => {
    const wire = build({ seed: 8 }, {}, 3000);
    wire.open(asker, other);
    wire.command(asker, request(name, 'big', 'x'.repeat(5000), 30_000));
    wire.run(1000);
    wire.close(asker, other);
    wire.run(1000);
    wire.close(asker, other);
    wire.run(28_000);
    expect(wire.of(other, 'request').length).toBe(1);
    expect(wire.of(asker, 'response').length).toBe(1);
  });

  it('uses the room of the path', () => {
    const wire = build();
    wire.open(asker, other);
    wire.input(asker, { kind: 'room', peer: other, bytes: 1100 });
    wire.command(asker, request(name, 'a', 'x'.repeat(1000)));
    expect(wire.sent.at(-1)?.delivery).toBe('datagram');
    wire.input(asker, { kind: 'room', peer: other, bytes: 60 });
    wire.command(asker, request(name, 'a', 'x'.repeat(60)));
    expect(wire.sent.at(-1)?.delivery).toBe('reliable');
  });

  it('sends no datagram that is larger than the room, nor much smaller ones reliably', () => {
    const wire = build();
    wire.open(asker, other);
    for (let size = 360; size <= 400; size++) {
      wire.command(asker, request(name, 'led', 'x'.repeat(size)));
      wire.run(100);
    }
    const datagrams = wire.sent.filter(({ delivery }) => delivery === 'datagram');
    const largest = Math.max(...datagrams.map(({ bytes: length }) => length));
    expect(largest).toBeLessThanOrEqual(400);
    expect(largest).toBeGreaterThan(384);
    expect(wire.of(asker, 'response').length).toBe(41);
  });

  it('answers 200 requests at once', () => {
    const wire = build({ seed: 2, loss: 0.1, duplicate: 0.1, jitterMs: 20 }, { requestCountMax: 256 }, 50);
    for (let i = 0; i < 200; i++) wire.command(asker, request(name, 'n', `${i}`, 30_000));
    wire.run(30_000);
    expect(wire.of(other, 'request').length).toBe(200);
    expect(wire.of(asker, 'response').length).toBe(200);
  });

  it('answers 200 requests at once with room for 8: those without room come again', () => {
    const wire = build({ seed: 2 }, { requestCountMax: 8 }, 50);
    const many = machine(asker, { requestCountMax: 256 });
    wire.add(asker, many);
    wire.name(other, name);
    for (let i = 0; i < 200; i++) wire.command(asker, request(name, 'n', `${i}`, 20_000));
    wire.run(20_000);
    expect(wire.of(asker, 'response').length).toBe(200);
    expect(wire.of(other, 'request').length).toBe(200);
  });

  it('answers itself, by name and by key', () => {
    const wire = build();
    const own = name === 'bob' ? 'alice' : 'bob';
    wire.command(asker, request(own, 'a', 'x'));
    wire.command(asker, request(asker, 'big', 'x'.repeat(5000)));
    wire.run(1000);
    expect(wire.sent).toEqual([]);
    expect(wire.of(asker, 'request').map((event) => event.from)).toEqual([
      { id: asker, name: own },
      { id: asker, name: own },
    ]);
    expect(wire.of(asker, 'response').length).toBe(2);
  });

  it('keeps ids below 24 at rest', () => {
    const wire = build();
    for (let i = 0; i < 60; i++) {
      wire.command(asker, request(name, 'a'));
      wire.run(5000);
    }
    const ids = wire.sent.flatMap(({ message }) => (message.kind === 'request' ? [message.id] : []));
    expect(ids.length).toBe(60);
    expect(Math.max(...ids)).toBeLessThan(24);
  });

  it('asks again at once, and soon again, when another way leads there', () => {
    for (const isRerouted of [true, false]) {
      const wire = build({ loss: 1 });
      wire.open(ALICE, BOB);
      wire.command(ALICE, request('bob', 'a', '', 60_000));
      wire.run(4000);
      const before = requestsOn(wire).length; // at 0, 500, 1500 and 3500 ms
      expect(before).toBe(4);
      if (isRerouted) {
        wire.input(ALICE, { kind: 'rerouted', peer: BOB });
        expect(requestsOn(wire).length).toBe(before + 1);
        wire.input(ALICE, { kind: 'rerouted', peer: BOB }); // as often as routes flap, not more
      }
      wire.run(1600);
      expect(requestsOn(wire).length).toBe(isRerouted ? before + 3 : before);
    }
  });

  it('asks again after two round trips, later and later', () => {
    const wire = build({}, {}, 60_000);
    wire.open(asker, other);
    wire.input(asker, { kind: 'roundTrip', peer: other, ms: 150 });
    const start = wire.now;
    wire.command(asker, request(name, 'a', '', 12_000));
    wire.run(11_000);
    const times = wire.sent.filter(({ message }) => message.kind === 'request').map(({ at }) => at - start);
    expect(times).toEqual([0, 300, 900, 2100, 4500, 9300]);
  });
});
