import type { Link, LinkSource } from '@fogwisp/firmware-shim';
import {
  lanLink,
  type MdnsOptions,
  serialLink,
  tcpLink,
  tcpListener,
  udpLink,
} from '@fogwisp/firmware-shim/node';
import type { LinkAddress, LinkId } from '@fogwisp/protocol';
import type { LinkConfig } from '../config/config.js';
import { unreachable } from '../unreachable.js';
import { type LinkReport, ObservedLink } from './observed-link.js';
import { resolveAddress, splitHostPort } from './resolve.js';

const RESOLVE_AGAIN_MS = 30_000;

/** The doors of a Device that links go through. */
export interface LinkPort {
  readonly networkId: string;
  addLink(link: Link): LinkId;
  removeLink(link: LinkId): void;
  connect(link: LinkId, address: LinkAddress): void;
}

export interface LinksOptions {
  readonly port: LinkPort;
  readonly onTrouble: (trouble: string) => void;
}

/** The media of a gateway: opened from the configuration, watched, and told about. */
export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<LinkId, ObservedLink>();
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
        const { bind, port, connect } = config;
        const link = this.add(udpLink(given({ bind, port })), 'udp', port === 0 ? '' : `:${port}`);
        for (const address of connect) void this.#greet(link, address);
        return;
      }
      case 'tcpDial':
        this.add(tcpLink(stationOf(config.address)), 'tcp', config.address);
        return;
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
  async #greet(link: LinkId, address: string): Promise<void> {
    const { port, onTrouble } = this.#options;
    const found = await resolveAddress(address);
    if (found !== undefined) {
      if (this.#links.has(link)) port.connect(link, found);
      return;
    }
    onTrouble(
      `"${address}" has no address at present; it is looked up again in ${RESOLVE_AGAIN_MS / 1000} s`,
    );
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#greet(link, address);
    }, RESOLVE_AGAIN_MS);
    this.#timers.add(timer);
  }

  #listen(source: LinkSource, wanted: number): void {
    const { port, onTrouble } = this.#options;
    const accepted = new Map<Link, LinkId>();
    const report = (name: string, state: LinkReport['state'], reason?: string) =>
      this.#listening.set(source, { kind: 'tcp listener', name, state, ...given({ reason }) });
    report(`:${wanted}`, 'opening');
    this.#sources.push(source);
    source.open({
      add: (link) => accepted.set(link, this.add(link, 'tcp', 'accepted')),
      remove: (link) => {
        const id = accepted.get(link);
        accepted.delete(link);
        if (id === undefined) return;
        this.#links.delete(id);
        port.removeLink(id);
      },
      up: (address) => report(address, 'up'),
      down: (reason) => {
        report(`:${wanted}`, 'down', reason);
        onTrouble(`tcp listener on port ${wanted} is down: ${reason}`);
      },
      notice: (text) => onTrouble(text),
    });
  }
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
