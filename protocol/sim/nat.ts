import type { LinkAddress } from '@fogwisp/protocol';
import { type Microseconds, toMicroseconds } from './clock.js';
import { insist } from './failure.js';
import type { Port } from './port.js';
import type { Prng } from './prng.js';

export interface NatOptions {
  /** Its address in the open, without a port. */
  readonly ip: string;
  /**
   * Which port in the open a station inside gets: one for all it sends to, or another one for each
   * destination, the next one up or any.
   */
  readonly mapping: 'independent' | 'sequential' | 'random';
  /** Who may answer: anybody; whoever has an IP address that was sent to; only exactly who was sent to. */
  readonly filtering: 'open' | 'address' | 'port';
  /** A mapping is gone so long after something was last sent through it. */
  readonly lifeMs?: number;
  /** Packets from inside to its own address in the open come back in. */
  readonly hairpins?: boolean;
  readonly blocksUdp?: boolean;
  /** An independent mapping has the port of the station inside when that is free. */
  readonly preservesPorts?: boolean;
  /**
   * What comes unasked is taken as its own: while it remembers that flow, a station inside that sends there
   * gets another port.
   */
  readonly takesUnasked?: boolean;
}

/** Who is behind a box: a port of a simulated host, or any other thing that has an address there. */
export interface Station {
  readonly address: LinkAddress;
}

/** A port that passes on whatever comes there to one station, as it asked for. */
interface Forward<Inside extends Station> {
  readonly inside: Inside;
  readonly external: number;
  /** Who came in by it, and is answered by it. */
  readonly callers: Set<LinkAddress>;
}

interface Mapping<Inside extends Station> {
  readonly key: string;
  readonly inside: Inside;
  readonly external: number;
  /** Who was sent to, and until when that one may answer. */
  readonly allowed: Map<LinkAddress, Microseconds>;
  until: Microseconds;
}

const LIFE_MS = 120_000;
const UNASKED_MS = 30_000;
const PORT_MIN = 1024;
const PORT_COUNT = 64_512;

/** A box that translates addresses between the stations behind it and a medium of many stations. */
export class Nat<Inside extends Station = Port> {
  readonly options: NatOptions;
  /** Packets that it did not let in. */
  refusedCount = 0;
  readonly #random: Prng;
  readonly #lifeUs: Microseconds;
  #ip: string;
  readonly #stations = new Map<LinkAddress, Inside>();
  #mappings = new Map<string, Mapping<Inside>>();
  #byExternal = new Map<number, Mapping<Inside>>();
  /** Flows that came unasked: where from and to which port, and until when they are remembered. */
  #unasked = new Map<string, Microseconds>();
  readonly #forwards: Forward<Inside>[] = [];
  #nextPort: number;

  constructor(options: NatOptions, random: Prng) {
    this.options = options;
    this.#ip = options.ip;
    this.#random = random;
    this.#lifeUs = toMicroseconds(options.lifeMs ?? LIFE_MS);
    this.#nextPort = random.below(PORT_COUNT);
  }

  admit(port: Inside): void {
    insist(!this.#stations.has(port.address), `one station per address: ${port.address}`);
    this.#stations.set(port.address, port);
  }

  /** A station behind it, by its own address. */
  station(address: LinkAddress): Inside | undefined {
    return this.#stations.get(address);
  }

  owns(address: LinkAddress): boolean {
    return ipOf(address) === this.#ip;
  }

  /** Passes on what comes to a port of its own, for ever: its address in the open. */
  forward(inside: Inside, external: number): LinkAddress {
    insist(this.#stations.has(inside.address), 'ports are passed on to stations behind it');
    this.#forwards.push({ inside, external, callers: new Set() });
    return `${this.#ip}:${external}`;
  }

  /** As what a packet from inside appears in the open; undefined when it does not get there. */
  outbound(now: Microseconds, from: Inside, to: LinkAddress): LinkAddress | undefined {
    if (this.options.blocksUdp === true) return undefined;
    const forward = this.#forwards.find(({ inside, callers }) => inside === from && callers.has(to));
    if (forward !== undefined) return `${this.#ip}:${forward.external}`;
    const mapping = this.#mappingFor(now, from, to);
    mapping.allowed.set(to, now + this.#lifeUs);
    mapping.until = now + this.#lifeUs;
    return `${this.#ip}:${mapping.external}`;
  }

  /** Whom a packet from the open is for; undefined when it is not let in. */
  inbound(now: Microseconds, from: LinkAddress, to: LinkAddress): Inside | undefined {
    const external = portOf(to);
    const forward = this.#forwards.find((each) => each.external === external);
    if (forward !== undefined && this.options.blocksUdp !== true) {
      forward.callers.add(from);
      return forward.inside;
    }
    const mapping = this.#byExternal.get(external);
    const isHairpin = this.owns(from);
    const isOpen = this.options.blocksUdp !== true && (!isHairpin || this.options.hairpins === true);
    const isLive = mapping !== undefined && mapping.until > now;
    if (isOpen && isLive && this.#isAllowed(now, mapping, from)) return mapping.inside;
    this.refusedCount++;
    if (this.options.takesUnasked === true) {
      this.#unasked.set(flowOf(from, external), now + toMicroseconds(UNASKED_MS));
    }
    return undefined;
  }

  /** Power was gone for a moment, and so is all it knew. */
  reboot(): void {
    this.#mappings = new Map();
    this.#byExternal = new Map();
    this.#unasked = new Map();
    this.#nextPort = this.#random.below(PORT_COUNT);
  }

  /** Its provider gives it another address, and whoever sends to the former one reaches nobody. */
  renumber(ip: string): void {
    this.#ip = ip;
    this.reboot();
  }

  #isAllowed(now: Microseconds, { allowed }: Mapping<Inside>, from: LinkAddress): boolean {
    switch (this.options.filtering) {
      case 'open':
        return true;
      case 'port':
        return (allowed.get(from) ?? 0) > now;
      case 'address':
        for (const [address, until] of allowed) if (ipOf(address) === ipOf(from) && until > now) return true;
        return false;
    }
  }

  #mappingFor(now: Microseconds, from: Inside, to: LinkAddress): Mapping<Inside> {
    const isIndependent = this.options.mapping === 'independent';
    const shared = isIndependent ? this.#live(now, from.address) : undefined;
    const isTaken = shared !== undefined && (this.#unasked.get(flowOf(to, shared.external)) ?? 0) > now;
    const key = isIndependent && !isTaken ? from.address : `${from.address}>${to}`;
    return this.#live(now, key) ?? this.#open(now, key, from, to);
  }

  #live(now: Microseconds, key: string): Mapping<Inside> | undefined {
    const mapping = this.#mappings.get(key);
    if (mapping === undefined || mapping.until > now) return mapping;
    this.#mappings.delete(key);
    this.#byExternal.delete(mapping.external);
    return undefined;
  }

  #open(now: Microseconds, key: string, inside: Inside, to: LinkAddress): Mapping<Inside> {
    const external = this.#freePort(now, key === inside.address ? portOf(inside.address) : undefined, to);
    const mapping = { key, inside, external, allowed: new Map(), until: now + this.#lifeUs };
    this.#mappings.set(key, mapping);
    this.#byExternal.set(external, mapping);
    return mapping;
  }

  #freePort(now: Microseconds, own: number | undefined, to: LinkAddress): number {
    const isPreserved = this.options.preservesPorts === true && own !== undefined;
    if (isPreserved && this.#isFree(now, own) && !((this.#unasked.get(flowOf(to, own)) ?? 0) > now))
      return own;
    for (;;) {
      const isNext = this.options.mapping === 'sequential';
      const offset = isNext ? this.#nextPort++ % PORT_COUNT : this.#random.below(PORT_COUNT);
      if (this.#isFree(now, PORT_MIN + offset)) return PORT_MIN + offset;
    }
  }

  #isFree(now: Microseconds, external: number): boolean {
    const holder = this.#byExternal.get(external);
    if (holder === undefined) return true;
    if (holder.until > now) return false;
    this.#mappings.delete(holder.key);
    this.#byExternal.delete(external);
    return true;
  }
}

/** The way of one packet past the boxes in front of its two ends. */
export class Crossing {
  readonly source: LinkAddress;
  readonly #goal: Port | Nat;
  readonly #to: LinkAddress;

  constructor(source: LinkAddress, goal: Port | Nat, to: LinkAddress) {
    this.source = source;
    this.#goal = goal;
    this.#to = to;
  }

  /** Who gets it, decided as it arrives; undefined when it is not let in. */
  end(now: Microseconds): Port | undefined {
    return this.#goal instanceof Nat ? this.#goal.inbound(now, this.source, this.#to) : this.#goal;
  }
}

function flowOf(from: LinkAddress, external: number): string {
  return `${from}>${external}`;
}

function ipOf(address: LinkAddress): string {
  return address.substring(0, address.lastIndexOf(':'));
}

function portOf(address: LinkAddress): number {
  return Number(address.substring(address.lastIndexOf(':') + 1));
}
