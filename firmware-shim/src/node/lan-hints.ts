import { isIPv4 } from 'node:net';
import type { LinkAddress } from '@fogwisp/protocol';
import type { Answer } from 'dns-packet';
import { ShimError } from '../shim-error.js';
import { isOnLink, type LanInterface } from './lan-interface.js';
import { loadMdns, type MakeMdns } from './mdns-package.js';
import { NETWORK_DIGITS, readStations } from './mdns-records.js';
import { MdnsResponder } from './mdns-responder.js';
import { nodeRandom } from './random.js';
import { formatStation } from './station.js';
import { messageOf, socketError } from './system-error.js';

const MDNS_PORT = 5353;

/** Stations told of, 200 B each; when full the oldest goes, one that never answered first. */
const HINT_COUNT_MAX = 64;

/** At one address: nobody is to be showered with our beacons because somebody else wants it so. */
const HINTS_PER_ADDRESS_MAX = 12;

/** Beacons during which a station may be silent before it is sent one: it has 112 s for its heartbeat. */
const SILENT_BEACONS_MIN = 3;

/** A silent station gets our 1st, 2nd, 4th beacon, and each 8th: one in four minutes at rest. */
const SILENT_BEACONS_MAX = 8;

/** How stations are found by mDNS as well (SPEC §8.1). */
export interface MdnsOptions {
  /** In hex digits. The first 8 are told to everybody, and stations that tell others are left alone. */
  readonly networkId: string;
  /** Where the package multicast-dns is missing, or the port is taken, nothing is said. */
  readonly isOptional?: boolean;
  /** For tests: 5353 is everybody's. */
  readonly port?: number;
}

/** What came by mDNS since the link was opened. */
export interface MdnsCounters {
  /** Addresses of stations of our network, repeated ones included. */
  readonly hints: number;
  /** Records of other networks. */
  readonly foreign: number;
  /** Packets that are none, and records of our service without what makes them one. */
  readonly junk: number;
}

export interface LanHintsSink {
  /** Whether this is one of our own sockets. */
  isOwn(station: LinkAddress): boolean;
  notice(text: string): void;
}

interface Hint {
  readonly host: string;
  /** Our beacons since it was heard or told of; below zero while it was heard lately. */
  silence: number;
  hasAnswered: boolean;
}

/**
 * Stations that mDNS tells of. A hint leads to one thing only: our next beacon is sent to that address as
 * well, and whoever has our network key answers it (SPEC §8.1). Goodbyes and times to live change nothing.
 */
export class LanHints {
  readonly #options: MdnsOptions;
  readonly #network: string;
  readonly #sink: LanHintsSink;
  readonly #hints = new Map<LinkAddress, Hint>();
  readonly #ports = new Map<LanInterface, number>();
  readonly #responders = new Map<LanInterface, MdnsResponder>();
  #make: MakeMdns | undefined;
  #isClosed = false;
  #hintCount = 0;
  #foreignCount = 0;
  #junkCount = 0;

  constructor(options: MdnsOptions, sink: LanHintsSink) {
    this.#options = options;
    this.#network = options.networkId.substring(0, NETWORK_DIGITS).toLowerCase();
    this.#sink = sink;
    loadMdns().then(
      (make) => this.#onLoaded(make),
      (error: unknown) => this.#tell(error instanceof ShimError ? error.message : messageOf(error)),
    );
  }

  get counters(): MdnsCounters {
    return { hints: this.#hintCount, foreign: this.#foreignCount, junk: this.#junkCount };
  }

  /** Announces a socket of ours, and listens on its interface. */
  attach(at: LanInterface, port: number): void {
    this.#ports.set(at, port);
    this.#respond(at, port);
  }

  detach(at: LanInterface): void {
    this.#ports.delete(at);
    this.#responders.get(at)?.close();
    this.#responders.delete(at);
  }

  /** Something came from there: no need for our beacon. */
  heard(station: LinkAddress): void {
    const hint = this.#hints.get(station);
    if (hint === undefined) return;
    hint.silence = -SILENT_BEACONS_MIN;
    hint.hasAnswered = true;
  }

  /** The stations that the beacon of this moment should be sent to. */
  beaconed(): LinkAddress[] {
    const due: LinkAddress[] = [];
    for (const [station, hint] of this.#hints) if (isDue(++hint.silence)) due.push(station);
    return due;
  }

  close(): void {
    this.#isClosed = true;
    for (const responder of this.#responders.values()) responder.close();
    this.#responders.clear();
    this.#ports.clear();
    this.#hints.clear();
  }

  #onLoaded(make: MakeMdns): void {
    if (this.#isClosed) return;
    this.#make = make;
    for (const [at, port] of this.#ports) this.#respond(at, port);
  }

  #respond(at: LanInterface, port: number): void {
    const make = this.#make;
    if (make === undefined) return;
    const mdnsPort = this.#options.port ?? MDNS_PORT;
    const responder = new MdnsResponder(
      { make, at, port, network: this.#network, mdnsPort, random: nodeRandom },
      {
        response: (records, from) => this.#onResponse(at, records, from),
        undecodable: () => void this.#junkCount++,
        failed: (error) => this.#onFailed(at, error),
      },
    );
    this.#responders.set(at, responder);
  }

  #onResponse(at: LanInterface, records: readonly Answer[], from: string): void {
    for (const heard of readStations(records, this.#network)) {
      if (heard.kind === 'foreign') this.#foreignCount++;
      else if (heard.kind === 'junk') this.#junkCount++;
      else for (const host of hostsOf(heard.addresses, at, from)) this.#note(host, heard.port);
    }
  }

  #note(host: string, port: number): void {
    const station = formatStation(host, port);
    if (this.#sink.isOwn(station)) return;
    this.#hintCount++;
    const known = this.#hints.get(station);
    if (known === undefined) this.#add(station, host);
    else if (known.silence > 0) known.silence = 0; // it is there after all
  }

  #add(station: LinkAddress, host: string): void {
    const atHost = [...this.#hints].filter(([, hint]) => hint.host === host);
    if (atHost.length >= HINTS_PER_ADDRESS_MAX) this.#evict(atHost);
    if (this.#hints.size >= HINT_COUNT_MAX) this.#evict([...this.#hints]);
    this.#hints.set(station, { host, silence: 0, hasAnswered: false });
  }

  #evict(hints: readonly (readonly [LinkAddress, Hint])[]): void {
    const gone = hints.find(([, hint]) => !hint.hasAnswered) ?? hints[0];
    if (gone !== undefined) this.#hints.delete(gone[0]);
  }

  #onFailed(at: LanInterface, error: Error): void {
    const port = this.#options.port ?? MDNS_PORT;
    this.#tell(`no mDNS on ${at.name}: ${socketError(error, `UDP port ${port}`, at.address).message}`);
  }

  #tell(text: string): void {
    if (!this.#isClosed && this.#options.isOptional !== true) this.#sink.notice(text);
  }
}

/** 1, 2, 4, 8, 16, 24 ... */
function isDue(silence: number): boolean {
  if (silence >= SILENT_BEACONS_MAX) return silence % SILENT_BEACONS_MAX === 0;
  return silence > 0 && (silence & (silence - 1)) === 0;
}

/** Where it says, if that is near; else where the packet came from. */
function hostsOf(addresses: readonly string[], at: LanInterface, from: string): readonly string[] {
  const near = addresses.filter((address) => isNear(at, address)).map((address) => scoped(address, at));
  return near.length === 0 ? [from] : near;
}

/** A link-local address means the network that it was heard on. */
function scoped(address: string, at: LanInterface): string {
  return isLinkLocal(address) ? `${address}%${at.name}` : address;
}

/** On the network of the interface, or private: a record cannot point us at somebody on the Internet. */
function isNear(at: LanInterface, address: string): boolean {
  if (!isIPv4(address)) return !at.isInternal && (isLinkLocal(address) || /^f[cd]/i.test(address));
  if (isOnLink(at, { address, port: 1, family: 4 })) return true;
  return !at.isInternal && /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.)/.test(address);
}

function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/i.test(address);
}
