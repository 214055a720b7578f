import type { CryptoSuite, LinkAddress, NodeKey, PathReport } from '@fogwisp/protocol';
import type { Box } from '../boxes.js';
import type { Disguise } from '../disguise.js';
import type { Fleet, Member, MemberOptions, Question } from '../fleet.js';
import type { Host } from '../host.js';
import type { Medium } from '../medium.js';
import type { Nat } from '../nat.js';
import { PROFILES } from '../profiles.js';
import type { Running, Trial } from '../trial.js';

/** Two relays in the open, so that everybody has two observers, and whom only they know. */
export const RELAYS: readonly LinkAddress[] = ['198.51.100.1:4747', '198.51.100.2:4747'];
const STRANGER: LinkAddress = '198.51.100.3:4747';
export const SETTLE_MS = 3000;
export const REQUEST_MS = 3000;
const STEP_MS = 5;
const TALK_EVERY_MS = 250;

export interface PlaceOptions {
  readonly name: string;
  readonly boxes: readonly [Box, Box];
  /** How the two are made, where they are not as they should be. */
  readonly suite?: CryptoSuite | undefined;
  readonly disguise?: Disguise | undefined;
  /** Of the medium that all are on. */
  readonly internet?: { readonly delayMs: number; readonly jitterMs: number };
  /** In front of each relay: a box that passes on the relay's port. */
  readonly relayBox?: Box;
}

/** Two hosts, each behind its box, who know two relays; whoever can send no UDP has TCP to these. */
export class Place {
  readonly fleet: Fleet;
  readonly internet: Medium;
  readonly relays: readonly Member[];
  readonly a: Member;
  readonly b: Member;
  readonly boxes: { a: Nat | undefined; b: Nat | undefined } = { a: undefined, b: undefined };
  readonly #options: PlaceOptions;
  /** What each end says of the path to the other. */
  readonly #paths = new Map<number, PathReport['kind']>();
  #directSince = Infinity;

  constructor(trial: Trial, options: PlaceOptions) {
    this.#options = options;
    this.fleet = trial.fleet(options.name, {}, { willingness: 0 });
    this.internet = this.fleet.world.addMedium({ ...PROFILES.udp, ...options.internet, loss: 0 });
    this.relays = RELAYS.map((address) => this.#settleRelay(address));
    this.#settle(STRANGER, { onBoot: dialRelays });
    this.a = this.#lodge('a', options.boxes[0]);
    this.b = this.#lodge('b', options.boxes[1]);
    this.#watch([this.a, this.b]);
  }

  get isDirect(): boolean {
    return [this.a, this.b].every(({ index }) => this.#paths.get(index) === 'direct');
  }

  /** When both said so, the last time that they came to: world time in ms. */
  get directSince(): number {
    return this.isDirect ? this.#directSince : Infinity;
  }

  /** Until both say that they are direct, or that time is over; the ms that it took. */
  waitUntilDirect(withinMs: number): number {
    const { world } = this.fleet;
    const from = world.now;
    while (!this.isDirect && world.now < from + withinMs) world.runFor(STEP_MS);
    return world.now - from;
  }

  /** All find the relays, and one of the two asks the other. */
  *meet(trial: Trial, withinMs: number): Running {
    yield* trial.run(this.fleet, SETTLE_MS, this.fleet.name);
    this.fleet.ask(this.a, this.b, 'id', REQUEST_MS);
    this.waitUntilDirect(withinMs);
  }

  /** The one asks the other all the time; then all that was asked has its time. */
  *talk(trial: Trial, forMs: number, deadlineMs: number): Running<readonly Question[]> {
    const { fleet, a, b } = this;
    const questions: Question[] = [];
    for (let ms = 0; ms < forMs; ms += TALK_EVERY_MS) {
      questions.push(fleet.ask(a, b, 'id', deadlineMs));
      yield* trial.run(fleet, TALK_EVERY_MS, fleet.name);
    }
    yield* trial.run(fleet, deadlineMs, fleet.name);
    return questions;
  }

  #settle(address: LinkAddress, options: MemberOptions): Member {
    const member = this.fleet.add(options);
    this.fleet.world.attach(member.host, this.internet, { address });
    return member;
  }

  #settleRelay(address: LinkAddress): Member {
    const { relayBox } = this.#options;
    const options = { onBoot: () => undefined };
    if (relayBox === undefined) return this.#settle(address, options);
    const { world } = this.fleet;
    const member = this.fleet.add(options);
    const [ip = '', port = ''] = address.split(':');
    const behind = world.addNat({ ...relayBox, ip });
    const inside = world.attach(member.host, this.internet, { address: `192.168.2.10:${port}`, behind });
    behind.forward(inside, Number(port));
    return member;
  }

  #lodge(side: 'a' | 'b', box: Box): Member {
    const { suite, disguise } = this.#options;
    const told = { ...(suite && { suite }), ...(disguise && { disguise }), onBoot: dialRelays };
    const digits = side === 'a' ? '10' : '20';
    const ip = `203.0.113.${digits}`;
    if (box === undefined) return this.#settle(`${ip}:4747`, told);
    const { world } = this.fleet;
    const member = this.fleet.add(told);
    const behind = world.addNat({ ...box, ip });
    this.boxes[side] = behind;
    world.attach(member.host, this.internet, { address: `192.168.1.${digits}:4747`, behind });
    if (box.blocksUdp === true) {
      for (const { host } of this.relays) world.connect(member.host, host, { ...PROFILES.tcp, loss: 0 });
    }
    return member;
  }

  #watch([a, b]: readonly [Member, Member]): void {
    const others = new Map<number, NodeKey>([
      [a.index, b.identity.key],
      [b.index, a.identity.key],
    ]);
    this.fleet.onEvent = (event, { index }) => {
      if (event.kind !== 'peer' || event.peer.id !== others.get(index)) return;
      const wasDirect = this.isDirect;
      this.#paths.set(index, event.peer.path.kind);
      if (this.isDirect && !wasDirect) this.#directSince = this.fleet.world.now;
    };
  }
}

/** Until the answer; Infinity when there was none. */
export function tookMs({ askedAt, endedAt }: Question): number {
  return (endedAt ?? Infinity) - askedAt;
}

function dialRelays(host: Host): void {
  for (const address of RELAYS) host.command({ kind: 'connect', link: 1, address });
}
