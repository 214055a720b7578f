import { describe, expect, it } from 'vitest';
import { ALICE, BOB, build, CAROL, heard, machine, publish, sentKinds, subscribe } from './publish-wire.js';
import { Wire } from './wire.js';

describe.each([
  ['alice listens to bob', ALICE, BOB, 'bob'],
  ['bob listens to alice', BOB, ALICE, 'alice'],
])('publications (§9.2), %s', (_title, listener, publisher, name) => {
  it('delivers what the pattern names, and nothing else', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.command(publisher, publish('temp', '21'));
    wire.command(publisher, publish('door', 'open'));
    wire.command(CAROL, publish('temp', '3'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
    expect(sentKinds(wire)).toEqual(['subscribe reliable', 'publish datagram']);
  });

  it('takes a NodeKey for the publisher, and * for all of them', () => {
    const wire = build();
    wire.command(listener, subscribe(`${publisher}/temp`));
    wire.command(listener, subscribe('*/door'));
    wire.run(100);
    wire.command(publisher, publish('temp', '21'));
    wire.command(publisher, publish('door', 'open'));
    wire.command(CAROL, publish('door', 'shut'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`, `${name} door open`, 'carol door shut']);
  });

  it('sends one copy when several patterns match, with the best service of them', () => {
    const wire = build();
    wire.command(listener, subscribe('*/temp'));
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.run(100);
    wire.command(publisher, publish('temp', '21', 1));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
    expect(sentKinds(wire).at(-1)).toBe('publish reliable');
    wire.command(listener, { kind: 'unsubscribe', pattern: `${name}/temp` });
    wire.run(100);
    wire.command(publisher, publish('temp', '22', 1));
    wire.run(100);
    expect(heard(wire, listener).length).toBe(2);
    expect(sentKinds(wire).at(-1)).toBe('publish datagram');
  });

  it('counts subscribers: at once with qos 0, once all have acknowledged with qos 1', () => {
    const wire = build();
    const nobody = wire.command(publisher, publish('temp', '0', 1));
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.command(CAROL, subscribe('*/temp', 0));
    wire.run(100);
    const loose = wire.command(publisher, publish('temp', '1', 0));
    const firm = wire.command(publisher, publish('temp', '2', 1));
    expect(wire.of(publisher, 'published')).toEqual([
      { kind: 'published', command: nobody, subscribers: 0, lost: 0 },
      { kind: 'published', command: loose, subscribers: 2, lost: 0 },
    ]);
    wire.run(100);
    const end = { kind: 'published', command: firm, subscribers: 2, lost: 0 };
    expect(wire.of(publisher, 'published').at(-1)).toEqual(end);
  });

  it('counts as lost what a subscriber did not acknowledge before its session ended', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.command(CAROL, subscribe(`${name}/temp`, 1));
    wire.run(100);
    wire.cut(listener, publisher);
    const command = wire.command(publisher, publish('temp', '2', 1));
    wire.run(100);
    expect(wire.of(publisher, 'published')).toEqual([]);
    wire.close(listener, publisher, 'unreachable');
    const event = { kind: 'published', command, subscribers: 2, lost: 1 };
    expect(wire.of(publisher, 'published')).toEqual([event]);
  });

  it('loses nothing of qos 1 on a wire that loses, doubles and reorders', () => {
    const wire = build({ seed: 7, loss: 0.3, duplicate: 0.3, jitterMs: 40 });
    wire.command(listener, subscribe(`${name}/count`, 1));
    wire.run(5000);
    const expected: string[] = [];
    for (let i = 0; i < 100; i++) {
      wire.command(publisher, publish('count', `${i}`, 1));
      expected.push(`${name} count ${i}`);
    }
    wire.run(60_000);
    expect(heard(wire, listener)).toEqual(expected);
    expect(
      wire.of(publisher, 'published').filter((event) => event.subscribers === 1 && event.lost === 0).length,
    ).toBe(100);
  });

  it('sends what does not fit a packet reliably, whatever its service', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/log`));
    wire.run(100);
    wire.command(publisher, publish('log', 'x'.repeat(5000)));
    wire.input(publisher, { kind: 'room', peer: listener, bytes: 6000 });
    wire.command(publisher, publish('log', 'x'.repeat(5000)));
    wire.run(100);
    expect(sentKinds(wire).slice(-2)).toEqual(['publish reliable', 'publish datagram']);
    expect(heard(wire, listener).length).toBe(2);
  });

  it('gives the last value to a new subscriber at once', () => {
    const wire = build();
    wire.command(publisher, publish('temp', '20'));
    wire.command(publisher, publish('temp', '21'));
    wire.command(publisher, publish('long', 'x'.repeat(257)));
    wire.command(listener, subscribe('*/temp'));
    wire.command(listener, subscribe('*/long'));
    wire.run(200);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
  });

  it('forgets a last value when one comes that is too long to keep', () => {
    const wire = build();
    wire.command(publisher, publish('temp', '20'));
    wire.command(publisher, publish('temp', 'x'.repeat(257)));
    wire.command(listener, subscribe('*/temp'));
    wire.run(200);
    expect(heard(wire, listener)).toEqual([]);
  });

  it('does not repeat an acknowledged event because the session broke, but makes up for a missed one', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/button`, 1));
    wire.run(100);
    wire.command(publisher, publish('button', 'first', 1));
    wire.run(100);
    wire.close(listener, publisher);
    wire.run(5000);
    expect(heard(wire, listener)).toEqual([`${name} button first`]);
    wire.cut(listener, publisher);
    wire.command(publisher, publish('button', 'second', 1));
    wire.close(listener, publisher);
    wire.heal(listener, publisher);
    wire.run(5000);
    expect(heard(wire, listener)).toEqual([`${name} button first`, `${name} button second`]);
  });

  it('comes back by itself after a loss, and goes on in the new session', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.cut(listener, publisher);
    wire.close(listener, publisher, 'unreachable');
    wire.run(20_000);
    wire.heal(listener, publisher);
    wire.run(61_000);
    wire.command(publisher, publish('temp', '21'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
  });

  it('renews its subscriptions when the publisher restarts', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.restart(publisher, machine(publisher));
    wire.run(100);
    wire.command(publisher, publish('temp', '21'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
  });

  it('is told the last value again when the listener restarts', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.run(100);
    wire.command(publisher, publish('temp', '21', 1));
    wire.run(100);
    wire.restart(listener, machine(listener));
    wire.input(listener, { kind: 'peerNamed', peer: publisher, name });
    wire.run(100);
    expect(wire.of(listener, 'message').length).toBe(1);
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.run(100);
    expect(wire.of(listener, 'message').length).toBe(2);
  });

  it('needs no word in a resumed session', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.close(listener, publisher);
    wire.open(listener, publisher, true);
    wire.command(publisher, publish('temp', '21'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
    expect(sentKinds(wire).filter((kind) => kind === 'subscribe reliable').length).toBe(1);
  });

  it('misses nothing when one session replaces another', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.run(100);
    wire.open(listener, publisher);
    wire.command(publisher, publish('temp', '21', 1));
    wire.run(100);
    wire.command(publisher, publish('temp', '22', 1));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`, `${name} temp 22`]);
  });

  it('renews its subscriptions in each new session at once', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.open(listener, publisher);
    expect(sentKinds(wire)).toEqual(['subscribe reliable', 'subscribe reliable']);
    wire.open(listener, publisher, true);
    expect(sentKinds(wire).length).toBe(3);
    wire.run(100);
    wire.open(listener, publisher, true);
    expect(sentKinds(wire).length).toBe(3);
  });

  it('neither sends to a subscriber that is gone nor counts it', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.close(listener, publisher, 'unreachable');
    wire.command(publisher, publish('temp', '21', 1));
    expect(wire.of(publisher, 'published').map((event) => event.subscribers)).toEqual([0]);
    expect(sentKinds(wire)).toEqual(['subscribe reliable']);
  });

  it('makes up for what was missed when a session is resumed', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.run(100);
    wire.command(publisher, publish('temp', '20', 1));
    wire.run(100);
    wire.close(listener, publisher, 'unreachable');
    wire.open(listener, publisher, true);
    wire.run(100);
    wire.close(listener, publisher, 'unreachable');
    wire.command(publisher, publish('temp', '21', 1));
    wire.open(listener, publisher, true);
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 20`, `${name} temp 21`]);
  });

  it('takes back what a publisher still holds from a life before', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    const fresh = machine(listener);
    fresh.handleInput(wire.now, { kind: 'peerUp', peer: publisher, resumed: true });
    wire.add(listener, fresh);
    for (let i = 0; i < 3; i++) {
      wire.command(publisher, publish('temp', `${i}`));
      wire.run(100);
    }
    expect(wire.of(publisher, 'published').map((event) => event.subscribers)).toEqual([1, 0, 0]);
  });

  it('gives the last value to a subscriber that rebooted while nobody knew of its session', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`, 1));
    wire.run(100);
    wire.command(publisher, publish('temp', '21', 1));
    wire.run(100);
    wire.input(publisher, { kind: 'peerDown', peer: listener, code: 'closed' });
    wire.input(publisher, { kind: 'rebooted', peer: listener });
    wire.input(publisher, { kind: 'peerUp', peer: listener, resumed: false });
    const message = { kind: 'subscribe', alias: 5, qos: 1, path: 'temp' } as const;
    wire.input(publisher, { kind: 'message', from: listener, message, delivery: 'reliable' });
    expect(wire.sent.at(-1)?.message).toMatchObject({ kind: 'publish', alias: 5 });
  });

  it('asks a silent publisher every five minutes and so finds out that it was forgotten', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    const silent = machine(publisher);
    silent.handleInput(wire.now, { kind: 'peerUp', peer: listener, resumed: false });
    wire.add(publisher, silent);
    wire.run(301_000);
    wire.command(publisher, publish('temp', '21'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([`${name} temp 21`]);
    expect(sentKinds(wire).filter((kind) => kind === 'subscribe reliable').length).toBe(2);
  });

  it('ends a subscription', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/temp`));
    wire.run(100);
    wire.command(listener, { kind: 'unsubscribe', pattern: `${name}/temp` });
    wire.command(publisher, publish('temp', 'on its way'));
    wire.run(100);
    wire.command(publisher, publish('temp', 'later'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([]);
    expect(wire.of(publisher, 'published').map((event) => event.subscribers)).toEqual([1, 0]);
  });

  it('gives a topic no alias that a late packet could mean otherwise', () => {
    const wire = build();
    wire.command(listener, subscribe(`${name}/one`));
    wire.run(100);
    wire.command(listener, { kind: 'unsubscribe', pattern: `${name}/one` });
    wire.command(listener, subscribe(`${name}/two`));
    wire.command(publisher, publish('one', 'late'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual([]);
  });

  it('follows a name: a peer that takes it is subscribed, one that loses it is not', () => {
    const wire = build();
    wire.command(listener, subscribe('kitchen/temp'));
    wire.run(100);
    wire.input(listener, { kind: 'peerNamed', peer: publisher, name: 'kitchen' });
    wire.run(100);
    wire.command(publisher, publish('temp', '1'));
    wire.run(100);
    wire.input(listener, { kind: 'peerNamed', peer: publisher, name });
    wire.run(100);
    wire.command(publisher, publish('temp', '2'));
    wire.run(100);
    expect(heard(wire, listener)).toEqual(['kitchen temp 1']);
  });

  it('waits for the name of a peer, and not where there is no room for one', () => {
    for (const isFull of [false, true]) {
      const wire = new Wire();
      wire.add(listener, machine(listener, isFull ? { recordCountMax: 1 } : {}));
      wire.add(publisher, machine(publisher));
      for (const known of isFull ? [listener, CAROL] : []) {
        wire.input(listener, { kind: 'peerNamed', peer: known, name: 'known' });
      }
      wire.command(publisher, publish('temp', '20'));
      wire.command(listener, subscribe('*/temp'));
      wire.open(listener, publisher);
      wire.run(100);
      expect(heard(wire, listener)).toEqual(isFull ? [' temp 20'] : []);
      wire.input(listener, { kind: 'peerNamed', peer: publisher, name });
      wire.run(100);
      expect(heard(wire, listener)).toEqual([isFull ? ' temp 20' : `${name} temp 20`]);
    }
  });

  it('hears itself', () => {
    const wire = build();
    const own = name === 'bob' ? 'alice' : 'bob';
    wire.command(listener, publish('temp', '20'));
    wire.command(listener, subscribe(`${own}/temp`));
    wire.command(listener, subscribe('*/temp'));
    wire.command(listener, publish('temp', '21', 1));
    expect(heard(wire, listener)).toEqual([`${own} temp 20`, `${own} temp 21`]);
    expect(wire.of(listener, 'published').map((event) => event.subscribers)).toEqual([0, 1]);
  });
});
