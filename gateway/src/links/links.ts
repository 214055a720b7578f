import type { Link, LinkSource, LinkSourceSink } from '@fogwisp/firmware-shim';
import {
  lanLink,
  type MdnsOptions,
  type PortMappingReport,
  Standby,
  serialLink,
  tcpLink,
  tcpListener,
  type UdpLink,
  udpLink,
} from '@fogwisp/firmware-shim/node';
import type { LinkAddress, LinkId, Rung } from '@fogwisp/protocol';
import type { LinkConfig } from '../config/config.js';
import { unreachable } from '../unreachable.js';
import { type LinkReport, ObservedLink } from './observed-link.js';
import { resolveAddress, splitHostPort } from './resolve.js';
import type { StationReport } from './station-watch.js';

const RESOLVE_AGAIN_MS = 30_000;

/** The doors of a Device that links go through. */
export interface LinkPort {
  readonly networkId: string;
  addLink(link: Link): LinkId;
  removeLink(link: LinkId): void;
  connect(link: LinkId, address: LinkAddress, rung?: Rung): void;
}

/** When a link has heard anybody, and when by IPv6. */
export interface HeardReport {
  readonly kind: string;
  readonly msAgo?: number;
  readonly msAgo6?: number;
}

/** A link that others may see from outside. */
export interface UdpReport {
  readonly id: LinkId;
  readonly name: string;
  readonly portMapping: PortMappingReport;
}

export interface LinksOptions {
  readonly port: LinkPort;
  readonly onTrouble: (trouble: string) => void;
}

/** The media of a gateway: opened from the configuration, watched, and told about. */
export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<LinkId, ObservedLink>();
  readonly #dialed = new WeakMap<ObservedLink, string>();
  readonly #udp = new Map<LinkId, UdpLink>();
  readonly #standbys = new Map<string, Standby>();
  readonly #sources: LinkSource[] = [];
  readonly #listening = new Map<LinkSource, LinkReport>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  open(config: LinkConfig): void {
    switch (config.kind) {
      case 'lan': {
        const { interfaces, port, loopbackOnly } = config;
        const mdns = this.#mdnsOf(config);
        const link = lanLink({ ...given({ interfaces, port, mdns }), loopbackOnly });
        this.add(link, 'lan', interfaces?.join(',') ?? '');
        return;
      }
      case 'udp': {
        const { bind, port, connect, waysIn = [], portMapping = true } = config;
        const udp = udpLink(given({ bind, port, portMapping }));
        const link = this.add(udp, 'udp', port === 0 ? '' : `:${port}`);
        this.#udp.set(link, udp);
        for (const address of connect) void this.#greet(link, address);
        for (const { address, rung, hasTcp } of waysIn) {
          if (hasTcp) this.#standBy(address, true);
          void this.#greet(link, address, rung);
        }
        return;
      }
      case 'tcpDial': {
        const { address } = config;
        if (config.isStandby) this.#standBy(address);
        else this.#addDialed(tcpLink(stationOf(address)), address);
        return;
      }
      case 'tcpListen': {
        const { bind, port } = config;
        this.#listen(tcpListener(given({ bind, port })), port);
        return;
      }
      case 'serial': {
        const { path, baudRate } = config;
        this.add(serialLink({ path, baudRate }), 'serial', path);
        return;
      }
      default:
        unreachable(config);
    }
  }

  add(link: Link, kind: string, name: string): LinkId {
    const { port, onTrouble } = this.#options;
    const called = name === '' ? kind : `${kind} ${name}`;
    // That it went down, and why, is told by the device itself.
    const observed = new ObservedLink(link, kind, name, () => onTrouble(`${called} is up again`));
    const id = port.addLink(observed);
    this.#links.set(id, observed);
    return id;
  }

  reports(): readonly LinkReport[] {
    return [...[...this.#links.values()].map((link) => link.report), ...this.#listening.values()];
  }

  /** Who was greeted, by which medium, and what came of it. */
  stations(): readonly StationReport[] {
    const now = performance.now();
    const standingBy = [...this.#standbys].filter(([, standby]) => standby.isStandingBy);
    return [
      ...[...this.#links.values()].flatMap((link) => {
        const address = this.#dialed.get(link);
        return address === undefined ? link.stations.reports(now) : [dialReport(address, link, now)];
      }),
      ...standingBy.map(
        ([address]): StationReport => ({
          medium: 'tcp',
          address,
          state: 'standby',
          sentPackets: 0,
          waitedMs: 0,
        }),
      ),
    ];
  }

  /** The links that others see from outside. */
  udp(): readonly UdpReport[] {
    return [...this.#udp].flatMap(([id, { portMapping }]) => {
      const report = this.#links.get(id)?.report;
      return report === undefined ? [] : [{ id, name: report.name, portMapping }];
    });
  }

  /** How long ago each link heard anything. */
  heard(): readonly HeardReport[] {
    const now = performance.now();
    const ago = (at: number | undefined) => (at === undefined ? undefined : now - at);
    return [...this.#links.values()].map(({ heard, report }) => ({
      kind: report.kind,
      ...given({ msAgo: ago(heard.at), msAgo6: ago(heard.at6) }),
    }));
  }

  /** The port that the first UDP link got; undefined until it is open. */
  get udpPort(): number | undefined {
    const report = this.reports().find((each) => each.kind === 'udp' && each.state === 'up');
    return report === undefined ? undefined : Number(splitHostPort(report.name).port);
  }

  /** The links themselves end with their device. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const source of this.#sources) source.close();
  }

  /** Unasked, it is there when it can be, except on loopback, where no beacon is lost. */
  #mdnsOf({ mdns, loopbackOnly }: Extract<LinkConfig, { kind: 'lan' }>): MdnsOptions | undefined {
    if (!(mdns ?? !loopbackOnly)) return undefined;
    return { networkId: this.#options.port.networkId, isOptional: mdns === undefined };
  }

  /** Greets a station at a name or an address; a name that is not known now may be known later. */
  async #greet(link: LinkId, address: string, rung?: Rung): Promise<void> {
    const { port, onTrouble } = this.#options;
    const found = await resolveAddress(address);
    const stations = this.#links.get(link)?.stations;
    if (found !== undefined) {
      stations?.watch(address, found, this.#standbys.get(address), rung !== undefined);
      if (stations !== undefined) port.connect(link, found, rung);
      return;
    }
    stations?.noteUnresolved(address);
    onTrouble(
      `"${address}" has no address at present; it is looked up again in ${RESOLVE_AGAIN_MS / 1000} s`,
    );
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#greet(link, address, rung);
    }, RESOLVE_AGAIN_MS);
    this.#timers.add(timer);
  }

  #addDialed(link: Link, address: string): LinkId {
    const id = this.add(link, 'tcp', address);
    const observed = this.#links.get(id);
    if (observed !== undefined) this.#dialed.set(observed, address);
    return id;
  }

  #standBy(address: string, waits = false): void {
    const standby = new Standby({ dial: () => tcpLink(stationOf(address)), waits });
    this.#standbys.set(address, standby);
    this.#sources.push(standby);
    standby.open({
      ...this.#adopting((link) => this.#addDialed(link, address)),
      up: () => undefined,
      down: () => undefined,
    });
  }

  /** Takes in what a source yields, and lets it go. */
  #adopting(adopt: (link: Link) => LinkId): Pick<LinkSourceSink, 'add' | 'remove'> {
    const adopted = new Map<Link, LinkId>();
    return {
      add: (link) => adopted.set(link, adopt(link)),
      remove: (link) => {
        const id = adopted.get(link);
        adopted.delete(link);
        if (id === undefined) return;
        this.#links.delete(id);
        this.#options.port.removeLink(id);
      },
    };
  }

  #listen(source: LinkSource, wanted: number): void {
    const { onTrouble } = this.#options;
    const report = (name: string, state: LinkReport['state'], reason?: string) =>
      this.#listening.set(source, { kind: 'tcp listener', name, state, ...given({ reason }) });
    report(`:${wanted}`, 'opening');
    this.#sources.push(source);
    source.open({
      ...this.#adopting((link) => this.add(link, 'tcp', 'accepted')),
      up: (address) => report(address, 'up'),
      down: (reason) => {
        report(`:${wanted}`, 'down', reason);
        onTrouble(`tcp listener on port ${wanted} is down: ${reason}`);
      },
      notice: (text) => onTrouble(text),
    });
  }
}

function dialReport(address: string, link: ObservedLink, now: number): StationReport {
  const { state, reason } = link.report;
  const common = { medium: 'tcp', address, sentPackets: 0, waitedMs: 0 } as const;
  if (state !== 'up')
    return { ...common, state: state === 'down' ? 'down' : 'waiting', ...given({ reason }) };
  const { at } = link.heard;
  return { ...common, state: 'heard', ...(at === undefined ? {} : { heardMsAgo: now - at }) };
}

function stationOf(address: string): { host: string; port: number } {
  const { host, port } = splitHostPort(address);
  return { host, port: Number(port) };
}

/** Without the properties that are undefined: the adapters tell absent and undefined apart. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  // Only absent keys differ.
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
