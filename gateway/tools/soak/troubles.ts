import { unreachable } from '../../src/unreachable.js';
import type { SoakBroker } from './broker.js';
import type { Cable } from './cable.js';
import { CABLE_NAMES, SURVIVORS } from './cast.js';
import type { PeerProcess } from './peer-process.js';
import type { Prng } from './prng.js';

export const TROUBLES = ['kill', 'pause', 'pull', 'cable', 'broker'] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface Stage {
  readonly peers: readonly PeerProcess[];
  readonly cable: Cable;
  readonly broker: SoakBroker | undefined;
}

const GAP_MS_MIN = 1000;
const GAP_MS_MAX = 4000;
const AWAY_MS_MIN = 200;
const AWAY_MS_MAX = 8000;

/** What happens to the peers, by a seed; no peer has two troubles at once. */
export class Troublemaker {
  readonly counts: Record<Trouble, number> = { kill: 0, pause: 0, pull: 0, cable: 0, broker: 0 };
  readonly #stage: Stage;
  readonly #prng: Prng;
  readonly #say: (text: string) => void;
  readonly #busy = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(stage: Stage, prng: Prng, say: (text: string) => void) {
    this.#stage = stage;
    this.#prng = prng;
    this.#say = say;
  }

  /** Makes trouble until `endAt`; all is mended when it resolves. */
  async run(endAt: number): Promise<void> {
    while (performance.now() < endAt) {
      this.#begin();
      await sleep(Math.min(this.#prng.between(GAP_MS_MIN, GAP_MS_MAX), endAt - performance.now()));
    }
    await Promise.all(this.#underWay);
  }

  /** Draws the same numbers whether or not the trouble is possible now. */
  #begin(): void {
    const prng = this.#prng;
    const trouble = prng.pick(TROUBLES) ?? 'pause';
    const peer = prng.pick(this.#stage.peers);
    const awayMs = prng.between(AWAY_MS_MIN, AWAY_MS_MAX);
    const link = prng.below(peer?.role.links.length ?? 1);
    if (peer === undefined) return;
    const isCable = trouble === 'cable' || trouble === 'broker';
    const who = isCable ? trouble : peer.name;
    if (this.#busy.has(who) || !this.#isPossible(trouble, peer, link)) return;
    this.counts[trouble]++;
    this.#say(`${trouble} ${isCable ? '' : `${who} `}for ${awayMs} ms`);
    this.#busy.add(who);
    const making = this.#make(trouble, peer, link, awayMs).finally(() => {
      this.#busy.delete(who);
      this.#underWay.delete(making);
    });
    this.#underWay.add(making);
  }

  #isPossible(trouble: Trouble, peer: PeerProcess, link: number): boolean {
    if (trouble === 'kill') return !SURVIVORS.includes(peer.name);
    if (trouble === 'broker') return this.#stage.broker !== undefined;
    const kind = peer.role.links[link]?.kind;
    return trouble !== 'pull' || (kind !== 'serial' && kind !== 'pipe'); // those have a cable
  }

  async #make(trouble: Trouble, peer: PeerProcess, link: number, awayMs: number): Promise<void> {
    const { cable, broker } = this.#stage;
    switch (trouble) {
      case 'kill':
        await peer.kill();
        await sleep(awayMs);
        await this.#restart(peer);
        return;
      case 'pause':
        peer.pause();
        await sleep(awayMs);
        peer.resume();
        return;
      case 'pull':
        await peer.ask({ kind: 'pull', link });
        await sleep(awayMs);
        await peer.ask({ kind: 'plug', link });
        return;
      case 'cable':
        cable.pull();
        await sleep(awayMs);
        await cable.plug();
        return;
      case 'broker':
        broker?.restart();
        return;
      default:
        return unreachable(trouble);
    }
  }

  async #restart(peer: PeerProcess): Promise<void> {
    await startPeer(peer, this.#stage.cable);
    await peer.ask({ kind: 'traffic', isOn: true });
  }
}

export async function startPeer(peer: PeerProcess, cable: Cable): Promise<void> {
  const started = peer.start();
  const [near, far] = CABLE_NAMES;
  if (peer.name === near) cable.attach(0, peer);
  if (peer.name === far) cable.attach(1, peer);
  await started;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
