import { join } from 'node:path';
import { Ledger } from '../soak/ledger.js';
import { PeerProcess } from '../soak/peer-process.js';
import { machineMs, type Note, type Role, type Standing } from '../soak/wire.js';

/** So many start at a time: each wants a processor for half a second. */
const START_TOGETHER = 4;

/** The processes of a swarm, alive or killed, and what they tell of their messages. */
export class Crew {
  readonly ledger: Ledger;
  /** Rejected when a process ends by itself. */
  readonly crashed: Promise<never>;
  readonly #peers = new Map<string, PeerProcess>();
  readonly #dead = new Set<string>();
  #onCrash: (error: Error) => void = () => undefined;

  constructor(roles: readonly Omit<Role, 'life'>[], folder: string) {
    const environment = { ...process.env, XDG_STATE_HOME: join(folder, 'state') };
    this.crashed = new Promise((_resolve, reject) => {
      this.#onCrash = reject;
    });
    this.crashed.catch(() => undefined); // it may come when nobody waits any more
    const listener = {
      onNote: (peer: PeerProcess, note: Note) => this.#onNote(peer, note),
      onCrash: (peer: PeerProcess, text: string) =>
        this.#onCrash(new Error(`the process of ${peer.name} ended by itself: ${text}`)),
    };
    for (const role of roles) this.#peers.set(role.name, new PeerProcess(role, environment, listener));
    this.ledger = new Ledger((name) => this.#peers.get(name)?.lives ?? []);
    for (const { name } of roles) this.#dead.add(name);
  }

  get alive(): readonly string[] {
    return [...this.#peers.keys()].filter((name) => !this.#dead.has(name));
  }

  /** All who are not there. */
  async start(): Promise<void> {
    const missing = [...this.#dead];
    for (let at = 0; at < missing.length; at += START_TOGETHER) {
      const together = missing.slice(at, at + START_TOGETHER);
      await Promise.all(together.map((name) => this.#get(name).start()));
      for (const name of together) this.#dead.delete(name);
    }
  }

  /** As if the power of all of them had gone at once. */
  async kill(names: readonly string[]): Promise<void> {
    for (const name of names) this.#dead.add(name);
    await Promise.all(names.map((name) => this.#get(name).kill()));
  }

  freeze(name: string): void {
    this.#get(name).pause();
  }

  thaw(name: string): void {
    this.#get(name).resume();
  }

  /** Of each of those, all asked at once. */
  async ask<T>(names: readonly string[], act: (peer: PeerProcess) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(names.map((name) => act(this.#get(name))));
  }

  async standings(): Promise<ReadonlyMap<string, Standing>> {
    const told = await this.ask(this.alive, async (peer) => {
      const { standing } = await peer.ask({ kind: 'standing' });
      return [peer.name, standing] as const;
    });
    return new Map(told.flatMap(([name, standing]) => (standing === undefined ? [] : [[name, standing]])));
  }

  async setTraffic(isOn: boolean): Promise<void> {
    await this.ask(this.alive, (peer) => peer.ask({ kind: 'traffic', isOn }));
  }

  /** Messages that are under way. */
  async openCount(): Promise<number> {
    const open = await this.ask(this.alive, async (peer) => (await peer.ask({ kind: 'sample' })).open ?? 0);
    return open.reduce((sum, each) => sum + each, 0);
  }

  async stop(): Promise<void> {
    const peers = [...this.#peers.values()];
    for (const peer of peers) peer.resume();
    await Promise.all(peers.map((peer) => peer.stop()));
  }

  #onNote(peer: PeerProcess, note: Note): void {
    const { name, life } = peer;
    if (note.kind === 'ended') this.ledger.onEnded(name, life, note, machineMs());
    else this.ledger.onSeen(name, life, note, machineMs());
  }

  #get(name: string): PeerProcess {
    const peer = this.#peers.get(name);
    if (peer === undefined) throw new Error(`nobody is called ${name}`);
    return peer;
  }
}
