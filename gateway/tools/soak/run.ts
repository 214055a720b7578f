import { join } from 'node:path';
import { createNetwork } from '@fogwisp/device-sdk';
import { makeFolder, removeFolder } from '../../demo/stage.js';
import { freePort } from '../free-port.js';
import { SoakBroker } from './broker.js';
import { type Cable, openCable } from './cable.js';
import { castOf } from './cast.js';
import { Ledger } from './ledger.js';
import { PeerProcess } from './peer-process.js';
import { Prng } from './prng.js';
import { sleep, startPeer, Troublemaker } from './troubles.js';
import type { LifeSample, SoakFigures } from './verdict.js';
import { machineMs, type Note } from './wire.js';

const MEET_MS_MAX = 60_000;
/** Longer than a neighbor may be silent before it is given up (SPEC §8.2). */
const MEND_MS_MAX = 150_000;
/** Longer than anything is repeated (SPEC §7.9). */
const DRAIN_MS_MAX = 130_000;
const DRAIN_LOOK_MS = 500;
const TELL_MS = 10_000;
const PART_MS = 120_000;
const PARTS_MIN = 2;

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}

/** Eight processes, from their start to their end. */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  const folder = makeFolder();
  const broker = SoakBroker.start(folder, await freePort());
  const cable = await openCable(folder);
  const soak = new Soak(options, folder, cable, broker);
  try {
    return await Promise.race([soak.run(), soak.crashed]);
  } finally {
    await soak.stop();
    cable.close();
    broker?.close();
    removeFolder(folder);
  }
}

class Soak {
  /** Rejected when a process ends by itself. */
  readonly crashed: Promise<never>;
  readonly #options: SoakOptions;
  readonly #folder: string;
  readonly #cable: Cable;
  readonly #broker: SoakBroker | undefined;
  readonly #peers: PeerProcess[] = [];
  readonly #samples = new Map<string, LifeSample[]>();
  readonly #ledger: Ledger;
  #onCrash: (error: Error) => void = () => undefined;
  #open = 0;

  constructor(options: SoakOptions, folder: string, cable: Cable, broker: SoakBroker | undefined) {
    this.#options = options;
    this.#folder = folder;
    this.#cable = cable;
    this.#broker = broker;
    this.#ledger = new Ledger((name) => this.#peers.find((peer) => peer.name === name)?.lives ?? []);
    this.crashed = new Promise((_resolve, reject) => {
      this.#onCrash = reject;
    });
    this.crashed.catch(() => undefined); // it may come when nobody waits any more
  }

  async run(): Promise<SoakFigures> {
    const { minutes, seed, say } = this.#options;
    await this.#start();
    const unmet = await this.#check(MEET_MS_MAX);
    if (unmet.length > 0) throw new Error(`these never met: ${unmet.join(', ')}`);
    say('all have met');
    await this.#all((peer) => peer.ask({ kind: 'traffic', isOn: true }));
    const { troubles, unreached } = await this.#endure();
    say(unreached.length === 0 ? 'all have met again' : `unreached: ${unreached.join(', ')}`);
    await this.#drain();
    await this.#sample();
    const isBrokerFed = await this.#broker?.isFed();
    this.#ledger.close();
    const peers = this.#peers.map((peer) => ({
      name: peer.name,
      lives: peer.lives.length,
      samples: this.#samples.get(peer.name) ?? [],
    }));
    const { tallies, misses } = this.#ledger;
    const cable = this.#cable.kind;
    return {
      seed,
      minutes,
      cable,
      troubles,
      tallies,
      peers,
      unreached,
      open: this.#open,
      isBrokerFed,
      misses,
    };
  }

  async stop(): Promise<void> {
    for (const peer of this.#peers) peer.resume();
    await Promise.all(this.#peers.map((peer) => peer.stop()));
  }

  async #start(): Promise<void> {
    const ports = { lan: await freePort(), udp: await freePort(), tcp: await freePort() };
    const cast = castOf(this.#folder, createNetwork(), ports, this.#cable, this.#broker?.url);
    const environment = { ...process.env, XDG_STATE_HOME: join(this.#folder, 'state') };
    const listener = {
      onNote: this.#onNote.bind(this),
      onCrash: (peer: PeerProcess, text: string) =>
        this.#onCrash(new Error(`the process of ${peer.name} ended by itself: ${text}`)),
    };
    for (const role of cast) this.#peers.push(new PeerProcess(role, environment, listener));
    await this.#all((peer) => startPeer(peer, this.#cable));
  }

  /** The troubles, in parts so that all can be looked at in between, and what is left of them. */
  async #endure(): Promise<Pick<SoakFigures, 'troubles' | 'unreached'>> {
    const { minutes, seed, say } = this.#options;
    const stage = { peers: this.#peers, cable: this.#cable, broker: this.#broker };
    const troublemaker = new Troublemaker(stage, new Prng(seed), say);
    const timer = setInterval(() => this.#tell(), TELL_MS);
    try {
      const parts = Math.max(PARTS_MIN, Math.round((minutes * 60_000) / PART_MS));
      for (let part = 0; part < parts; part++) {
        await this.#sample();
        await troublemaker.run(performance.now() + (minutes * 60_000) / parts);
      }
      say('everything is mended');
      const unreached = await this.#check(MEND_MS_MAX);
      return { troubles: troublemaker.counts, unreached };
    } finally {
      clearInterval(timer);
    }
  }

  #onNote(peer: PeerProcess, note: Note): void {
    const { name, life } = peer;
    if (note.kind === 'ended') this.#ledger.onEnded(name, life, note, machineMs());
    else this.#ledger.onSeen(name, life, note, machineMs());
  }

  #tell(): void {
    this.#ledger.sweep(machineMs());
    const { openCount, misses } = this.#ledger;
    this.#options.say(`${openCount} messages in view, ${misses.length} of all went wrong`);
  }

  async #check(forMs: number): Promise<readonly string[]> {
    const found = await this.#all(async (peer) => {
      const { unreached = [] } = await peer.ask({ kind: 'check', forMs });
      return unreached.map((name) => `${peer.name} > ${name}`);
    });
    return found.flat();
  }

  /** Until nothing is under way. */
  async #drain(): Promise<void> {
    await this.#all((peer) => peer.ask({ kind: 'traffic', isOn: false }));
    const until = performance.now() + DRAIN_MS_MAX;
    do {
      await sleep(DRAIN_LOOK_MS);
      const open = await this.#all(async (peer) => (await peer.ask({ kind: 'sample' })).open ?? 0);
      this.#open = open.reduce((sum, each) => sum + each, 0);
    } while (this.#open > 0 && performance.now() < until);
  }

  async #sample(): Promise<void> {
    await this.#all(async (peer) => {
      const { sample } = await peer.ask({ kind: 'sample' });
      if (sample === undefined) return;
      const { life, lives, name } = peer;
      const ageMs = Math.round(machineMs() - (lives[life]?.bornAt ?? 0));
      this.#samples.set(name, [...(this.#samples.get(name) ?? []), { ...sample, life, ageMs }]);
    });
  }

  #all<T>(act: (peer: PeerProcess) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#peers.map(act));
  }
}
