import { Prng } from '@fogwisp/protocol/sim';
import type { LinkAddress, LinkInfo, NodeKey } from '../../src/kernel/link.js';
import { ipOf } from '../../src/packet/endpoint.js';
import { SessionKeys } from '../../src/session/keys.js';
import type { TraversalMessage, TraversalOutput } from '../../src/traversal/doors.js';
import { Traversal } from '../../src/traversal/traversal.js';
import { SUITE } from '../node/network.js';

export const UDP_LINK: LinkInfo = {
  kind: 'udp',
  name: 'udp',
  mtu: 1200,
  flow: 'datagram',
  cast: 'address',
  reliable: false,
  bitrate: 0,
};
const RELAY: LinkAddress = '198.51.100.1:7000';
const OTHER_RELAY: LinkAddress = '198.51.100.2:7000';
/** Of those behind a box that gives each destination a port of its own. */
const PORT_MIN = 1024;
const PORT_NEAR = 4002;
const PORT_COUNT = 64_512;
const KEY_COUNT = 5;
const KEY_BYTES = 32;
/** Sessions of each end. */
const TO_PEER = 1;
const TO_RELAY = 2;
const TO_OTHER = 3;

export type Name = 'a' | 'b';

export interface PairOptions {
  readonly seed?: number;
  /** One way by the relay, and direct. */
  readonly relayedMs?: number;
  readonly directMs?: number;
  /** Whether that one of the messages by way of the relay gets lost, counted from 0. */
  readonly isLost?: (index: number, from: Name, message: TraversalMessage) => boolean;
  /** Whose box gives each destination a random port. */
  readonly random?: readonly Name[];
  /** The first two of these ports happen to lie close to each other. */
  readonly seemsOrdered?: boolean;
  /** Of both links. */
  readonly doors?: number;
  /** Whether the relay says from where it gets the packets of either. */
  readonly isWitness?: boolean;
}

/** A port of a box: who of those inside has it, by which of its own ports, and for whom. */
interface Mapping {
  readonly suffix: string;
  readonly to: LinkAddress;
}

interface End {
  readonly name: Name;
  readonly address: LinkAddress;
  readonly machine: Traversal;
  /** Where packets went: only from there its box lets any in. */
  readonly visited: Set<LinkAddress>;
  /** By the address in the open; of a box that gives random ones. */
  readonly mappings: Map<LinkAddress, Mapping>;
  readonly sent: TraversalOutput[];
  provenAt: number | undefined;
}

/**
 * Two traversal machines, each behind a box that lets in whoever was sent to, with a session by way of a
 * relay. The lower id is a's. What they know of themselves they know when `observe` says so.
 */
export class Pair {
  now = 0;
  readonly a: End;
  readonly b: End;
  readonly #options: PairOptions;
  readonly #flying: { readonly at: number; readonly land: () => void }[] = [];
  readonly #dice: Prng;
  #messageCount = 0;

  constructor(options: PairOptions = {}) {
    this.#options = options;
    this.#dice = new Prng(options.seed ?? 1, 3);
    const keys = Array.from({ length: KEY_COUNT }, (_, i) => new Uint8Array(KEY_BYTES).fill(i));
    const turned = [keys[1], keys[0], keys[3], keys[2], keys[4]].flatMap((key) => key ?? []);
    this.a = this.#end(
      'a',
      '11'.repeat(16),
      '203.0.113.10:4000',
      new SessionKeys(SUITE, keys),
      '22'.repeat(16),
    );
    this.b = this.#end(
      'b',
      '22'.repeat(16),
      '203.0.113.20:4000',
      new SessionKeys(SUITE, turned),
      '11'.repeat(16),
    );
    this.#drain();
  }

  /** A relay tells an end from where it sees it, and another one too where that is from elsewhere. */
  observe(name: Name): void {
    const end = this[name];
    this.#tell(end, TO_RELAY, RELAY, end.address);
    const otherPort = this.#options.seemsOrdered === true ? PORT_NEAR : PORT_MIN;
    if (this.#isRandom(end)) this.#tell(end, TO_OTHER, OTHER_RELAY, `${ipOf(end.address)}:${otherPort}`);
    this.#drain();
  }

  /** Until both have proven the path, or that time is over; when that was. */
  meet(until: number): number | undefined {
    this.runTo(until, () => this.a.provenAt !== undefined && this.b.provenAt !== undefined);
    const { a, b } = this;
    if (a.provenAt === undefined || b.provenAt === undefined) return undefined;
    return Math.max(a.provenAt, b.provenAt);
  }

  runTo(until: number, isOver: () => boolean = () => false): void {
    while (!isOver()) {
      const alarms = [this.a, this.b].map(({ machine }) => machine.pollTimeout() ?? Infinity);
      const next = Math.min(...alarms, ...this.#flying.map(({ at }) => at));
      if (next > until) {
        this.now = until;
        return;
      }
      this.now = Math.max(this.now, next);
      for (const { machine } of [this.a, this.b]) {
        if ((machine.pollTimeout() ?? Infinity) <= this.now)
          machine.handleInput(this.now, { kind: 'timeout' });
      }
      for (const due of this.#flying.filter(({ at }) => at <= this.now)) {
        this.#flying.splice(this.#flying.indexOf(due), 1);
        due.land();
      }
      this.#drain();
    }
  }

  #end(name: Name, self: NodeKey, address: LinkAddress, keys: SessionKeys, peer: NodeKey): End {
    const machine = new Traversal({
      self,
      suite: SUITE,
      random: new Prng(this.#options.seed ?? 1, name === 'a' ? 1 : 2),
    });
    machine.handleInput(0, {
      kind: 'linkUp',
      link: 1,
      info: { ...UDP_LINK, doors: this.#options.doors ?? 0 },
    });
    const toPeer = { kind: 'relayed', peer: peer.substring(0, 16) } as const;
    const toRelay = { kind: 'direct', link: 1, address: RELAY } as const;
    const toOther = { kind: 'direct', link: 1, address: OTHER_RELAY } as const;
    for (const [session, key, via] of [
      [TO_RELAY, 'ff'.repeat(16), toRelay],
      [TO_OTHER, 'fe'.repeat(16), toOther],
      [TO_PEER, peer, toPeer],
    ] as const) {
      machine.handleInput(0, { kind: 'opened', session, peer: key, keys, formerKeys: undefined });
      machine.handleInput(0, { kind: 'path', session, via, isValid: true });
      machine.handleInput(0, { kind: 'attached', session });
      machine.handleInput(0, { kind: 'roundTrip', session, ms: 2 * (this.#options.relayedMs ?? 20) });
    }
    return { name, address, machine, visited: new Set(), mappings: new Map(), sent: [], provenAt: undefined };
  }

  #drain(): void {
    for (const end of [this.a, this.b]) {
      for (let o = end.machine.pollOutput(); o !== undefined; o = end.machine.pollOutput()) {
        end.sent.push(o);
        this.#carry(end, end === this.a ? this.b : this.a, o);
      }
    }
  }

  #carry(from: End, to: End, output: TraversalOutput): void {
    const { relayedMs = 20, directMs = 10, isLost } = this.#options;
    if (output.kind === 'proven') from.provenAt ??= this.now;
    if (output.kind === 'send' && output.session === TO_PEER) {
      if (isLost?.(this.#messageCount++, from.name, output.message) === true) return;
      const input = { kind: 'message', session: TO_PEER, message: output.message } as const;
      this.#fly(relayedMs, () => to.machine.handleInput(this.now, input));
    }
    if (
      output.kind === 'send' &&
      output.message.kind === 'witnessWanted' &&
      this.#options.isWitness === true
    ) {
      const { destination } = output.message;
      const message = { kind: 'witness', destination, observed: to.address } as const;
      const { session } = output;
      this.#fly(2 * relayedMs, () =>
        from.machine.handleInput(this.now, { kind: 'message', session, message }),
      );
    }
    if (output.kind !== 'transmit') return;
    const [address = '', door] = output.via.address.split('#');
    from.visited.add(address);
    const source = this.#sourceOf(from, address, door === undefined ? '' : `#${door}`);
    if (ipOf(address) === ipOf(to.address))
      this.#fly(directMs, () => this.#arrive(to, source, address, output.bytes));
  }

  /** Past the box in front of it, which lets in only whom it sent to. */
  #arrive(at: End, source: LinkAddress, address: LinkAddress, bytes: Uint8Array): void {
    const mapping = at.mappings.get(address);
    const isLetIn = this.#isRandom(at)
      ? mapping?.to === source
      : address === at.address && at.visited.has(source);
    if (!isLetIn) return;
    const via = { kind: 'direct', link: 1, address: `${source}${mapping?.suffix ?? ''}` } as const;
    at.machine.handleInput(this.now, { kind: 'probe', via, bytes });
  }

  /** As what it appears in the open. */
  #sourceOf(end: End, to: LinkAddress, suffix: string): LinkAddress {
    if (!this.#isRandom(end)) return end.address;
    for (const [address, known] of end.mappings)
      if (known.to === to && known.suffix === suffix) return address;
    const address = `${ipOf(end.address)}:${PORT_MIN + this.#dice.below(PORT_COUNT)}`;
    end.mappings.set(address, { suffix, to });
    return address;
  }

  #isRandom({ name }: End): boolean {
    return this.#options.random?.includes(name) === true;
  }

  #tell(end: End, session: number, relay: LinkAddress, observed: LinkAddress): void {
    const via = { kind: 'direct', link: 1, address: relay } as const;
    end.machine.handleInput(this.now, { kind: 'pong', session, via, token: 0, observed });
  }

  #fly(delayMs: number, land: () => void): void {
    this.#flying.push({ at: this.now + delayMs, land });
  }
}
