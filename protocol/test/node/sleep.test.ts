import { encodeValue, type NodeEvent, type PeerReport } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { Network } from './network.js';

const HEARTH = '203.0.113.1:4747';
const SLEEPER = '198.51.100.7:4747';

/** A hearth that is awake, and a sensor that knows where it is. */
class Home {
  readonly net = new Network(11);
  readonly hearth: Host;
  readonly sensor: Host;
  /** Packets to the sensor. */
  sent = 0;

  constructor() {
    const internet = this.net.world.addMedium({ ...PROFILES.udp, loss: 0 });
    this.hearth = this.net.add('hearth', { willingness: 0 });
    const onBoot = (host: Host): void => void host.command({ kind: 'connect', link: 1, address: HEARTH });
    const onEvent = (event: NodeEvent, host: Host): void => {
      if (event.kind === 'stopped') host.crash('new');
    };
    this.sensor = this.net.add('sensor', { willingness: 0, onBoot, onEvent });
    this.net.world.attach(this.hearth, internet, { address: HEARTH });
    this.net.world.attach(this.sensor, internet, { address: SLEEPER });
    this.net.world.tap = ({ fate, address }) => {
      if (fate === 'sent' && address === SLEEPER) this.sent++;
    };
    this.net.world.runFor(10_000);
  }

  /** Says so, and then the power of everything but its clock is off. */
  sleep(sleepMs: number | undefined): void {
    this.sensor.command({ kind: 'stop', sleepMs });
    this.net.world.runFor(200);
    this.sent = 0;
  }

  report(): PeerReport | undefined {
    const peers = this.hearth.eventsOf('peer').filter(({ peer }) => peer.name === 'sensor');
    return peers.at(-1)?.peer;
  }

  ask(deadlineMs: number): number {
    const body = encodeValue('how warm?');
    return this.hearth.command({ kind: 'request', to: 'sensor', path: 'echo', body, deadlineMs });
  }

  endOf(command: number): NodeEvent | undefined {
    return this.hearth.events.find(
      (event) => (event.kind === 'response' || event.kind === 'failed') && event.command === command,
    );
  }
}

describe('a peer that sleeps (SPEC §9.5)', () => {
  it('is asleep until it is due, and gets no packet meanwhile', () => {
    const home = new Home();
    expect(home.report()?.status).toBe('online');
    const { now } = home.net.world;
    home.sleep(600_000);
    expect(home.report()).toMatchObject({ status: 'asleep' });
    expect(Math.abs((home.report()?.dueAt ?? 0) - (now + 600_000))).toBeLessThan(1000);
    home.net.world.runFor(599_000);
    expect(home.report()?.status).toBe('asleep');
    expect(home.sent).toBe(0);
    home.sensor.start();
    home.net.world.runFor(3000);
    expect(home.report()).toMatchObject({ status: 'online' });
    expect(home.report()?.dueAt).toBeUndefined();
  });

  it('is offline when it does not come, a little later', () => {
    const home = new Home();
    home.sleep(80_000);
    home.net.world.runFor(80_000 + 30_000 + 10_000 - 1000);
    expect(home.report()?.status).toBe('asleep');
    home.net.world.runFor(2000);
    expect(home.report()).toMatchObject({ status: 'offline' });
    expect(home.report()?.dueAt).toBeUndefined();
  });

  it('is offline at once when it only says goodbye: the control', () => {
    const home = new Home();
    home.sleep(undefined);
    expect(home.report()?.status).toBe('offline');
  });

  it('is waited for by requests that may, and the others end at once', () => {
    const home = new Home();
    home.sleep(60_000);
    const patient = home.ask(120_000);
    const hasty = home.ask(10_000);
    home.net.world.runFor(100);
    expect(home.endOf(hasty)).toMatchObject({ kind: 'failed', code: 'asleep' });
    home.net.world.runFor(59_000);
    expect(home.endOf(patient)).toBeUndefined();
    expect(home.sent).toBe(0);
    home.sensor.start();
    home.net.world.runFor(5000);
    expect(home.endOf(patient)).toMatchObject({ kind: 'response', status: 0 });
  });

  it('that said nothing of a next sleep is offline after the next goodbye', () => {
    const home = new Home();
    home.sleep(60_000);
    home.net.world.runFor(60_000);
    home.sensor.start();
    home.net.world.runFor(5000);
    home.sleep(undefined);
    expect(home.report()?.status).toBe('offline');
  });
});
