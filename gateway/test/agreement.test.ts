import { describe, expect, it } from 'vitest';
import { Agreement, BROKER_AWAY_MS_MAX, MEET_MS_MAX, SETTLE_MS, SILENT_MS } from '../src/bridge/agreement.js';
import { Ledger, UNPROVEN_MS_MAX } from '../src/bridge/ledger.js';
import { Rendezvous } from '../src/bridge/rendezvous.js';
import { idOf } from './fake-mesh.js';

const DEVICES = Array.from({ length: 40 }, (_, at) => idOf(`device${at}`));
const short = (id: string) => id.substring(0, 16);

/** Gateways that tell each other everything at once, each 250 ms, unless a test keeps them from it. */
class House {
  now = 0;
  readonly gateways = new Map<string, Agreement>();
  readonly dead = new Set<string>();
  readonly deaf = new Set<string>();

  add(name: string): Agreement {
    const id = idOf(name);
    const agreement = new Agreement(id, this.now);
    for (const [other, each] of this.gateways) {
      each.onAnnounced(id, true);
      agreement.onAnnounced(other, true);
    }
    agreement.onBroker(this.now, true);
    for (const device of DEVICES) agreement.setHeard(device, true);
    this.gateways.set(id, agreement);
    return agreement;
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 250) {
      for (const [from, beat] of this.gateways) {
        if (this.dead.has(from)) continue;
        for (const [to, each] of this.gateways) {
          if (to === from || this.deaf.has(to)) continue;
          const doesSeeUs = beat.isAlive(this.now, to);
          each.onHears(from, { life: 1, devices: new Set(beat.heard.map(short)) });
          each.onBeat(this.now, from, { life: 1, brokerMs: beat.brokerMs(this.now), doesSeeUs });
        }
      }
      for (const [id, each] of this.gateways) {
        if (this.dead.has(id)) continue;
        for (const device of DEVICES) each.standing(this.now, device); // a reading of each
        each.handleTick(this.now);
      }
    }
  }

  /** How many gateways would publish a reading of each device. */
  speakers(): number[] {
    const living = [...this.gateways].filter(([id]) => !this.dead.has(id)).map(([, each]) => each);
    return DEVICES.map(
      (device) => living.filter((each) => each.standing(this.now, device) === 'ours').length,
    );
  }
}

const ONE_EACH = DEVICES.map(() => 1);

describe('gateways on one broker', () => {
  it('speak for each device once, whatever their number, and share the work', () => {
    const house = new House();
    for (const name of ['hearth', 'lantern', 'porch']) house.add(name);
    house.run(6000);
    expect(house.speakers()).toEqual(ONE_EACH);
    for (const [id, each] of house.gateways) {
      const count = DEVICES.filter((device) => each.winnerOf(house.now, device) === id).length;
      expect(count).toBeGreaterThan(4);
    }
  });

  it('never speak twice while one joins, and once when it has', () => {
    const house = new House();
    house.add('hearth');
    house.run(3000);
    expect(house.speakers()).toEqual(ONE_EACH);
    house.add('lantern');
    for (let at = 0; at < 40; at++) {
      house.run(250);
      expect(Math.max(...house.speakers())).toBe(1);
    }
    expect(house.speakers()).toEqual(ONE_EACH);
  });

  it('never speak twice while only one of two hears the other', () => {
    const house = new House();
    house.add('hearth');
    house.run(3000);
    house.add('lantern');
    house.deaf.add(idOf('hearth'));
    for (let at = 0; at < 40; at++) {
      house.run(250);
      expect(Math.max(...house.speakers())).toBe(1);
    }
    house.deaf.clear();
    house.run(6000);
    expect(house.speakers()).toEqual(ONE_EACH);
  });

  it('never speak twice while the word of one is late', () => {
    const house = new House();
    house.add('hearth');
    const lantern = house.add('lantern');
    for (const device of DEVICES) lantern.setHeard(device, false);
    house.run(6000);
    for (const device of DEVICES) lantern.setHeard(device, true);
    house.deaf.add(idOf('hearth'));
    for (let at = 0; at < 6; at++) {
      house.run(250);
      expect(Math.max(...house.speakers())).toBe(1);
    }
    house.deaf.clear();
    house.run(6000);
    expect(house.speakers()).toEqual(ONE_EACH);
    expect(DEVICES.some((device) => lantern.standing(house.now, device) === 'ours')).toBe(true);
  });

  it('take over from one that falls silent, only what it had, within three beats', () => {
    const house = new House();
    const hearth = house.add('hearth');
    house.add('lantern');
    house.run(6000);
    const before = DEVICES.filter((device) => hearth.standing(house.now, device) === 'ours');
    house.dead.add(idOf('lantern'));
    house.run(SILENT_MS + 500);
    expect(house.speakers()).toEqual(ONE_EACH);
    expect(before.every((device) => hearth.standing(house.now, device) === 'ours')).toBe(true);
    expect(before.length).toBeLessThan(DEVICES.length);
  });

  it('take over sooner when its last will says so, too', () => {
    const house = new House();
    const hearth = house.add('hearth');
    house.add('lantern');
    house.run(6000);
    house.dead.add(idOf('lantern'));
    hearth.onAnnounced(idOf('lantern'), false);
    house.run(2000);
    expect(house.speakers()).toEqual(ONE_EACH);
  });

  it('do not believe what one heard in a former life', () => {
    const house = new House();
    const hearth = house.add('hearth');
    house.add('lantern');
    house.run(6000);
    house.dead.add(idOf('lantern'));
    house.run(SILENT_MS + 500);
    const beat = { life: 2, brokerMs: 1, doesSeeUs: true };
    hearth.onBeat(house.now, idOf('lantern'), beat); // it is back, and has said nothing of devices
    expect(house.speakers()).toEqual(ONE_EACH);
    hearth.onHears(idOf('lantern'), { life: 2, devices: new Set(DEVICES.map(short)) });
    expect(DEVICES.some((device) => hearth.standing(house.now, device) === 'theirs')).toBe(true);
  });

  it('leave a device to the one that hears it', () => {
    const house = new House();
    const hearth = house.add('hearth');
    const lantern = house.add('lantern');
    house.run(6000);
    const [device = ''] = DEVICES.filter((each) => hearth.standing(house.now, each) === 'ours');
    hearth.setHeard(device, false);
    expect(hearth.standing(house.now, device)).toBe('theirs');
    house.run(SETTLE_MS + 500);
    expect(lantern.standing(house.now, device)).toBe('ours');
  });

  it('leave all to the one that has the broker, after longer than a broker takes to start again', () => {
    const house = new House();
    const hearth = house.add('hearth');
    house.add('lantern');
    house.run(20_000);
    hearth.onBroker(house.now, false);
    house.run(BROKER_AWAY_MS_MAX - 1000);
    expect(DEVICES.some((device) => hearth.standing(house.now, device) === 'ours')).toBe(true);
    house.run(4000);
    expect(DEVICES.some((device) => hearth.standing(house.now, device) === 'ours')).toBe(false);
    expect(house.speakers()).toEqual(ONE_EACH);
  });

  it('step back after they were stopped themselves', () => {
    const house = new House();
    const hearth = house.add('hearth');
    house.add('lantern');
    house.run(6000);
    house.now += 20_000; // nobody ran; then the readings of that time come first
    expect(DEVICES.map((device) => hearth.standing(house.now, device))).toEqual(DEVICES.map(() => 'open'));
  });

  it('wait for one that is at the broker and not heard, but not for ever', () => {
    const house = new House();
    const hearth = house.add('hearth');
    hearth.onAnnounced(idOf('lantern'), true);
    house.run(MEET_MS_MAX - 1000);
    expect(hearth.isJoining).toBe(true);
    house.run(2000);
    expect(house.speakers()).toEqual(ONE_EACH);
  });
});

describe('rendezvous', () => {
  it('moves only what the one that goes had', () => {
    const rendezvous = new Rendezvous();
    const three = ['a', 'b', 'c'];
    const moved = DEVICES.filter((device) => {
      const winner = rendezvous.winnerOf(device, three);
      return winner !== 'c' && rendezvous.winnerOf(device, ['a', 'b']) !== winner;
    });
    expect(moved).toEqual([]);
  });
});

describe('the ledger', () => {
  const device = idOf('attic');
  const values = (ledger: Ledger, now: number) => ledger.take(now, device).map(({ value }) => value);

  it('gives what the broker has not shown, in order', () => {
    const ledger = new Ledger();
    for (const value of [1, 2, 3]) ledger.add(0, device, 'load', value);
    ledger.shown(10, device, {}, { load: 1 });
    expect(values(ledger, 20)).toEqual([2, 3]);
    expect(values(ledger, 20)).toEqual([]);
  });

  it('counts equal readings', () => {
    const ledger = new Ledger();
    for (const value of [5, 5, 5]) ledger.add(0, device, 'load', value);
    ledger.shown(10, device, { load: 5 }, { load: 5 });
    expect(values(ledger, 20)).toEqual([5, 5]);
  });

  it('knows a reading that the broker showed before it came', () => {
    const ledger = new Ledger();
    ledger.shown(0, device, { load: 1 }, { load: 2, memory: 7 });
    ledger.add(5, device, 'load', 2);
    expect(values(ledger, 20)).toEqual([]);
    ledger.add(30, device, 'load', 2); // the next one that is the same
    expect(values(ledger, 40)).toEqual([2]);
  });

  it('does not bring up what is older than what was shown', () => {
    const ledger = new Ledger();
    for (const value of [1, 2, 3]) ledger.add(0, device, 'load', value);
    ledger.shown(10, device, {}, { load: 2 });
    expect(values(ledger, 20)).toEqual([3]);
  });

  it('forgets', () => {
    const ledger = new Ledger();
    ledger.add(0, device, 'load', 1);
    expect(values(ledger, UNPROVEN_MS_MAX + 1)).toEqual([]);
  });
});
