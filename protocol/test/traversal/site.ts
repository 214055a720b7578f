import { type Box, type Host, type Medium, type Nat, PROFILES } from '@fogwisp/protocol/sim';
import { classify } from '../../src/packet/first-byte.js';
import { type MemberOptions, Network } from '../node/network.js';

/** Two relays in the open, so that everybody has two observers. */
export const RELAYS = { r1: '198.51.100.1:7000', r2: '198.51.100.2:7000' } as const;

/** Reservations would be paths between others than those who are watched. */
const NO_ROLE: MemberOptions = { willingness: 0 };

const INTERNET = { ...PROFILES.udp, loss: 0 } as const;

export interface SiteOptions {
  readonly seed: number;
  readonly a: Box;
  readonly b: Box | 'behind a';
  readonly internet?: object;
  readonly member?: (name: string) => MemberOptions;
  readonly relays?: 1 | 2;
  /** Whom only the relays know; default 1. */
  readonly strangers?: number;
}

/** Two hosts, each behind its box, and relays in the open; whoever can send no UDP has TCP to the relays. */
export class Site {
  readonly net: Network;
  readonly internet: Medium;
  readonly a: Host;
  readonly b: Host;
  readonly relays: readonly Host[];
  readonly boxes: { readonly a: Nat | undefined; readonly b: Nat | undefined };
  /** What a and b have sent by UDP since they met, bytes with IPv4 and UDP headers, by packet kind. */
  readonly sent = new Map<string, { count: number; bytes: number }>();

  readonly #seen = new Map<Host, Set<string>>();

  constructor({ seed, a, b, internet = {}, member, relays = 2, strangers = 1 }: SiteOptions) {
    this.net = new Network(seed);
    const { world } = this.net;
    this.internet = world.addMedium({ ...INTERNET, ...internet });
    const names = relays === 2 ? (['r1', 'r2'] as const) : (['r1'] as const);
    this.relays = names.map((name) => {
      const host = this.net.add(name, NO_ROLE);
      world.attach(host, this.internet, { address: RELAYS[name] });
      return host;
    });
    const addresses = names.map((name) => RELAYS[name]);
    for (let i = 0; i < strangers; i++) {
      const stranger = this.net.add(i === 0 ? 's' : `s${i}`, {
        ...NO_ROLE,
        onBoot: (host) => dial(host, addresses),
      });
      world.attach(stranger, this.internet, { address: `198.51.100.${3 + i}:7000` });
    }
    const onBoot = (host: Host): void => dial(host, addresses);
    const place = (
      name: 'a' | 'b',
      box: Box | 'behind a',
      ip: string,
      other?: Nat,
    ): readonly [Host, Nat | undefined] => {
      const host = this.net.add(name, { ...NO_ROLE, ...member?.(name), onBoot });
      const nat = box === 'behind a' ? other : box && world.addNat({ ...box, ip });
      const address = nat === undefined ? `${ip}:4000` : `192.168.1.${name === 'a' ? 10 : 20}:4000`;
      world.attach(host, this.internet, nat === undefined ? { address } : { address, behind: nat });
      if (box !== 'behind a' && box?.blocksUdp === true) {
        for (const relay of this.relays) world.connect(host, relay, { ...PROFILES.tcp, loss: 0 });
      }
      return [host, nat];
    };
    const [hostA, natA] = place('a', a, '203.0.113.10');
    const [hostB, natB] = place('b', b, '203.0.113.20', b === 'behind a' ? natA : undefined);
    this.a = hostA;
    this.b = hostB;
    this.boxes = { a: natA, b: natB };
    world.tap = ({ fate, port, address, bytes }) => {
      if (fate === 'arrived')
        this.#seen.set(port.host, (this.#seen.get(port.host) ?? new Set()).add(address));
      if (fate !== 'sent' || port.medium !== this.internet || (port.host !== hostA && port.host !== hostB)) {
        return;
      }
      const kind = classify(bytes[0] as number) ?? 'unknown';
      const entry = this.sent.get(kind) ?? { count: 0, bytes: 0 };
      entry.count++;
      entry.bytes += bytes.length + 28;
      this.sent.set(kind, entry);
    };
  }

  get bytes(): number {
    return [...this.sent.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The addresses that a host got packets from. */
  seenBy(host: Host): ReadonlySet<string> {
    return this.#seen.get(host) ?? new Set();
  }

  isDirect(): boolean {
    const { net, a, b } = this;
    return net.pathOf(a, 'b').startsWith('direct') && net.pathOf(b, 'a').startsWith('direct');
  }

  /** Lets a talk to b until both say that they are direct; how long that took, undefined when it did not. */
  meet(withinMs = 8000): number | undefined {
    const { net, a } = this;
    net.world.runFor(3000);
    const start = net.world.now;
    this.sent.clear();
    if (net.ask(a, 'b') !== 'hello') throw new Error('nothing gets through, not even relayed');
    const isDirect = net.world.runUntil(() => this.isDirect(), { withinMs, everyMs: 5 });
    return isDirect ? net.world.now - start : undefined;
  }
}

function dial(host: Host, addresses: readonly string[]): void {
  for (const address of addresses) host.command({ kind: 'connect', link: 1, address });
}
