import { DriverFault, ShimError } from '@fogwisp/firmware-shim';
import { describe, expect, it } from 'vitest';
import type { Value } from '../src/index.js';
import { outcome, pair } from './fake-network.js';

describe('publications', () => {
  it('reach every subscriber of the pattern', async () => {
    const { network, attic, cellar } = pair();
    const heard: unknown[] = [];
    cellar.subscribe('attic/door', (value, { from, topic }) => void heard.push([value, from.name, topic]));
    cellar.subscribe('*/door', (value) => heard.push(value));
    cellar.subscribe('shed/door', () => heard.push('wrong'));
    const published = outcome(network, attic.publish('door', 'open', { qos: 1 }));
    expect(await published).toEqual({ subscribers: 1, lost: 0 });
    expect(heard).toEqual([['open', 'attic', 'door'], 'open']);
  });

  it('keeps one subscription of the node for many listeners, at the strictest quality', async () => {
    const { network, attic, cellar } = pair();
    const heard: string[] = [];
    const disposers = [
      cellar.subscribe('*/door', () => heard.push('a')),
      cellar.subscribe('*/door', () => heard.push('b'), { qos: 1 }),
      cellar.subscribe('*/door', () => heard.push('c')),
    ];
    disposers[1]?.();
    disposers[1]?.();
    await outcome(network, attic.publish('door', true));
    expect(heard).toEqual(['a', 'c']);
    disposers[0]?.();
    disposers[2]?.();
    expect(network.find('cellar')?.commands).toEqual([
      { kind: 'subscribe', pattern: '*/door', qos: 0 },
      { kind: 'subscribe', pattern: '*/door', qos: 1 },
      { kind: 'unsubscribe', pattern: '*/door' },
    ]);
  });

  it('are missed with a warning when the node has no room for the subscription', async () => {
    const { network, cellar } = pair();
    cellar.subscribe('*/door', () => undefined);
    network.find('cellar')?.tell({ kind: 'failed', command: 1, code: 'busy' });
    network.find('cellar')?.tell({ kind: 'failed', command: 2, code: 'cancelled' });
    await network.settle();
    expect(network.warnings).toEqual([
      'nothing will come for "*/door" (busy): dispose of another subscription first',
    ]);
  });

  it('keep coming when a listener throws, now or later', async () => {
    const { network, attic, cellar } = pair();
    const heard: Value[] = [];
    cellar.subscribe('*/door', () => {
      throw new Error('first');
    });
    cellar.subscribe('*/door', () => Promise.reject(new Error('second')));
    cellar.subscribe('*/door', (value) => heard.push(value));
    await outcome(network, attic.publish('door', 1));
    expect(heard).toEqual([1]);
    expect(network.warnings).toEqual([
      'a listener of "door" threw: first',
      'a listener of "door" threw: second',
    ]);
  });

  it('that are not CBOR are dropped with a warning', async () => {
    const { network, cellar } = pair();
    cellar.subscribe('*/door', () => expect.unreachable());
    const from = { id: '1', name: '' };
    network.find('cellar')?.tell({ kind: 'message', from, topic: 'door', body: new Uint8Array([0xff]) });
    await network.settle();
    expect(network.warnings).toEqual(['1/door was dropped: not one deterministic CBOR value']);
  });

  it.each([
    ['door', "did you mean '*/door'?"],
    ['*', "for example '*/door'"],
    ['', "for example '*/door'"],
    ['a*/door', "for example '*/door'"],
    ['*/', "for example '*/door'"],
    ['/door', "for example '*/door'"],
    ['*/do*r', "for example '*/door'"],
  ])('cannot be subscribed by the pattern "%s"', (pattern, advice) => {
    const { cellar } = pair();
    expect(() => cellar.subscribe(pattern, () => undefined)).toThrow(advice);
  });

  it('need a topic without a star', async () => {
    const { network, cellar } = pair();
    expect(await outcome(network, cellar.publish('*/door', 1))).toMatchObject({ code: 'misuse' });
  });
});

describe('peers', () => {
  it('are listed with their path and told when a fact changes', async () => {
    const { network, attic, cellar } = pair();
    const told: string[] = [];
    const dispose = attic.on('peer', (peer) => {
      told.push(`${peer.name} ${peer.status}`);
      throw new Error('listener broken');
    });
    await network.settle();
    expect(attic.peers()).toMatchObject([{ name: 'cellar', status: 'online', path: { kind: 'direct' } }]);
    const stopping = cellar.stop();
    await network.settle();
    await stopping;
    await network.settle();
    dispose();
    network.device('shed');
    await network.settle();
    expect(told).toEqual(['cellar online', 'cellar offline']);
    expect(network.warnings).toContain("a listener of 'peer' threw: listener broken");
  });

  it('are forgotten when there are too many, the ones that are gone first', async () => {
    const { network, attic } = pair();
    const shed = network.device('shed');
    for (const name of ['barn', 'porch']) network.device(name);
    await network.settle();
    expect(attic.peers().map((peer) => peer.name)).toEqual(['cellar', 'shed', 'barn', 'porch']);
    const stopping = shed.stop();
    await network.settle();
    await stopping;
    network.device('hall');
    await network.settle();
    expect(attic.peers().map((peer) => peer.name)).toEqual(['cellar', 'barn', 'porch', 'hall']);
  });

  it('answer a ping with the path', async () => {
    const { network, attic } = pair();
    expect(await outcome(network, attic.ping('cellar'))).toMatchObject({
      roundTripMs: 1,
      path: { kind: 'direct' },
    });
  });
});

describe('a fault of the node', () => {
  it('rejects what is under way and is told, or thrown when nobody listens', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('never', () => new Promise<Value>(() => undefined));
    const call = outcome(network, cellar.request('attic', 'never'));
    await network.settle();
    const fault = new DriverFault('a packet', new Error('invariant broken'));
    const faults: Error[] = [];
    const dispose = cellar.on('fault', (each) => faults.push(each));
    network.listeners.get('cellar')?.onFault(fault);
    expect(faults).toEqual([fault]);
    expect(await call).toMatchObject({
      code: 'stopped',
      message: expect.stringContaining('invariant broken'),
    });
    expect(await outcome(network, cellar.ping('attic'))).toMatchObject({ code: 'stopped' });
    dispose();
    expect(() => network.listeners.get('cellar')?.onFault(fault)).toThrow(fault);
    await cellar.stop();
  });
});

describe('notices of links and storage', () => {
  it('become warnings where a person should know', () => {
    const { network } = pair();
    const tell = network.listeners.get('attic');
    const info = {
      kind: 'udp',
      name: '',
      mtu: 1200,
      flow: 'datagram',
      cast: 'address',
      reliable: false,
    } as const;
    tell?.onNotice({ kind: 'linkUp', link: 1, info: { ...info, bitrate: 0 } });
    tell?.onNotice({ kind: 'sourceUp', address: '127.0.0.1:1' });
    expect(network.warnings).toEqual([]);
    const error = new ShimError('addressInUse', 'port 4747 is taken: choose another one');
    tell?.onNotice({ kind: 'linkDown', link: 1, reason: 'EADDRINUSE', error });
    tell?.onNotice({ kind: 'sourceDown', reason: 'gone', error: undefined });
    tell?.onNotice({ kind: 'linkNotice', link: 1, text: 'no multicast here' });
    tell?.onNotice({ kind: 'sourceNotice', text: 'full' });
    tell?.onNotice({ kind: 'storeFailed', key: 'boot', error: new Error('disk full') });
    expect(network.warnings).toEqual([
      'port 4747 is taken: choose another one',
      'a link is down: gone',
      'no multicast here',
      'full',
      '"boot" could not be stored and will be tried again: disk full',
    ]);
  });
});

describe('stop', () => {
  it('rejects what is under way, aborts what is being answered and refuses what comes after', async () => {
    const { network, attic, cellar } = pair();
    let isAborted = false;
    attic.serve('never', (_body, { signal }) => {
      signal.addEventListener('abort', () => {
        isAborted = true;
      });
      return new Promise<Value>(() => undefined);
    });
    const call = outcome(network, cellar.request('attic', 'never'));
    await network.settle();
    const stopping = Promise.all([cellar.stop(), cellar.stop(), attic.stop()]);
    await network.settle();
    await stopping;
    expect(await call).toMatchObject({ code: 'stopped' });
    expect(isAborted).toBe(true);
    expect(() => cellar.subscribe('*/door', () => undefined)).toThrow('the device "cellar" was stopped');
    expect(await outcome(network, cellar.ping('attic'))).toMatchObject({ code: 'stopped' });
  });
});
