import { describe, expect, it } from 'vitest';
import {
  boolean,
  type Device,
  defineService,
  FogError,
  number,
  optional,
  record,
  text,
  type Value,
} from '../src/index.js';
import { FakeNetwork } from './fake-network.js';

const climate = defineService({
  name: 'climate',
  requests: {
    temperature: { answer: number() },
    setTarget: {
      body: record({ celsius: number({ min: 5, max: 30 }), note: optional(text()) }),
      answer: boolean(),
      timeoutMs: 100,
    },
    reset: {},
  },
  topics: { measured: record({ celsius: number() }) },
});

function pair(): { network: FakeNetwork; greenhouse: Device; house: Device } {
  const network = new FakeNetwork();
  return { network, greenhouse: network.device('greenhouse'), house: network.device('house') };
}

async function outcome<T>(network: FakeNetwork, call: Promise<T>, advanceMs = 0): Promise<T | Error> {
  const caught = call.catch((error: Error) => error);
  await network.advance(advanceMs);
  return caught;
}

describe('a service', () => {
  it('gives types to both sides', async () => {
    const { network, greenhouse, house } = pair();
    let target = 0;
    climate.serve(greenhouse, {
      temperature: () => 21.5,
      setTarget: async ({ celsius, note }, { from }) => {
        target = celsius;
        return note === `from ${from.name}`;
      },
      reset: () => undefined,
    });
    const remote = climate.at(house, 'greenhouse');
    const degrees: Promise<number> = remote.request('temperature');
    expect(await outcome(network, degrees)).toBe(21.5);
    const call = remote.request('setTarget', { celsius: 19, note: 'from house' }, { timeoutMs: 50 });
    expect(await outcome(network, call)).toBe(true);
    expect(target).toBe(19);
    expect(await outcome(network, remote.request('reset'))).toBeUndefined();
    const deadlines = network
      .find('house')
      ?.commands.map((each) => each.kind === 'request' && each.deadlineMs);
    expect(deadlines).toEqual([5000, 50, 5000]);
  });

  it('checks a body where it is sent and where it arrives', async () => {
    const { network, greenhouse, house } = pair();
    climate.serve(greenhouse, { temperature: () => 1, setTarget: () => true, reset: () => undefined });
    const sent = climate.at(house, 'greenhouse').request('setTarget', { celsius: 99 });
    expect(await outcome(network, sent)).toMatchObject({
      code: 'valueInvalid',
      message: '"climate/setTarget" cannot be asked: celsius: expected a number from 5 to 30, got 99',
    });
    const arrived = house.request('greenhouse', 'climate/setTarget', { celsius: 99 });
    expect(await outcome(network, arrived)).toMatchObject({
      code: 'badRequest',
      message: expect.stringContaining('celsius: expected a number from 5 to 30, got 99'),
    });
  });

  it('checks an answer where it is given and where it arrives', async () => {
    const { network, greenhouse, house } = pair();
    const wrong = 'warm' as unknown as number;
    const dispose = climate.serve(greenhouse, {
      temperature: () => wrong,
      setTarget: () => true,
      reset: () => undefined,
    });
    const remote = climate.at(house, 'greenhouse');
    expect(await outcome(network, remote.request('temperature'))).toMatchObject({
      code: 'failed',
      message: expect.stringContaining('the answer is not as declared: expected a number, got "warm"'),
    });
    dispose();
    greenhouse.serve('climate/temperature', () => 'warm');
    expect(await outcome(network, remote.request('temperature'))).toMatchObject({
      code: 'valueInvalid',
      message: '"greenhouse" answered "climate/temperature" wrongly: expected a number, got "warm"',
    });
  });

  it('checks publications on both sides', async () => {
    const { network, greenhouse, house } = pair();
    const heard: number[] = [];
    climate.at(house, '*').subscribe('measured', ({ celsius }) => void heard.push(celsius), { qos: 1 });
    expect(await outcome(network, climate.publish(greenhouse, 'measured', { celsius: 20 }))).toEqual({
      subscribers: 1,
      lost: 0,
    });
    const wrong = { celsius: 'warm' } as unknown as { celsius: number };
    expect(await outcome(network, climate.publish(greenhouse, 'measured', wrong))).toBeInstanceOf(FogError);
    await outcome(network, greenhouse.publish('climate/measured', wrong as unknown as Value));
    expect(heard).toEqual([20]);
    expect(network.warnings).toEqual([
      'a listener of "climate/measured" threw: "greenhouse" published celsius: expected a number, got "warm"',
    ]);
  });

  it('refuses what it does not declare', async () => {
    const { network, greenhouse, house } = pair();
    const remote = climate.at(house, 'greenhouse');
    const request = remote.request as unknown as (name: string) => Promise<Value>;
    expect(await outcome(network, request('explode'))).toMatchObject({ code: 'misuse' });
    const subscribe = remote.subscribe as unknown as (topic: string) => void;
    expect(() => subscribe('explode')).toThrow('there is no topic "climate/explode"');
    const incomplete = { temperature: () => 1 } as unknown as Parameters<typeof climate.serve>[1];
    expect(() => climate.serve(greenhouse, incomplete)).toThrow('needs a responder for "setTarget"');
    expect(() => defineService({ name: '*' })).toThrow(FogError);
  });
});
