import { BROADCAST, type LinkAddress } from '@fogwisp/protocol';
import type { Link, LinkSink } from '../platform.js';
import { ShimError } from '../shim-error.js';
import { LanGroup } from './lan-group.js';
import { LanHints, type MdnsCounters } from './lan-hints.js';
import { isLoopback, isOnLink, type LanInterface, lanInterfaces } from './lan-interface.js';
import { LAN_GROUP_IPV4, LAN_GROUP_IPV6, LAN_PORT, type LanOptions } from './lan-options.js';
import { LanPort, type LanPortSink } from './lan-port.js';
import { type Station, StationBook } from './station.js';
import { socketError } from './system-error.js';
import { DATAGRAM_MTU } from './udp.js';

/**
 * Systems tell of interfaces that come and go in as many ways as there are systems: asking is the same on
 * all.
 */
const POLL_MS = 5000;

/** So many polls until what did not work is tried again: a minute. */
const RETRY_POLLS = 12;

/** A new IPv6 address is refused for a second or two, while the system looks whether it is unique. */
const FAILURES_TOLERATED = 2;

/** Stations whose interface is remembered; when full all are forgotten. */
const ROUTE_COUNT_MAX = 1024;

/**
 * The local network. Each interface has a unicast socket of its own, from which beacons leave as well, so
 * that the address a beacon came from is where its sender is reached. Beacons are heard on the shared port.
 */
export class LanLink implements Link {
  readonly #options: LanOptions;
  readonly #mtu: number;
  readonly #stations = new StationBook();
  readonly #ports = new Map<string, LanPort>();
  readonly #groups = new Map<4 | 6, LanGroup>();
  readonly #openGroups = new Set<4 | 6>();
  readonly #routes = new Map<LinkAddress, LanPort>();
  /** Addresses of this link itself, whose beacons come back. */
  readonly #own = new Set<LinkAddress>();
  readonly #told = new Set<string>();
  #hints: LanHints | undefined;
  #sink: LinkSink | undefined;
  /** Sockets that did not open, in a row, by interface and address. */
  readonly #failures = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #pollCount = 0;
  #isUp = false;
  #reason = '';

  constructor(options: LanOptions = {}) {
    this.#options = options;
    this.#mtu = options.mtu ?? DATAGRAM_MTU;
  }

  /** Where stations reach this link now, one for each interface and family. */
  get addresses(): readonly LinkAddress[] {
    return [...this.#own];
  }

  /** What mDNS told; undefined where it is not used. */
  get mdns(): MdnsCounters | undefined {
    return this.#hints?.counters;
  }

  open(sink: LinkSink): void {
    this.#sink = sink;
    const { mdns } = this.#options;
    if (mdns !== undefined) {
      this.#hints = new LanHints(mdns, {
        isOwn: (station) => this.#own.has(station),
        notice: (text) => this.#tellOnce(text),
      });
    }
    queueMicrotask(() => this.#poll());
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    if (!this.#isUp || bytes.length === 0 || bytes.length > this.#mtu) return false;
    if (to === BROADCAST) return this.#announce(bytes);
    const station = this.#stations.stationOf(to);
    if (station === undefined) return false;
    return this.#portFor(to, station)?.send(station, bytes) ?? false;
  }

  close(): void {
    this.#sink = undefined;
    this.#isUp = false;
    clearTimeout(this.#timer);
    this.#hints?.close();
    for (const port of this.#ports.values()) port.close();
    for (const group of this.#groups.values()) group.close();
    this.#ports.clear();
    this.#groups.clear();
    this.#own.clear();
  }

  #announce(bytes: Uint8Array): boolean {
    let isSent = false;
    for (const port of this.#ports.values()) isSent = port.announce(bytes) || isSent;
    for (const station of this.#hints?.beaconed() ?? []) isSent = this.send(station, bytes) || isSent;
    return isSent;
  }

  #portFor(name: LinkAddress, station: Station): LanPort | undefined {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    let chosen: LanPort | undefined;
    for (const port of this.#ports.values()) {
      if (port.station === undefined || port.at.family !== station.family) continue;
      if (isOnLink(port.at, station)) return this.#remember(name, port);
      chosen ??= port;
    }
    return chosen;
  }

  #remember(name: LinkAddress, port: LanPort): LanPort {
    if (this.#routes.size >= ROUTE_COUNT_MAX) this.#routes.clear();
    this.#routes.set(name, port);
    return port;
  }

  /** Follows the interfaces of the machine. */
  #poll(): void {
    if (this.#sink === undefined) return;
    this.#timer = setTimeout(() => this.#poll(), this.#options.pollMs ?? POLL_MS);
    const present = new Map<string, LanInterface>();
    for (const at of lanInterfaces(this.#options, this.#options.networkInterfaces?.()))
      present.set(keyOf(at), at);
    for (const [key, port] of this.#ports) if (!present.has(key)) this.#detach(key, port);
    for (const [key, at] of present) {
      if (!this.#groups.has(at.family)) this.#openGroup(at.family);
      if (!this.#ports.has(key)) this.#attach(key, at);
    }
    if (this.#ports.size === 0) this.#tellDown('networkDown', this.#absence());
    if (++this.#pollCount % RETRY_POLLS === 0) this.#retryMulticast();
  }

  #retryMulticast(): void {
    for (const port of this.#ports.values()) {
      if (port.station === undefined) continue;
      port.retry();
      if (this.#openGroups.has(port.at.family)) this.#join(port);
    }
  }

  #absence(): string {
    const { interfaces, loopbackOnly } = this.#options;
    const what = loopbackOnly === true ? 'loopback' : (interfaces?.join(', ') ?? 'any network interface');
    return `LAN: ${what} is not up: plug the cable in or join the Wi-Fi; looking again`;
  }

  #attach(key: string, at: LanInterface): void {
    const multicast = this.#options.multicast ?? true;
    this.#ports.set(
      key,
      new LanPort({ at, group: this.#groupStation(at.family), multicast }, this.#portSink),
    );
  }

  #detach(key: string, port: LanPort): void {
    this.#ports.delete(key);
    this.#routes.clear();
    if (port.station !== undefined) this.#own.delete(port.station);
    this.#hints?.detach(port.at);
    if (this.#openGroups.has(port.at.family)) this.#groups.get(port.at.family)?.leave(port.at);
    port.close();
  }

  #groupStation(family: 4 | 6): Station {
    const { group = LAN_GROUP_IPV4, group6 = LAN_GROUP_IPV6, port = LAN_PORT } = this.#options;
    return { address: family === 4 ? group : group6, port, family };
  }

  readonly #portSink: LanPortSink = {
    opened: (port) => this.#onPortOpened(port),
    packet: (port, bytes, address, from) => {
      const name = this.#stations.nameOf(address, from);
      if (this.#routes.get(name) !== port) this.#remember(name, port);
      this.#hints?.heard(name);
      this.#sink?.packet(name, bytes);
    },
    failed: (port, error) => this.#onPortFailed(port, error),
    notice: (text) => this.#tellOnce(text),
  };

  #onPortOpened(port: LanPort): void {
    if (port.station !== undefined) {
      this.#own.add(port.station);
      this.#hints?.attach(port.at, this.#stations.stationOf(port.station)?.port ?? 0);
    }
    this.#failures.delete(keyOf(port.at));
    if (this.#openGroups.has(port.at.family)) this.#join(port);
    if (this.#isUp) this.#sink?.notice?.(`LAN: ${port.at.name} (${port.at.address}) joined`);
    else this.#comeUp();
  }

  /** Once the sockets of all interfaces are open. */
  #comeUp(): void {
    for (const port of this.#ports.values()) if (port.station === undefined) return;
    this.#isUp = true;
    this.#reason = '';
    const names = new Set([...this.#ports.values()].map((each) => each.at.name));
    this.#sink?.up({
      kind: 'lan',
      name: [...names].join('+'),
      mtu: this.#mtu,
      flow: 'datagram',
      cast: 'broadcast',
      reliable: false,
      bitrate: 0,
    });
  }

  /** Tried again at the next poll: an address may be announced before it can be used. */
  #onPortFailed(port: LanPort, error: Error): void {
    const key = keyOf(port.at);
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#detach(key, port);
    const fault = socketError(error, `the LAN socket of ${port.at.name}`, port.at.address);
    if (this.#ports.size === 0) {
      this.#tellDown(fault.code, fault.message);
      return;
    }
    if (failures > FAILURES_TOLERATED) this.#tellOnce(fault.message);
    if (!this.#isUp) this.#comeUp();
  }

  #openGroup(family: 4 | 6): void {
    const station = this.#groupStation(family);
    const group = new LanGroup(station, {
      opened: () => {
        this.#openGroups.add(family);
        for (const port of this.#ports.values()) {
          // Those that are not open yet join once they are.
          if (port.at.family === family && port.station !== undefined) this.#join(port);
        }
      },
      packet: (bytes, address, port) => this.#onBeacon(bytes, address, port),
      failed: (error) => {
        this.#groups.delete(family);
        this.#openGroups.delete(family);
        const fault = socketError(error, `beacon port ${station.port}`, family === 4 ? '0.0.0.0' : '::');
        this.#tellOnce(`no beacons are heard: ${fault.message}`);
      },
    });
    this.#groups.set(family, group);
  }

  #join(port: LanPort): void {
    if (this.#options.multicast === false) return;
    const error = this.#groups.get(port.at.family)?.join(port.at);
    if (error !== undefined) port.fallBack(error);
  }

  #onBeacon(bytes: Uint8Array, address: string, port: number): void {
    if (!this.#isUp || (this.#options.loopbackOnly === true && !isLoopback(address))) return;
    const from = this.#stations.nameOf(address, port);
    if (this.#own.has(from)) return;
    this.#hints?.heard(from);
    this.#sink?.packet(from, bytes);
  }

  #tellOnce(text: string): void {
    if (this.#told.has(text)) return;
    this.#told.add(text);
    this.#sink?.notice?.(text);
  }

  #tellDown(code: ShimError['code'], reason: string): void {
    const isKnown = !this.#isUp && this.#reason === reason;
    this.#isUp = false;
    this.#reason = reason;
    if (!isKnown) this.#sink?.down(reason, new ShimError(code, reason));
  }
}

/** Everybody on the local network; default: all interfaces, the group and port of all. */
export function lanLink(options: LanOptions = {}): LanLink {
  return new LanLink(options);
}

function keyOf(at: LanInterface): string {
  return `${at.name} ${at.address}`;
}
