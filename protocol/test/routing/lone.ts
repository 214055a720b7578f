import { toHex, writeU32 } from '../../src/kernel/bytes.js';
import type { LinkInfo, ShortKey } from '../../src/kernel/link.js';
import type { Instant } from '../../src/kernel/time.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import type { RouteEntry } from '../../src/packet/message.js';
import type { RouterInput, RouterOutput, RoutingMessage } from '../../src/routing/doors.js';
import { Router } from '../../src/routing/router.js';
import { fakeSuite, LAN } from './fake-suite.js';
import { Dice } from './graphs.js';

/** The short id of destination `n`, and of nobody else. */
export function destination(n: number): Uint8Array {
  const bytes = new Uint8Array(8).fill(0xd0);
  writeU32(bytes, 4, n);
  return bytes;
}

export function key(n: number): ShortKey {
  return toHex(destination(n));
}

export function entry(n: number, fields: Partial<RouteEntry>): RouteEntry {
  return {
    destination: destination(n),
    boot: 1,
    sequence: 0,
    metric: 96,
    hops: 1,
    mtu: 1400,
    flags: 0,
    ...fields,
  };
}

export interface Sent {
  readonly to: number;
  readonly message: RoutingMessage;
  readonly reliable: boolean;
}

/** One router whose neighbours are numbers: station n has session n and id `stationId(n)`. */
export class Lone {
  readonly router: Router;
  readonly outputs: RouterOutput[] = [];
  now: Instant = 5000;

  constructor(limits: Partial<Limits> = {}, boot = 1) {
    const self = { id: Lone.stationId(0) };
    const dice = new Dice(1);
    const all = { ...PI_LIMITS, ...limits };
    this.router = new Router({ now: this.now, self, suite: fakeSuite, random: dice, limits: all, boot });
  }

  static stationId(n: number): Uint8Array {
    const id = new Uint8Array(16).fill(0x51);
    writeU32(id, 4, n);
    return id;
  }

  static key(n: number): ShortKey {
    return toHex(Lone.stationId(n).subarray(0, 8));
  }

  input(input: RouterInput): void {
    this.router.handleInput(this.now, input);
    for (let o = this.router.pollOutput(); o !== undefined; o = this.router.pollOutput())
      this.outputs.push(o);
  }

  up(n: number, link: LinkInfo = LAN): void {
    this.input({
      kind: 'neighborUp',
      neighbor: n,
      id: Lone.stationId(n),
      via: { kind: 'direct', link: n, address: '' },
      link,
      sendKey: new Uint8Array(32).fill(n),
      receiveKey: new Uint8Array(32).fill(n + 100),
      formerKey: undefined,
    });
  }

  /** As `up`, and the neighbour has said that it has told all, which is nothing. */
  greet(n: number, link: LinkInfo = LAN): void {
    this.up(n, link);
    this.from(n, { kind: 'heartbeat', digest: 0, intervalS: 3600 });
  }

  from(n: number, message: RoutingMessage): void {
    this.input({ kind: 'message', neighbor: n, message });
  }

  routes(n: number, ...entries: readonly RouteEntry[]): void {
    this.from(n, { kind: 'routes', entries });
  }

  /** Lets time pass, with every timeout on the way. */
  wait(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const at = this.router.pollTimeout();
      if (at === undefined || at > until) break;
      this.now = Math.max(this.now, at);
      this.input({ kind: 'timeout' });
    }
    this.now = until;
  }

  /** What was put out since the last call. */
  take(): readonly RouterOutput[] {
    return this.outputs.splice(0);
  }

  /** The messages among it, by kind. */
  sent<K extends RoutingMessage['kind']>(kind: K): readonly (Sent & { message: { kind: K } })[] {
    return this.take().flatMap((o) =>
      o.kind === 'message' && o.message.kind === kind
        ? [{ to: o.neighbor, message: o.message, reliable: o.reliable } as Sent & { message: { kind: K } }]
        : [],
    );
  }

  /** The number of the next hop. */
  nextHop(n: number): number | undefined {
    const hop = this.router.nextHop(key(n));
    return hop === undefined ? undefined : Number.parseInt(hop.substring(8), 16);
  }
}
