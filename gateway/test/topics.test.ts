import { Decoder } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandsIn } from '../src/bridge/commands.js';
import { fromJson, type Json, parseJson, toJson } from '../src/bridge/json.js';
import { loadRawEncoder } from '../src/bridge/raw.js';
import { PeerStates } from '../src/bridge/states.js';
import { Topics, topicLevelOf } from '../src/bridge/topics.js';

const topics = new Topics('fog');

describe('topics', () => {
  it('are those of zigbee2mqtt', () => {
    expect(topics.state('attic')).toBe('fog/attic');
    expect(topics.availability('attic')).toBe('fog/attic/availability');
    expect(topics.bridgeState).toBe('fog/bridge/state');
  });

  it('are read back as commands', () => {
    expect(topics.commandOf('fog/attic/set')).toEqual({ name: 'attic', verb: 'set', path: undefined });
    expect(topics.commandOf('fog/attic/get/door/front')).toEqual({
      name: 'attic',
      verb: 'get',
      path: 'door/front',
    });
    for (const topic of [
      'fog/attic',
      'fog/bridge/set',
      'fog/raw/set',
      'other/attic/set',
      'fog//set',
      'fog/attic/say',
    ]) {
      expect(topics.commandOf(topic)).toBeUndefined();
    }
  });

  it('keep peers with reserved or missing names apart', () => {
    const id = '0123456789abcdef0123456789abcdef';
    expect(topicLevelOf({ id, name: 'bridge' })).toBe('bridge~0123');
    expect(topicLevelOf({ id, name: '' })).toBe('0123456789abcdef');
  });
});

describe('the states of peers', () => {
  const attic = { id: 'a'.repeat(32), name: 'attic' };

  it('merge values into one document', () => {
    const states = new PeerStates();
    states.set(attic, 'load', 0.3);
    expect(states.set(attic, 'door', 'open')).toBe('{"load":0.3,"door":"open"}');
    expect(states.set(attic, '__proto__', 1)).toBe('{"load":0.3,"door":"open","__proto__":1}');
  });

  it('give a second peer of one name a level of its own', () => {
    const states = new PeerStates();
    states.set(attic, 'load', 1);
    const other = { id: 'b'.repeat(32), name: 'attic' };
    states.set(other, 'load', 2);
    expect(states.levelOf(other)).toBe('attic~bbbb');
    expect(states.idOf('attic~bbbb')).toBe(other.id);
  });

  it('follow a name that becomes known', () => {
    const states = new PeerStates();
    states.set({ id: attic.id, name: '' }, 'load', 1);
    expect(states.rename(attic)).toBe('aaaaaaaaaaaaaaaa');
    expect(states.rename(attic)).toBeUndefined();
    expect(states.levelOf(attic)).toBe('attic');
  });
});

describe('commands', () => {
  const set = { name: 'bench', verb: 'set', path: undefined } as const;

  it('ask each path with its value', () => {
    expect(commandsIn(set, '{"led":true,"level":3,"transaction":"x1"}')).toEqual({
      ok: true,
      commands: [
        { path: 'led', body: true, transaction: 'x1' },
        { path: 'level', body: 3, transaction: 'x1' },
      ],
    });
    const get = { ...set, verb: 'get' } as const;
    expect(commandsIn(get, '{"load":""}')).toEqual({
      ok: true,
      commands: [{ path: 'load', body: undefined, transaction: undefined }],
    });
  });

  it('take the path from the topic', () => {
    const commands = [{ path: 'led', body: true, transaction: undefined }];
    expect(commandsIn({ ...set, path: 'led' }, 'true')).toEqual({ ok: true, commands });
  });

  it('say what is wrong with a payload', () => {
    expect(commandsIn(set, 'ON')).toEqual({ ok: false, problem: 'not JSON: ON' });
    expect(commandsIn(set, '[1]')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('needs a JSON object'),
    });
    expect(commandsIn(set, '{}')).toMatchObject({
      ok: false,
      problem: expect.stringContaining('1 to 8 paths'),
    });
  });
});

describe('JSON and the values of the mesh', () => {
  it('are the same both ways', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = value as Json; // fast-check gives nothing but JSON
        expect(JSON.stringify(toJson(fromJson(json)))).toBe(JSON.stringify(json));
      }),
    );
  });

  it('carry bytes as base64', () => {
    expect(toJson(new Uint8Array([1, 2, 255]))).toEqual({ base64: 'AQL/' });
    expect(fromJson({ base64: 'AQL/' })).toEqual(new Uint8Array([1, 2, 255]));
    expect(fromJson({ base64: 'AQL/', more: 1 })).toEqual({ base64: 'AQL/', more: 1 });
  });

  it('have no word for what JSON cannot say', () => {
    expect([toJson(Number.NaN), toJson(undefined), parseJson('{')]).toEqual([null, null, undefined]);
  });
});

describe('raw CBOR', () => {
  it('is read by an independent decoder', async () => {
    const encode = await loadRawEncoder();
    const decoder = new Decoder({ mapsAsObjects: true, useRecords: false });
    expect(decoder.decode(encode('load', 0.5))).toEqual(['load', 0.5]);
    expect(decoder.decode(encode('all', { a: [1, true, null], b: 'x' }))).toEqual([
      'all',
      { a: [1, true, null], b: 'x' },
    ]);
    expect([...encode('b', new Uint8Array([7]))]).toEqual([0x82, 0x61, 0x62, 0x41, 0x07]);
  });
});
