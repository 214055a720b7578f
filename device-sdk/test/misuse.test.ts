import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, Device } from '../src/index.js';

let device: Device;

beforeAll(async () => {
  device = await Device.start({ name: 'attic', network: createNetwork(), links: [], stateDirectory: false });
});

afterAll(() => device.stop());

/** As a program without a compiler calls it. */
function call(method: string, ...words: readonly unknown[]): Promise<unknown> {
  const calls = device as unknown as Record<string, (...words: readonly unknown[]) => unknown>;
  return Promise.resolve()
    .then(() => calls[method]?.(...words))
    .catch((thrown: unknown) => thrown);
}

describe('a call that can never work is refused, and the device goes on', () => {
  it.each([
    ['request', [undefined, 'load'], 'request(peer, ...) needs the name or the id of a peer, not undefined'],
    ['request', [5, 'load'], 'not 5'],
    ['request', ['cellar'], 'needs a name without'],
    ['request', ['cellar', 7], 'needs a name without'],
    ['ping', [{ name: 'cellar' }], 'ping(peer, ...) needs the name or the id'],
    ['ping', ['cellar', { timeoutMs: -1 }], 'timeoutMs is -1'],
    ['publish', [undefined, 1], 'needs a name without'],
    ['publish', ['load', 1, { qos: 2 }], 'qos is 2: give 0 or 1'],
    ['subscribe', [undefined, () => undefined], 'needs a text such as'],
    ['subscribe', ['*/load'], 'subscribe() needs a function, not undefined'],
    ['subscribe', ['*/load', () => undefined, { qos: '1' }], 'qos is 1: give 0 or 1'],
    ['serve', ['load', 5], 'serve() needs a function, not 5'],
    ['serve', [undefined, () => undefined], 'needs a name without'],
    ['on', ['peers', () => undefined], "on('peers', ...): there is no such event: one of peer, "],
    ['on', ['peer'], 'on() needs a function'],
  ])('%s %j', async (method, words, message) => {
    expect(await call(method, ...words)).toMatchObject({
      code: 'misuse',
      message: expect.stringContaining(message),
    });
    expect(await call('ping', 'nobody', { timeoutMs: 1 })).toMatchObject({ code: 'unknownPeer' });
  });
});
