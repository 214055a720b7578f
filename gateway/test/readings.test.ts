import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Reading, Readings } from '../src/readings.js';
import { FakeError, FakeMesh, idOf } from './fake-mesh.js';

function setUp(): { mesh: FakeMesh; readings: Readings; heard: Reading[]; troubles: string[] } {
  const mesh = new FakeMesh();
  const heard: Reading[] = [];
  const troubles: string[] = [];
  const readings = new Readings({
    mesh,
    onReading: (reading) => heard.push(reading),
    onTrouble: (trouble) => troubles.push(trouble),
  });
  return { mesh, readings, heard, troubles };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

afterEach(() => {
  vi.useRealTimers();
});

describe('readings', () => {
  it('are those that a peer says it publishes', async () => {
    vi.useFakeTimers();
    const { mesh, readings, heard } = setUp();
    mesh.answer('attic', '$topics', () => ['load', 'temperature']);
    mesh.tell('attic');
    readings.start();
    await settle();
    mesh.say('attic', 'load', 0.3);
    mesh.say('attic', 'other', 1);
    expect(heard).toEqual([{ peer: { id: idOf('attic'), name: 'attic' }, topic: 'load', value: 0.3 }]);
    readings.stop();
    expect(mesh.patterns.size).toBe(0);
  });

  it('include a topic that is new, and leave out one that is gone', async () => {
    vi.useFakeTimers();
    const { mesh, readings, heard } = setUp();
    mesh.answer('attic', '$topics', () => ['load']);
    readings.start();
    mesh.tell('attic');
    await settle();
    mesh.say('attic', '$topics', ['door']);
    mesh.say('attic', 'door', 'open');
    mesh.say('attic', 'load', 1);
    expect(heard.map((each) => each.topic)).toEqual(['door']);
    readings.stop();
  });

  it('are asked for again by a peer that does not answer, and by one that came back', async () => {
    vi.useFakeTimers();
    const { mesh, readings } = setUp();
    let asked = 0;
    mesh.answer('attic', '$topics', () => {
      asked++;
      if (asked < 3) throw new FakeError('timeout');
      return ['load'];
    });
    readings.start();
    mesh.tell('attic');
    await vi.advanceTimersByTimeAsync(3000);
    expect(mesh.patterns.has(`${idOf('attic')}/load`)).toBe(true);
    mesh.tell('attic', { status: 'offline' });
    mesh.tell('attic');
    await settle();
    expect(asked).toBe(4);
    readings.stop();
  });

  it('are not asked for again of a peer that has no such path', async () => {
    vi.useFakeTimers();
    const { mesh, readings } = setUp();
    readings.start();
    mesh.tell('attic');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(mesh.asked).toHaveLength(1);
    readings.stop();
  });

  it('are bounded, and not led astray by what a peer says', async () => {
    vi.useFakeTimers();
    const { mesh, readings, troubles } = setUp();
    readings.start();
    mesh.answer('attic', '$topics', () => ['*', '', '$x', 7, null, 'ok']);
    mesh.tell('attic');
    await settle();
    expect([...mesh.patterns.keys()]).toEqual(['*/$topics', `${idOf('attic')}/ok`]);
    mesh.say(
      'attic',
      '$topics',
      Array.from({ length: 500 }, (_, at) => `t${at}`),
    );
    expect(mesh.patterns.size).toBe(61);
    expect(troubles).toEqual(['attic publishes 500 topics; only 60 are read']);
    readings.stop();
  });
});
