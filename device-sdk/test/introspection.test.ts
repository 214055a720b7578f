import { describe, expect, it } from 'vitest';
import type { Value } from '../src/index.js';
import { FakeNetwork } from './fake-network.js';

describe('a device tells about itself', () => {
  it('lists what it serves and what it publishes, by itself', async () => {
    const network = new FakeNetwork();
    const attic = network.device('attic');
    const cellar = network.device('cellar');
    attic.serve('load', () => 1);
    const dispose = attic.serve('door', () => 'open');
    void attic.publish('temperature', 20);
    void attic.publish('load', 1);
    void attic.publish('load', 2);
    await network.advance(0);
    const asked = Promise.all([cellar.request('attic', '$services'), cellar.request('attic', '$topics')]);
    await network.advance(0);
    expect(await asked).toEqual([
      ['door', 'load'],
      ['load', 'temperature'],
    ]);
    dispose();
    const again = cellar.request('attic', '$services');
    await network.advance(0);
    expect(await again).toEqual(['load']);
  });

  it('publishes the list of its topics whenever one is new', async () => {
    const network = new FakeNetwork();
    const attic = network.device('attic');
    const cellar = network.device('cellar');
    const lists: Value[] = [];
    cellar.subscribe('*/$topics', (topics) => {
      lists.push(topics);
    });
    await network.advance(0);
    for (const topic of ['load', 'load', 'door']) void attic.publish(topic, 1);
    await network.advance(0);
    expect(lists).toEqual([['load'], ['door', 'load']]);
  });

  it('keeps these names to itself', async () => {
    const attic = new FakeNetwork().device('attic');
    expect(() => attic.serve('$services', () => 1)).toThrow(`start with "$" are the device's own`);
    await expect(attic.publish('$topics', 1)).rejects.toMatchObject({ code: 'misuse' });
  });
});
