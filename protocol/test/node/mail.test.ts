import { encodeValue, type NodeEvent } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const KEEPERS = ['203.0.113.1:4747', '203.0.113.2:4747'];

/** Two nodes that are always there, and two that sleep and know where those are. */
class Farm {
  readonly net = new Network(23);
  readonly keepers: readonly Host[];
  readonly pump: Host;
  readonly meter: Host;
  /** Serials that came out of the pump, in all of its lives. */
  readonly heard: string[] = [];

  constructor(willingness = 7) {
    const internet = this.net.world.addMedium({ ...PROFILES.udp, loss: 0 });
    this.keepers = ['east', 'west'].map((name) => this.net.add(name, { willingness }));
    this.pump = this.#sleeper('pump', { kind: 'subscribe', pattern: 'meter/level', qos: 1 });
    this.meter = this.#sleeper('meter', undefined);
    for (const [i, host] of this.keepers.entries()) {
      this.net.world.attach(host, internet, { address: KEEPERS[i] ?? '' });
    }
    this.net.world.attach(this.pump, internet, { address: '198.51.100.7:4747' });
    this.net.world.attach(this.meter, internet, { address: '198.51.100.8:4747' });
    this.keepers[0]?.command({ kind: 'connect', link: 1, address: KEEPERS[1] ?? '' });
    this.net.world.runFor(30_000);
  }

  #sleeper(name: string, first: Parameters<Host['command']>[0] | undefined): Host {
    const onBoot = (host: Host): void => {
      for (const address of KEEPERS) host.command({ kind: 'connect', link: 1, address });
      if (first !== undefined) host.command(first);
    };
    const onEvent = (event: NodeEvent, host: Host): void => {
      if (event.kind === 'stopped') host.crash('new');
      if (event.kind === 'message') this.heard.push(new TextDecoder().decode(event.body.subarray(1)));
    };
    return this.net.add(name, { willingness: 0, onBoot, onEvent });
  }

  sleep(host: Host, sleepMs = 600_000): void {
    host.command({ kind: 'stop', sleepMs });
    this.net.world.runFor(1000);
  }

  publish(text: string): void {
    this.meter.command({ kind: 'publish', topic: 'level', body: encodeValue(text), qos: 1 });
  }
}

describe('mail for those who sleep (SPEC §8.12)', () => {
  it('comes when the sender sleeps as well', () => {
    const farm = new Farm();
    farm.sleep(farm.pump);
    farm.publish('high');
    farm.net.world.runFor(5000);
    expect(farm.meter.eventsOf('mail')).toMatchObject([{ state: 'kept', to: { name: 'pump' } }]);
    expect(farm.meter.eventsOf('published')).toMatchObject([{ subscribers: 1, lost: 0, kept: 1 }]);
    farm.sleep(farm.meter);
    farm.net.world.runFor(300_000);
    farm.pump.start();
    farm.net.world.runFor(10_000);
    expect(farm.heard).toEqual(['high']);
  });

  it('comes when the sender slept before, and forgot all but its store', () => {
    const farm = new Farm();
    farm.sleep(farm.pump);
    farm.sleep(farm.meter);
    farm.net.world.runFor(100_000);
    farm.meter.start();
    farm.net.world.runFor(5000);
    farm.publish('low');
    farm.net.world.runFor(10_000);
    farm.sleep(farm.meter);
    farm.pump.start();
    farm.net.world.runFor(10_000);
    expect(farm.heard).toEqual(['low']);
  });

  it('is kept by nobody who is not willing: the control', () => {
    const farm = new Farm(0);
    farm.sleep(farm.pump);
    farm.publish('high');
    farm.net.world.runFor(60_000);
    expect(farm.meter.eventsOf('published')).toMatchObject([{ subscribers: 0, lost: 0 }]);
    farm.sleep(farm.meter);
    farm.pump.start();
    farm.net.world.runFor(10_000);
    expect(farm.heard).toEqual([]);
  });

  it('comes when one of the keepers is lost, and once when both have it and the sender is there too', () => {
    const farm = new Farm();
    farm.sleep(farm.pump);
    farm.publish('high');
    farm.publish('higher');
    farm.net.world.runFor(5000);
    expect(farm.meter.eventsOf('mail')).toMatchObject([{ keepers: 2 }, { keepers: 2 }]);
    farm.keepers[0]?.crash('new');
    farm.pump.start();
    farm.net.world.runFor(40_000);
    expect(farm.heard).toEqual(['high', 'higher']);
    const ends = farm.meter.eventsOf('mail').filter(({ state }) => state === 'delivered');
    expect(ends.map(({ topic }) => topic)).toEqual(['level', 'level']);
    farm.keepers[0]?.start();
    farm.sleep(farm.pump);
    farm.net.world.runFor(30_000);
    farm.pump.start();
    farm.net.world.runFor(40_000);
    expect(farm.heard).toEqual(['high', 'higher']);
  });

  it('is not given again by a publisher that keeps the last value, in many sleeps', () => {
    const farm = new Farm();
    for (let i = 0; i < 6; i++) {
      farm.sleep(farm.pump, 60_000);
      farm.publish(`${i}`);
      farm.net.world.runFor(50_000);
      farm.pump.start();
      farm.net.world.runFor(15_000);
    }
    expect(farm.heard).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(farm.meter.eventsOf('published').every(({ lost }) => lost === 0)).toBe(true);
  });

  it('is lost, and said to be, when a sender has more than its share', () => {
    const farm = new Farm();
    farm.sleep(farm.pump);
    for (let i = 0; i < 12; i++) farm.publish(`${i}`);
    farm.net.world.runFor(10_000);
    const lost = farm.meter.eventsOf('mail').filter(({ state }) => state === 'lost');
    expect(lost.map(({ reason }) => reason)).toEqual(['share', 'share', 'share', 'share']);
    farm.pump.start();
    farm.net.world.runFor(10_000);
    // The last value of a topic comes from its publisher, as it was not acknowledged.
    expect(farm.heard.map(Number).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 11]);
    const told = farm.meter.eventsOf('published').map((event) => event.lost + (event.kept ?? 0));
    expect(told).toEqual(Array.from({ length: 12 }, () => 1));
  });

  it('comes after hours, when tickets and keys are others', () => {
    const farm = new Farm();
    farm.sleep(farm.pump, 30 * 3_600_000);
    farm.publish('high');
    farm.net.world.runFor(10_000);
    farm.sleep(farm.meter, 40 * 3_600_000);
    farm.net.world.runFor(29 * 3_600_000);
    farm.pump.start();
    farm.net.world.runFor(10_000);
    expect(farm.heard).toEqual(['high']);
  });
});
