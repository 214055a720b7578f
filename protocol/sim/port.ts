import { Framer, type LinkAddress, type LinkId, type LinkInfo } from '@fogwisp/protocol';
import type { Microseconds } from './clock.js';
import type { Firewall } from './firewall.js';
import type { Host } from './host.js';
import type { Lane, LinkQuality } from './link.js';
import type { Medium } from './medium.js';
import type { Nat } from './nat.js';
import type { Framing } from './stream.js';

/** Payload as nodes see it: packet bytes, without framing or headers of the medium. */
export interface Counters {
  sentPackets: number;
  sentBytes: number;
  receivedPackets: number;
  receivedBytes: number;
}

export function zeroCounters(): Counters {
  return { sentPackets: 0, sentBytes: 0, receivedPackets: 0, receivedBytes: 0 };
}

export interface PortOptions {
  readonly host: Host;
  readonly medium: Medium;
  readonly link: LinkId;
  /** '' at the ends of a point medium. */
  readonly address: LinkAddress;
  readonly lane: Lane;
  readonly quality: LinkQuality;
  readonly behind?: Nat | undefined;
}

/** Where a host is plugged into a medium: what its node knows as a link. */
export class Port {
  readonly host: Host;
  readonly medium: Medium;
  readonly link: LinkId;
  readonly address: LinkAddress;
  readonly lane: Lane;
  /** The box between this port and the medium. */
  readonly behind: Nat | undefined;
  /** Of what this port sends. */
  quality: LinkQuality;
  readonly counters: Counters = zeroCounters();
  /** What the node was told last. */
  isUp = false;
  /** Senders that this port does not hear. */
  readonly deafTo = new Set<Port>();
  /** The stations that hear this one, in order; undefined means all. */
  reach: readonly Port[] | undefined = undefined;
  /** In front of this station, if there is one. */
  firewall: Firewall | undefined = undefined;
  /** Nothing from this port arrives earlier on a medium that keeps the order. */
  lastArrivalAt: Microseconds = 0;
  #framing: Framing | undefined;

  constructor(options: PortOptions) {
    this.host = options.host;
    this.medium = options.medium;
    this.link = options.link;
    this.address = options.address;
    this.lane = options.lane;
    this.behind = options.behind;
    this.quality = options.quality;
    this.renewFraming();
  }

  /** What the node is told: on media with addresses also its own. */
  get info(): LinkInfo {
    const { info } = this.medium;
    return info.cast === 'address' ? { ...info, addresses: [this.address] } : info;
  }

  get framing(): Framing | undefined {
    return this.#framing;
  }

  reaches(port: Port): boolean {
    return this.reach === undefined || this.reach.includes(port);
  }

  renewFraming(): void {
    const { options, info } = this.medium;
    if (options.stream !== undefined) this.#framing = options.stream.makeFraming?.() ?? new Framer(info.mtu);
  }
}
