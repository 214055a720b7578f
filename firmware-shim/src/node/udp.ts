import { networkInterfaces } from 'node:os';
import type { LinkAddress, LinkInfo } from '@fogwisp/protocol';
import { Backoff } from '../backoff.js';
import type { Link, LinkSink } from '../platform.js';
import { DatagramSocket } from './datagram-socket.js';
import { PortMapping, type PortMappingReport } from './port-mapping/port-mapping.js';
import { nodeRandom } from './random.js';
import { formatStation, StationBook } from './station.js';
import { socketError, systemCode } from './system-error.js';
import { DOOR_COUNT, UdpDoors } from './udp-doors.js';

const RETRY_MS_MIN = 1000;
const RETRY_MS_MAX = 30_000;

/** Fits each path of the Internet without fragments, with room for tunnels. */
export const DATAGRAM_MTU = 1200;

/** A machine with more has bridges of containers among them. */
const OWN_ADDRESSES_MAX = 16;

/** Where the socket is bound. */
export interface UdpOptions {
  /** An IP address of this machine; left out: all of them, IPv6 and IPv4. */
  readonly bind?: string;
  /** 0 or left out: the system chooses. */
  readonly port?: number;
  /** Largest packet; jumbo networks and loopback carry more. */
  readonly mtu?: number;
  /** Asks the router for a port in the open that leads to this one (PCP, NAT-PMP, UPnP). Default: false. */
  readonly portMapping?: boolean;
}

/** A UDP socket. Addresses are 'a.b.c.d:port' or '[v6]:port'. */
export class UdpLink implements Link {
  readonly #mtu: number;
  readonly #isMapping: boolean;
  readonly #stations = new StationBook();
  readonly #backoff = new Backoff(nodeRandom, RETRY_MS_MIN, RETRY_MS_MAX);
  #bind: string;
  #isBindChosen: boolean;
  #port: number;
  #sink: LinkSink | undefined;
  #socket: DatagramSocket | undefined;
  #doors: UdpDoors | undefined;
  #mapping: PortMapping | undefined;
  #mappingReport: PortMappingReport = { state: 'off', reason: 'it is turned off', at: 0 };
  #retry: NodeJS.Timeout | undefined;
  #address: LinkAddress | undefined;
  #reason = '';

  constructor(options: UdpOptions = {}) {
    this.#mtu = options.mtu ?? DATAGRAM_MTU;
    this.#bind = options.bind ?? '::';
    this.#isBindChosen = options.bind === undefined;
    this.#port = options.port ?? 0;
    this.#isMapping = options.portMapping ?? false;
    if (this.#isMapping) this.#mappingReport = { state: 'unknown', reason: 'the link is not up yet', at: 0 };
  }

  /** What the router said, of a port in the open. */
  get portMapping(): PortMappingReport {
    return this.#mappingReport;
  }

  /** Where the socket is bound, while the link is up. */
  get address(): LinkAddress | undefined {
    return this.#address;
  }

  open(sink: LinkSink): void {
    this.#sink = sink;
    this.#openSocket();
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    if (this.#address === undefined || this.#socket === undefined) return false;
    if (bytes.length === 0 || bytes.length > this.#mtu) return false;
    const station = this.#stations.stationOf(to);
    return station === undefined ? this.#sendByDoor(to, bytes) : this.#socket.send(station, bytes);
  }

  close(): void {
    this.#sink = undefined;
    this.#address = undefined;
    clearTimeout(this.#retry);
    this.#closeDoors();
    this.#closeMapping();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #sendByDoor(to: LinkAddress, bytes: Uint8Array): boolean {
    this.#doors ??= new UdpDoors(this.#bind, (from, packet) => this.#sink?.packet(from, packet));
    return this.#doors.send(to, bytes);
  }

  #closeDoors(): void {
    this.#doors?.close();
    this.#doors = undefined;
  }

  #openMapping(port: number): void {
    if (!this.#isMapping) return;
    const isEverywhere = this.#bind === '::' || this.#bind === '0.0.0.0';
    this.#mapping = new PortMapping({
      random: nodeRandom,
      port,
      ...(isEverywhere ? {} : { onlyFrom: this.#bind }),
      onMapped: (addresses) => this.#sink?.mapped?.(addresses),
      onReport: (report) => {
        this.#mappingReport = report;
      },
    });
  }

  #closeMapping(): void {
    this.#mapping?.close();
    this.#mapping = undefined;
  }

  #openSocket(): void {
    const family = this.#bind.includes(':') ? 6 : 4;
    this.#socket = new DatagramSocket(
      { family, address: this.#bind, port: this.#port, dual: this.#bind === '::' },
      {
        opened: (address, port) => this.#onOpened(address, port),
        packet: (bytes, address, port) => this.#sink?.packet(this.#stations.nameOf(address, port), bytes),
        failed: (error) => this.#onFailed(error),
      },
    );
  }

  #onOpened(address: string, port: number): void {
    this.#port = port; // kept over a reopening, as peers know it
    this.#address = formatStation(address, port);
    this.#backoff.reset();
    this.#reason = '';
    const info: LinkInfo = {
      kind: 'udp',
      name: this.#address,
      mtu: this.#mtu,
      flow: 'datagram',
      cast: 'address',
      reliable: false,
      bitrate: 0,
      addresses: ownAddresses(address, port),
      doors: DOOR_COUNT,
    };
    this.#sink?.up(info);
    this.#openMapping(port);
  }

  #onFailed(error: Error): void {
    if (this.#isBindChosen && this.#bind === '::' && systemCode(error) !== 'EADDRINUSE') {
      this.#bind = '0.0.0.0'; // a machine without IPv6
      this.#openSocket();
      return;
    }
    this.#socket = undefined;
    this.#address = undefined;
    this.#closeDoors();
    this.#closeMapping();
    this.#retry = setTimeout(() => this.#openSocket(), this.#backoff.next());
    const fault = socketError(error, `UDP port ${this.#port}`, this.#bind);
    if (fault.message === this.#reason) return;
    this.#reason = fault.message;
    this.#sink?.down(fault.message, fault);
  }
}

/** How others on the same networks reach a socket: on all addresses of this machine, or on its own. */
function ownAddresses(bound: string, port: number): readonly LinkAddress[] {
  if (bound !== '::' && bound !== '0.0.0.0') return [formatStation(bound, port)];
  const entries = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const usable = entries.filter(({ address, family }) => {
    return family === 'IPv4' || (bound === '::' && !address.startsWith('fe80:'));
  });
  // Those that lead out of this machine first.
  const sorted = [...usable].sort((a, b) => Number(a.internal) - Number(b.internal));
  return sorted.slice(0, OWN_ADDRESSES_MAX).map(({ address }) => formatStation(address, port));
}

/** A UDP socket; `connect` of the node says whom it greets. */
export function udpLink(options: UdpOptions = {}): UdpLink {
  return new UdpLink(options);
}
