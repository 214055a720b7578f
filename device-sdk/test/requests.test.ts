import { describe, expect, it } from 'vitest';
import { FogError, RequestError, type Value } from '../src/index.js';
import { FakeNetwork, outcome, pair } from './fake-network.js';

describe('requests', () => {
  it('carries a value there and an answer back, and says who asked', async () => {
    const { network, attic, cellar } = pair();
    attic.serve(
      'add',
      (body, { from, path }) => [body as Value as number[], from.name, path].flat() as Value,
    );
    expect(await outcome(network, cellar.request('attic', 'add', [1, 2]))).toEqual([1, 2, 'cellar', 'add']);
    expect(await outcome(network, cellar.request(attic.id, 'add', [3]))).toEqual([3, 'cellar', 'add']);
  });

  it('carries nothing as nothing', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('reset', (body) => {
      expect(body).toBeUndefined();
    });
    expect(await outcome(network, cellar.request('attic', 'reset'))).toBeUndefined();
  });

  it('waits for a responder that answers later', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('slow', async () => {
      await Promise.resolve();
      return 'done';
    });
    expect(await outcome(network, cellar.request('attic', 'slow'))).toBe('done');
  });

  it('tells the asker what the responder threw', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('broken', () => {
      throw new Error('sensor unplugged');
    });
    expect(await outcome(network, cellar.request('attic', 'broken'))).toMatchObject({
      code: 'failed',
      peer: 'attic',
      message: '"broken" failed on "attic": sensor unplugged',
    });
  });

  it.each(['notFound', 'refused', 'badRequest', 'failed', 'tooLarge', 'busy'] as const)(
    'lets the responder choose the status %s',
    async (code) => {
      const { network, attic, cellar } = pair();
      attic.serve('door', () => Promise.reject(new RequestError(code, 'not at night')));
      expect(await outcome(network, cellar.request('attic', 'door'))).toMatchObject({ code });
    },
  );

  it('says how to serve what is not served', async () => {
    const { network, cellar } = pair();
    expect(await outcome(network, cellar.request('attic', 'load'))).toMatchObject({
      code: 'notFound',
      message: `"attic" does not serve "load": call device.serve('load', ...) there`,
    });
  });

  it('says whom it sees when nobody of that name comes', async () => {
    const { network, cellar } = pair();
    network.device('greenhouse');
    expect(await outcome(network, cellar.request('shed', 'load'), 5000)).toMatchObject({
      code: 'unknownPeer',
      message: 'nobody called "shed" has been seen within 5 s; peers seen: attic, greenhouse',
    });
  });

  it('says what to check when nobody at all is seen', async () => {
    const network = new FakeNetwork();
    const alone = network.device('alone');
    const error = await outcome(network, alone.ping('shed', { timeoutMs: 1500 }), 1500);
    expect(error).toMatchObject({ code: 'unknownPeer' });
    expect((error as FogError).message).toContain('within 1500 ms; no peer at all has been seen');
  });

  it('times out when a known peer does not answer', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('never', () => new Promise<Value>(() => undefined));
    expect(
      await outcome(network, cellar.request('attic', 'never', 1, { timeoutMs: 200 }), 200),
    ).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('"attic" did not answer "never" within 200 ms'),
    });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a timeout of %d ms', async (timeoutMs) => {
    const { network, cellar } = pair();
    const call = cellar.request('attic', 'load', 1, { timeoutMs });
    expect(await outcome(network, call)).toMatchObject({ code: 'misuse' });
  });

  it('cancels by a signal, before and during', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('never', () => new Promise<Value>(() => undefined));
    const before = cellar.request('attic', 'never', 1, { signal: AbortSignal.abort() });
    expect(await outcome(network, before)).toMatchObject({ code: 'cancelled' });
    const abort = new AbortController();
    const during = cellar.request('attic', 'never', 1, { signal: abort.signal });
    abort.abort();
    expect(await outcome(network, during)).toMatchObject({ code: 'cancelled' });
    expect(network.find('cellar')?.commands.map((command) => command.kind)).toEqual(['request', 'cancel']);
  });

  it('aborts the signal of a responder whose asker gave up, and does not answer', async () => {
    const { network, attic, cellar } = pair();
    let isAborted = false;
    attic.serve('slow', (_body, { signal }) => {
      return new Promise<Value>((resolve) => {
        signal.addEventListener('abort', () => {
          isAborted = true;
          resolve('too late');
        });
      });
    });
    void cellar.request('attic', 'slow').catch(() => undefined);
    await network.settle();
    network.find('attic')?.tell({ kind: 'requestCancelled', request: 1 });
    await network.settle();
    expect(isAborted).toBe(true);
    expect(network.find('attic')?.commands).toEqual([]);
  });

  it('refuses what does not fit a message, on both sides', async () => {
    const { network, attic, cellar } = pair();
    attic.serve('image', () => new Uint8Array(70_000));
    expect(await outcome(network, cellar.request('attic', 'image', new Uint8Array(70_000)))).toMatchObject({
      code: 'tooLarge',
      message: expect.stringMatching(/^the body of "image" is \d+ bytes, a message may carry 65536/),
    });
    expect(await outcome(network, cellar.request('attic', 'image'))).toMatchObject({
      code: 'tooLarge',
      message: expect.stringContaining('the answer of "attic" to "image" does not fit one message'),
    });
  });

  it('refuses what cannot be encoded', async () => {
    const { network, cellar } = pair();
    const wrong = (() => undefined) as unknown as Value;
    expect(await outcome(network, cellar.request('attic', 'load', wrong))).toMatchObject({
      code: 'valueInvalid',
    });
  });

  it('answers a body that is not CBOR with badRequest', async () => {
    const { network, attic } = pair();
    attic.serve('load', () => 1);
    const from = { id: '2', name: 'cellar' };
    network
      .find('attic')
      ?.tell({ kind: 'request', request: 9, from, path: 'load', body: new Uint8Array([0xff]) });
    await network.settle();
    expect(network.find('attic')?.commands).toMatchObject([{ kind: 'respond', request: 9, status: 3 }]);
  });

  it('serves each path once, and again after its disposer', async () => {
    const { network, attic, cellar } = pair();
    const dispose = attic.serve('load', () => 1);
    expect(() => attic.serve('load', () => 2)).toThrow('"load" is served already');
    dispose();
    attic.serve('load', () => 2);
    dispose();
    expect(await outcome(network, cellar.request('attic', 'load'))).toBe(2);
    expect(() => attic.serve('', () => 2)).toThrow(FogError);
  });
});
