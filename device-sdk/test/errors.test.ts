import { Status } from '@fogwisp/protocol';
import { describe, expect, it } from 'vitest';
import { failureOf, messageOf, refusalOf, type Subject } from '../src/errors.js';
import { FogError, RequestError } from '../src/index.js';

const load: Subject = { what: 'request', target: 'attic', path: 'load', timeoutMs: 2500 };
const door: Subject = { what: 'publish', target: 'door', path: '', timeoutMs: 0 };

describe('a failure says what is wrong and what to do', () => {
  it.each([
    ['timeout', '"attic" did not answer "load" within 2500 ms: is it busy or asleep? Give more timeoutMs'],
    ['unknownPeer', 'nobody called "attic" has been seen within 2500 ms; peers seen: barn, cellar'],
    ['unreachable', '"attic" is known, but no path to it works now: look at device.peers() for the reason'],
    ['cancelled', '"load" to "attic" was cancelled'],
    ['tooLarge', '"load" to "attic" is larger than a message may be: send it in parts'],
    ['busy', 'too much waits to be sent to "attic": wait for earlier calls first'],
  ] as const)('%s', (code, message) => {
    const error = failureOf(code, load, ['cellar', 'barn']);
    expect([error.code, error.peer, error.message]).toEqual([code, 'attic', message]);
  });

  it('names the relay that forwards no more, and when to try again', () => {
    const refusal = { relay: { id: 'ab', name: 'shed' }, retryMs: 1000 };
    const error = failureOf('relayBusy', load, [], { refusal });
    expect(error.message).toBe(
      '"shed", which is on the way, forwards no more to "attic" now: try again in 1 s, or send less',
    );
    expect(error.refusal).toEqual(refusal);
  });

  it('of a publication too', () => {
    expect(failureOf('tooLarge', door, []).message).toBe(
      '"door" is larger than a message may be: send it in parts',
    );
    expect(failureOf('busy', door, []).message).toContain('too much waits to be sent for "door"');
    expect(failureOf('busy', door, []).peer).toBeUndefined();
  });

  it.each([
    [Status.notFound, 'notFound', `"attic" does not serve "load": call device.serve('load', ...) there`],
    [Status.refused, 'refused', '"attic" refused "load": not now'],
    [Status.badRequest, 'badRequest', '"attic" cannot use what "load" was asked with: not now'],
    [Status.failed, 'failed', '"load" failed on "attic": not now'],
    [Status.tooLarge, 'tooLarge', 'the answer of "attic" to "load" does not fit one message: not now'],
    [Status.busy, 'busy', '"attic" is too busy for "load": try again later'],
  ] as const)('status %d', (status, code, message) => {
    const error = refusalOf(status, 'not now', load);
    expect([error.code, error.peer, error.message]).toEqual([code, 'attic', message]);
  });

  it('status of a newer peer', () => {
    const unknown = 99 as Status;
    expect(refusalOf(unknown, '', load)).toMatchObject({
      code: 'failed',
      message: '"load" failed on "attic"',
    });
  });
});

describe('the error classes', () => {
  it('are errors with a name, a code and a cause', () => {
    const cause = new Error('disk full');
    const error = new FogError('stateUnusable', 'no room', { cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, error.cause]).toEqual(['FogError', 'stateUnusable', cause]);
    expect('cause' in new FogError('stopped', 'gone')).toBe(false);
    expect(new RequestError('busy', 'later')).toMatchObject({ name: 'RequestError', code: 'busy' });
    expect([messageOf(cause), messageOf('text'), messageOf(undefined)]).toEqual([
      'disk full',
      'text',
      'undefined',
    ]);
  });
});
