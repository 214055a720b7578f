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
import { BEACON_BYTES } from '../packet/beacon.js';

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
/**
 * Bytes that may go to an address that has only been heard, for each byte that came from there; and how many
 * of them are saved up.
 */
const AMPLIFICATION_MAX = 3;
const CREDIT_BYTES_MAX = 1024;
/** A station is doubted at most so often, whatever is said in its name. */
const DOUBT_EVERY_MS = 5 * SECOND_MS;

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
  /** `peer`: who was there, if it has a session by another way; else, or left out, whoever is there. */
  | {
      readonly kind: 'greet';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly peer: NodeKey | undefined;
    }
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
    }
  /** The session that `peer` has there may be forgotten at its end: it has to prove itself. */
  | {
      readonly kind: 'doubted';
      readonly link: LinkId;
      readonly address: LinkAddress;
      readonly peer: NodeKey;
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
  doubtedAt: Instant;
  /**
   * Bytes that may still go there; undefined when a session has proved the address, or nobody can forge it.
   */
  credit: number | undefined;
}

interface Target {
  readonly link: LinkId;
  readonly address: LinkAddress;
  /** Who was there. */
  peer: NodeKey | undefined;
  /** That one is tried next, else whoever is there. */
  isPeerNext: boolean;
  at: Instant | undefined;
  everyMs: number;
  greetedAt: Instant;
}

export class Discovery implements Machine<DiscoveryInput, DiscoveryOutput> {
  readonly #self: NodeKey;
  readonly #random: Random;
  readonly #beaconMsMax: number;
  readonly #out = new Outbox<DiscoveryOutput>();
  readonly #links = new Map<LinkId, Beaconing>();
  #stations: Station[] = [];
  #targets: Target[] = [];

  /** `wakeEveryMs`: beacons are so far apart, once they are rare. */
  constructor(self: NodeKey, random: Random, wakeEveryMs = 0) {
    this.#self = self;
    this.#random = random;
    this.#beaconMsMax = Math.max(BEACON_MAX_MS, wakeEveryMs);
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

  /** Whether the host said that somebody is there. */
  isTarget(link: LinkId, address: LinkAddress): boolean {
    return this.#targets.some((target) => isAt(target, link, address));
  }

  /** Who was there last. */
  peerAt(link: LinkId, address: LinkAddress): NodeKey | undefined {
    return this.#find(link, address)?.peer;
  }

  /** A packet came from there that no session vouches for. */
  earn(link: LinkId, address: LinkAddress, bytes: number): void {
    const station = this.#find(link, address);
    if (station?.credit === undefined) return;
    station.credit = Math.min(CREDIT_BYTES_MAX, station.credit + AMPLIFICATION_MAX * bytes);
  }

  /**
   * Whether a packet that belongs to no session may go there. Only beacons point at others: none, no bound.
   */
  spend(link: LinkId, address: LinkAddress, bytes: number): boolean {
    const station = this.#find(link, address);
    if (station?.credit === undefined) return true;
    if (station.credit < bytes) return false;
    station.credit -= bytes;
    return true;
  }

  #onLinkUp(now: Instant, link: LinkId, info: LinkInfo): void {
    const at = info.cast === 'address' ? undefined : now + randomBelow(this.#random, BEACON_FIRST_MS);
    this.#links.set(link, { info, at, everyMs: BEACON_MIN_MS });
    for (const target of this.#targets) {
      if (target.link !== link) continue;
      target.at = now;
      target.everyMs = GREET_MIN_MS;
      target.isPeerNext = true;
    }
  }

  #onLinkDown(link: LinkId): void {
    this.#links.delete(link);
    this.#stations = this.#stations.filter((station) => station.link !== link);
    for (const target of this.#targets) if (target.link === link) target.at = undefined;
  }

  #onConnect(now: Instant, link: LinkId, address: LinkAddress): void {
    if (this.#targets.some((target) => isAt(target, link, address))) return;
    const isDue = this.#links.has(link) && this.#find(link, address)?.isPresent !== true;
    const at = isDue ? now : undefined;
    const never = { peer: undefined, isPeerNext: false, greetedAt: -Infinity };
    this.#targets.push({ link, address, at, everyMs: GREET_MIN_MS, ...never });
  }

  #onBeacon(now: Instant, beacon: Extract<DiscoveryInput, { kind: 'beacon' }>): void {
    const { link, address, peer, boot, knownBoot } = beacon;
    if (peer === this.#self) return;
    const station = this.#find(link, address) ?? this.#add(link, address, peer);
    this.earn(link, address, BEACON_BYTES);
    if (station.peer !== peer) return this.#onOther(station, peer, boot);
    const before = station.boot ?? knownBoot;
    const isRestarted = before !== undefined && isLater(boot, before);
    if (isRestarted || !station.isPresent) station.boot = boot;
    // A session that its end has forgotten must not be waited for.
    if (isRestarted) return this.#found(station, peer, true);
    if (!station.isPresent) station.openAt ??= this.#self < peer ? now : now + YIELD_MS;
    else if (before !== boot || this.#isPoint(link)) this.#doubt(now, station);
  }

  /** Somebody else than before at this address. Who has a session there keeps the place until it is lost. */
  #onOther(station: Station, peer: NodeKey, boot: number): void {
    if (!station.isPresent) {
      station.peer = peer;
      station.boot = boot;
    }
    this.#found(station, peer, false);
  }

  /**
   * An older boot is that of a lost store, or of a beacon that was replayed. On a cable, who has a session
   * does not beacon.
   */
  #doubt(now: Instant, station: Station): void {
    if (now - station.doubtedAt < DOUBT_EVERY_MS) return;
    station.doubtedAt = now;
    const { link, address, peer } = station;
    this.#out.push({ kind: 'doubted', link, address, peer });
  }

  #isPoint(link: LinkId): boolean {
    return this.#links.get(link)?.info.cast === 'point';
  }

  #onPresent(link: LinkId, address: LinkAddress, peer: NodeKey): void {
    const station = this.#find(link, address) ?? this.#add(link, address, peer);
    if (station.peer !== peer) station.boot = undefined;
    station.peer = peer;
    station.isPresent = true;
    station.openAt = undefined;
    station.credit = undefined;
    for (const target of this.#targets) {
      if (!isAt(target, link, address)) continue;
      target.at = undefined;
      target.peer = peer;
    }
    const beaconing = this.#links.get(link);
    // On a cable there is nobody else to be found.
    if (beaconing?.info.cast === 'point') beaconing.at = undefined;
  }

  #onAbsent(now: Instant, link: LinkId, address: LinkAddress): void {
    const station = this.#find(link, address);
    if (station !== undefined) station.isPresent = false;
    for (const target of this.#targets) {
      if (!this.#links.has(target.link)) continue;
      if (!isAt(target, link, address) && target.peer !== station?.peer) continue;
      // Who leaves at once, for another address perhaps, is greeted ever more rarely.
      if (now - target.greetedAt > 2 * GREET_MAX_MS) target.everyMs = GREET_MIN_MS;
      target.at = Math.max(now, target.greetedAt + target.everyMs);
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
      beaconing.everyMs = Math.min(this.#beaconMsMax, beaconing.everyMs * 2);
    }
    for (const target of this.#targets) {
      if (target.at === undefined || target.at > now) continue;
      this.#try(target);
      target.greetedAt = now;
      target.at = now + target.everyMs + randomBelow(this.#random, target.everyMs);
      target.everyMs = Math.min(GREET_MAX_MS, target.everyMs * 2);
    }
    for (const station of this.#stations) {
      if (station.openAt !== undefined && station.openAt <= now) this.#found(station, station.peer, false);
    }
  }

  /** Who was there may have a session by another way, which can use the address; else whoever is there. */
  #try(target: Target): void {
    const { link, address, peer: last, isPeerNext, everyMs } = target;
    const isElsewhere = this.#stations.some(({ isPresent, peer }) => isPresent && peer === last);
    target.isPeerNext = isElsewhere ? everyMs < GREET_MAX_MS : !isPeerNext;
    const peer = isPeerNext ? last : undefined;
    if (peer !== undefined || !isElsewhere) this.#out.push({ kind: 'greet', link, address, peer });
  }

  #found(station: Station, peer: NodeKey, isRestarted: boolean): void {
    station.openAt = undefined;
    const { link, address } = station;
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
    const credit = this.#links.get(link)?.info.cast === 'broadcast' ? 0 : undefined;
    const unknown = { boot: undefined, isPresent: false, openAt: undefined };
    const station = { link, address, peer, ...unknown, doubtedAt: -Infinity, credit };
    this.#stations.push(station);
    return station;
  }
}

/** Serial order of 16 bits (SPEC §2.1). */
function isLater(boot: number, before: number): boolean {
  return boot !== before && ((boot - before) & 0xffff) < 0x8000;
}

function isAt(place: { link: LinkId; address: LinkAddress }, link: LinkId, address: LinkAddress): boolean {
  return place.link === link && place.address === address;
}
