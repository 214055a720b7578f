import { createSocket, type Socket } from 'node:dgram';
import type { LinkAddress, Random } from '@fogwisp/protocol';
import { monotonicMs } from '../clock.js';
import { Mapper, type MapperReport } from './mapper.js';
import { canFindRouter, findRouter, type RouterFacts } from './router.js';
import { SSDP_PORT } from './ssdp.js';
import { Upnp, type UpnpWanted } from './upnp.js';

const SERVICE_PORT = 5351;
/** A machine that has moved to another network has another router. */
const LOOK_EVERY_MS = 30_000;

/** What came of asking the router in front of a link for a port; `at` is of the monotonic clock. */
export type PortMappingReport =
  | { readonly state: 'off' | 'unknown'; readonly reason: string; readonly at: number }
  | (MapperReport & { readonly router: string });

export interface PortMappingOptions {
  readonly random: Random;
  /** The port of this machine that is to be reached. */
  readonly port: number;
  /** The one address that it is bound to. */
  readonly onlyFrom?: string;
  /** The addresses in the open that lead to it now. */
  readonly onMapped: (addresses: readonly LinkAddress[]) => void;
  readonly onReport: (report: PortMappingReport) => void;
  /** Default: as the system says, and the ports of the standards. */
  readonly find?: () => RouterFacts | undefined;
  readonly servicePort?: number;
  readonly ssdpPort?: number;
}

/** The mapper, with a clock and a socket that hears nobody but the router. */
export class PortMapping {
  readonly #options: PortMappingOptions;
  #facts: RouterFacts | undefined;
  #mapper: Mapper | undefined;
  #socket: Socket | undefined;
  #upnp: Upnp | undefined;
  #alarm: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;
  #mapped: LinkAddress | undefined;

  constructor(options: PortMappingOptions) {
    this.#options = options;
    this.#lookAround();
    this.#look = setInterval(() => this.#lookAround(), LOOK_EVERY_MS).unref();
  }

  /** Gives the port back. */
  close(): void {
    clearInterval(this.#look);
    this.#look = undefined;
    this.#end();
  }

  #lookAround(): void {
    const facts = this.#find();
    const isSame = facts?.router === this.#facts?.router && facts?.own === this.#facts?.own;
    if (isSame && (facts !== undefined || this.#mapper !== undefined)) return;
    const isFirst = this.#facts === undefined && this.#mapper === undefined;
    this.#end();
    this.#facts = facts;
    if (facts !== undefined) return this.#begin(facts);
    if (!isFirst) this.#tell([]);
    const isKnowable = this.#options.find !== undefined || canFindRouter();
    const reason = isKnowable
      ? 'no router is in front of this socket'
      : 'this system does not say who its router is';
    this.#options.onReport({ state: isKnowable ? 'off' : 'unknown', reason, at: monotonicMs() });
  }

  #find(): RouterFacts | undefined {
    const { find = findRouter, onlyFrom } = this.#options;
    const facts = find();
    return onlyFrom === undefined || onlyFrom === facts?.own ? facts : undefined;
  }

  #begin({ router, own }: RouterFacts): void {
    const mapper = new Mapper(this.#options.random);
    const socket = createSocket('udp4');
    const port = this.#options.ssdpPort ?? SSDP_PORT;
    this.#upnp = new Upnp(this.#options.random, { own, router, port });
    this.#mapper = mapper;
    this.#socket = socket;
    socket.on('message', (bytes) => {
      mapper.handleInput(monotonicMs(), { kind: 'packet', bytes });
      this.#drain(mapper, socket, router);
    });
    // A connected socket is told when nobody listens there.
    socket.on('error', (error) => {
      if (mapper.pollTimeout() === undefined) {
        this.#options.onReport({ state: 'unknown', reason: error.message, at: monotonicMs() });
      }
      mapper.handleInput(monotonicMs(), { kind: 'refused' });
      this.#drain(mapper, socket, router);
    });
    socket.bind({ address: own, port: 0 }, () => {
      if (mapper !== this.#mapper) return;
      socket.connect(this.#options.servicePort ?? SERVICE_PORT, router, () => {
        if (mapper !== this.#mapper) return;
        mapper.handleInput(monotonicMs(), { kind: 'ask', own, port: this.#options.port });
        this.#drain(mapper, socket, router);
      });
    });
    socket.unref();
  }

  #drain(mapper: Mapper, socket: Socket, router: string): void {
    if (mapper !== this.#mapper) return;
    for (let out = mapper.pollOutput(); out !== undefined; out = mapper.pollOutput()) {
      if (out.kind === 'send') socket.send(out.bytes, ignore);
      else if (out.kind === 'report') this.#onReport(out.report, router);
      else void this.#askUpnp(mapper, socket, router, out.wanted);
    }
    clearTimeout(this.#alarm);
    const at = mapper.pollTimeout();
    if (at === undefined) return;
    this.#alarm = setTimeout(
      () => {
        mapper.handleInput(monotonicMs(), { kind: 'timeout' });
        this.#drain(mapper, socket, router);
      },
      Math.max(0, at - monotonicMs()),
    ).unref();
  }

  async #askUpnp(mapper: Mapper, socket: Socket, router: string, wanted: UpnpWanted): Promise<void> {
    const answer = await this.#upnp?.ask(wanted);
    if (answer !== undefined) mapper.handleInput(monotonicMs(), { kind: 'upnp', answer });
    this.#drain(mapper, socket, router);
  }

  #onReport(report: MapperReport, router: string): void {
    this.#options.onReport({ ...report, router });
    this.#tell(report.address === undefined ? [] : [report.address]);
  }

  #tell(addresses: readonly LinkAddress[]): void {
    const [address] = addresses;
    if (address === this.#mapped) return;
    this.#mapped = address;
    this.#options.onMapped(addresses);
  }

  #end(): void {
    clearTimeout(this.#alarm);
    const mapper = this.#mapper;
    const socket = this.#socket;
    this.#mapper = undefined;
    this.#socket = undefined;
    this.#upnp?.close();
    this.#upnp = undefined;
    if (mapper === undefined || socket === undefined) return;
    mapper.handleInput(monotonicMs(), { kind: 'release' });
    const out = mapper.pollOutput();
    if (out?.kind === 'send') socket.send(out.bytes, () => socket.close());
    else socket.close();
  }
}

/** What is lost is sent again. */
function ignore(): void {}
