/**
 * Who is out there (SPEC §8.1): beacons on media that reach all, greetings to configured addresses, and the
 * decision to open a session with who was heard. Everything here is a hint; only a session proves anything.
 */
import type { LinkAddress, LinkId, LinkInfo, NodeKey, Via } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Random, randomBelow } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';

/**
 * Beacons: the first within this time after link up, then 1, 2, 4 ... 32 s apart (RFC 6206 without
 * suppression).
 */
const BEACON_FIRST_MS = 100;
const BEACON_MIN_MS = SECOND_MS;
const BEACON_MAX_MS = 32 * SECOND_MS;
/** Greetings to an address where nobody answers. */
const GREET_MIN_MS = SECOND_MS;
const GREET_MAX_MS = 32 * SECOND_MS;
/** Of two that hear each other the one with the lower id opens at once, the other after this long. */
const YIELD_MS = 400;
/** Stations remembered per node; 80 B each. */
const STATION_COUNT_MAX = 64;

export type DiscoveryInput =
  | { readonly kind: 'linkUp'; readonly link: LinkId; readonly info: LinkInfo }
  | { readonly kind: 'linkDown'; readonly link: LinkId }
  | { readonly kind: 'connect'; readonly link: LinkId; readonly address: LinkAddress }
  | { readonly kind: 'disconnect'; readonly link: LinkId; readonly address: LinkAddress }
  | {
      readonly kind: 'beacon';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly peer: NodeKey;
      readonly boot: number;
      /** The boot of the peer that a session last told of. */
      readonly knownBoot: number | undefined;
    }
  /** A session has a proven direct path there; or no longer. */
  | { readonly kind: 'present'; readonly link: LinkId; readonly address: LinkAddress; readonly peer: NodeKey }
  | { readonly kind: 'absent'; readonly link: LinkId; readonly address: LinkAddress }
  | { readonly kind: 'timeout' };

export type DiscoveryOutput =
  | { readonly kind: 'beacon'; readonly link: LinkId }
  | { readonly kind: 'greet'; readonly link: LinkId; readonly address: LinkAddress }
  /**
   * Open a session with `peer` there, or try the address for the session that it has. `isRestarted`: its keys
   * are gone.
   */
  | {
      readonly kind: 'found';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly peer: NodeKey;
      readonly isRestarted: boolean;
    };

interface Beaconing {
  readonly info: LinkInfo;
  /** Undefined while nobody needs to be found. */
  at: Instant | undefined;
  everyMs: number;
}

/** A station heard of: by its beacon, or because a session reached it. */
interface Station {
  readonly link: LinkId;
  readonly address: LinkAddress;
  peer: NodeKey;
  boot: number | undefined;
  isPresent: boolean;
  openAt: Instant | undefined;
}

interface Target {
  readonly link: LinkId;
  readonly address: LinkAddress;
  at: Instant | undefined;
  everyMs: number;
}

export class Discovery implements Machine<DiscoveryInput, DiscoveryOutput> {
  readonly #self: NodeKey;
  readonly #random: Random;
  readonly #out = new Outbox<DiscoveryOutput>();
  readonly #links = new Map<LinkId, Beaconing>();
  #stations: Station[] = [];
  #targets: Target[] = [];

  constructor(self: NodeKey, random: Random) {
    this.#self = self;
    this.#random = random;
  }

  handleInput(now: Instant, input: DiscoveryInput): void {
    switch (input.kind) {
      case 'linkUp':
        return this.#onLinkUp(now, input.link, input.info);
      case 'linkDown':
        return this.#onLinkDown(input.link);
      case 'connect':
        return this.#onConnect(now, input.link, input.address);
      case 'disconnect':
        this.#targets = this.#targets.filter((target) => !isAt(target, input.link, input.address));
        return;
      case 'beacon':
        return this.#onBeacon(now, input);
      case 'present':
        return this.#onPresent(input.link, input.address, input.peer);
      case 'absent':
        return this.#onAbsent(now, input.link, input.address);
      case 'timeout':
        return this.#onTimeout(now);
    }
  }

  pollOutput(): DiscoveryOutput | undefined {
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const link of this.#links.values()) soonest = earlier(soonest, link.at);
    for (const target of this.#targets) soonest = earlier(soonest, target.at);
    for (const station of this.#stations) soonest = earlier(soonest, station.openAt);
    return soonest;
  }

  /** Where a peer was last heard of, present or not, newest last. */
  viasOf(peer: NodeKey): readonly Via[] {
    return this.#stations
      .filter((station) => station.peer === peer && this.#links.has(station.link))
      .map(({ link, address }) => ({ kind: 'direct', link, address }));
  }

  #onLinkUp(now: Instant, link: LinkId, info: LinkInfo): void {
    const at = info.cast === 'address' ? undefined : now + randomBelow(this.#random, BEACON_FIRST_MS);
    this.#links.set(link, { info, at, everyMs: BEACON_MIN_MS });
    for (const target of this.#targets) if (target.link === link) target.at = now;
  }

  #onLinkDown(link: LinkId): void {
    this.#links.delete(link);
    this.#stations = this.#stations.filter((station) => station.link !== link);
    for (const target of this.#targets) if (target.link === link) target.at = undefined;
  }

  #onConnect(now: Instant, link: LinkId, address: LinkAddress): void {
    if (this.#targets.some((target) => isAt(target, link, address))) return;
    const isDue = this.#links.has(link) && this.#find(link, address)?.isPresent !== true;
    this.#targets.push({ link, address, at: isDue ? now : undefined, everyMs: GREET_MIN_MS });
  }

  #onBeacon(now: Instant, beacon: Extract<DiscoveryInput, { kind: 'beacon' }>): void {
    const { link, address, peer, boot, knownBoot } = beacon;
    if (peer === this.#self) return;
    const station = this.#find(link, address) ?? this.#add(link, address, peer);
    const before = station.boot ?? (station.isPresent ? knownBoot : undefined);
    const isRestarted = before !== undefined && before !== boot;
    const isOther = station.peer !== peer;
    station.peer = peer;
    station.boot = boot;
    if (station.isPresent && !isRestarted && !isOther) return;
    // A session that its end has forgotten must not be waited for.
    if (isRestarted || isOther) this.#found(station, isRestarted);
    else station.openAt ??= this.#self < peer ? now : now + YIELD_MS;
  }

  #onPresent(link: LinkId, address: LinkAddress, peer: NodeKey): void {
    const station = this.#find(link, address) ?? this.#add(link, address, peer);
    station.peer = peer;
    station.isPresent = true;
    station.openAt = undefined;
    for (const target of this.#targets) if (isAt(target, link, address)) target.at = undefined;
    const beaconing = this.#links.get(link);
    // On a cable there is nobody else to be found.
    if (beaconing?.info.cast === 'point') beaconing.at = undefined;
  }

  #onAbsent(now: Instant, link: LinkId, address: LinkAddress): void {
    const station = this.#find(link, address);
    if (station !== undefined) station.isPresent = false;
    for (const target of this.#targets) {
      if (!isAt(target, link, address)) continue;
      target.at = now;
      target.everyMs = GREET_MIN_MS;
    }
    const beaconing = this.#links.get(link);
    if (beaconing?.info.cast !== 'point') return;
    beaconing.everyMs = BEACON_MIN_MS;
    beaconing.at = now;
  }

  #onTimeout(now: Instant): void {
    for (const [link, beaconing] of this.#links) {
      if (beaconing.at === undefined || beaconing.at > now) continue;
      this.#out.push({ kind: 'beacon', link });
      beaconing.at = now + beaconing.everyMs - randomBelow(this.#random, Math.floor(beaconing.everyMs / 4));
      beaconing.everyMs = Math.min(BEACON_MAX_MS, beaconing.everyMs * 2);
    }
    for (const target of this.#targets) {
      if (target.at === undefined || target.at > now) continue;
      this.#out.push({ kind: 'greet', link: target.link, address: target.address });
      target.at = now + target.everyMs + randomBelow(this.#random, target.everyMs);
      target.everyMs = Math.min(GREET_MAX_MS, target.everyMs * 2);
    }
    for (const station of this.#stations) {
      if (station.openAt !== undefined && station.openAt <= now) this.#found(station, false);
    }
  }

  #found(station: Station, isRestarted: boolean): void {
    station.openAt = undefined;
    const { link, address, peer } = station;
    this.#out.push({ kind: 'found', link, address, peer, isRestarted });
  }

  #find(link: LinkId, address: LinkAddress): Station | undefined {
    return this.#stations.find((station) => isAt(station, link, address));
  }

  /** When full the oldest station that is not present goes. */
  #add(link: LinkId, address: LinkAddress, peer: NodeKey): Station {
    if (this.#stations.length >= STATION_COUNT_MAX) {
      const oldest = this.#stations.find((station) => !station.isPresent) ?? this.#stations[0];
      this.#stations = this.#stations.filter((station) => station !== oldest);
    }
    const station = { link, address, peer, boot: undefined, isPresent: false, openAt: undefined };
    this.#stations.push(station);
    return station;
  }
}

function isAt(place: { link: LinkId; address: LinkAddress }, link: LinkId, address: LinkAddress): boolean {
  return place.link === link && place.address === address;
}
