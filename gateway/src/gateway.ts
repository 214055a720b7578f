import type { Device } from '@fogwisp/device-sdk';
import type { LinkId, ReachabilityReport } from '@fogwisp/protocol';
import { type Box, boxOf } from './box.js';
import type { Descriptions } from './bridge/bridge.js';
import type { BrokerReport } from './bridge/broker-client.js';
import { MqttBridge } from './bridge/mqtt-bridge.js';
import { topologyOf } from './bridge/topology.js';
import type { GatewayConfig } from './config/config.js';
import { CONTROL_VERSION } from './control/protocol.js';
import { Registry } from './control/registry.js';
import { ControlServer } from './control/server.js';
import { Desk } from './desk.js';
import { shareCounters } from './host/share.js';
import { type LinkPort, Links } from './links/links.js';
import type { LinkReport } from './links/observed-link.js';
import type { Dispose, Mesh } from './mesh.js';
import { reachableAddresses } from './netcheck/addresses.js';
import type { CheckLine } from './netcheck/line.js';
import { netcheck } from './netcheck/netcheck.js';
import { seenLink } from './netcheck/seen-line.js';
import { PeerBook } from './peer-book.js';
import type { PeerView } from './peer-view.js';
import { type Reading, Readings } from './readings.js';
import { VERSION } from './version.js';

/** The doors of the SDK's Device that a gateway goes through; no others exist for it. */
export type GatewayDevice = Mesh & LinkPort & { stop(): Promise<void> };

export interface GatewayOptions {
  readonly device: GatewayDevice;
  readonly config: GatewayConfig;
  /** The text that others join with. */
  readonly network: string;
  readonly kind: 'demo' | 'up';
  readonly registry: Registry;
  readonly onTrouble: (trouble: string) => void;
  /** The device has failed by itself; all that is left to do is to stop. */
  readonly onFault: (fault: Error) => void;
}

export interface BrokerView extends BrokerReport {
  readonly embedded: boolean;
  readonly base: string;
  /** Other gateways that bridge to it. */
  readonly partners: readonly string[];
}

export interface GatewayStatus {
  readonly version: string;
  readonly name: string;
  readonly id: string;
  readonly pid: number;
  readonly kind: 'demo' | 'up';
  readonly startedAt: number;
  /** Undefined when there is none. */
  readonly broker: BrokerView | undefined;
  readonly links: readonly LinkReport[];
  readonly peers: readonly PeerView[];
}

/** More make a code that few cameras read. */
const INVITED_MAX = 4;

/** A peer with more links, a bridge to a broker, and a local socket for the command line. */
export class Gateway {
  readonly mesh: Mesh;
  readonly network: string;
  readonly links: Links;
  readonly #options: GatewayOptions;
  readonly #book: PeerBook;
  readonly #readings: Readings;
  readonly #control: ControlServer;
  readonly #key = Registry.newKey();
  readonly #startedAt = Date.now();
  readonly #reachability = new Map<LinkId, ReachabilityReport>();
  readonly #disposers: Dispose[] = [];
  #bridge: MqttBridge | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: GatewayOptions) {
    const { device, config, registry, onTrouble } = options;
    this.#options = options;
    this.mesh = device;
    this.network = options.network;
    this.links = new Links({ port: device, onTrouble });
    this.#book = new PeerBook(device);
    this.#readings = new Readings({
      mesh: device,
      onReading: (reading) => this.#onReading(reading),
      onHeard: (peer, isHeard) => this.#bridge?.handleHeard(peer, isHeard),
      onTrouble,
    });
    const desk = new Desk(this);
    this.#control = new ControlServer({
      path: config.socket ?? registry.socketPath(this.#key),
      greeting: { fogwisp: CONTROL_VERSION, version: VERSION, name: device.name, id: device.id },
      answer: (request, asker) => desk.answer(request, asker),
    });
  }

  /** Starts everything, or nothing: on failure the device is stopped as well. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options);
    try {
      await gateway.#start();
      return gateway;
    } catch (thrown) {
      await gateway.stop();
      throw thrown;
    }
  }

  /** What is in front of its links, as others have told. */
  get boxes(): readonly Box[] {
    return [...this.#reachability.values()].map(boxOf);
  }

  get bridge(): MqttBridge | undefined {
    return this.#bridge;
  }

  get socket(): string {
    return this.#control.path;
  }

  views(): PeerView[] {
    const bridge = this.#bridge;
    const views = this.#book.views();
    return bridge === undefined
      ? views
      : views.map((view) => ({ ...view, bridgedBy: bridge.speakerOf(view.id) }));
  }

  status(): GatewayStatus {
    const bridge = this.#bridge;
    const broker = bridge && {
      ...bridge.report,
      embedded: bridge.isEmbedded,
      base: bridge.base,
      partners: bridge.partners,
    };
    const { kind } = this.#options;
    const { name, id } = this.mesh;
    const startedAt = this.#startedAt;
    const links = this.links.reports();
    return {
      version: VERSION,
      name,
      id,
      pid: process.pid,
      kind,
      startedAt,
      broker,
      links,
      peers: this.views(),
    };
  }

  /** What is known of the network around this machine. */
  netcheck(): readonly CheckLine[] {
    const { broker, links, peers } = this.status();
    const heard = this.links.heard();
    const now = this.mesh.now();
    const udp = this.links.udp();
    const seen = udp.map(({ id, name }) => seenLink(`udp ${name}`, this.#reachability.get(id), now));
    return netcheck({
      links,
      peers,
      broker,
      heard,
      seen,
      mappings: udp.map(({ portMapping }) => portMapping),
      now,
      stations: this.links.stations(),
      addresses: reachableAddresses(),
    });
  }

  /** Where others may reach this machine, for those who do not know better: at most four. */
  invitedAddresses(): readonly string[] {
    const { ipv4, ipv6 } = reachableAddresses();
    const seen = this.links.udp().flatMap(({ id }) => openAddress(this.#reachability.get(id)) ?? []);
    const port = this.links.udpPort;
    const own =
      port === undefined
        ? []
        : [...ipv4.map((ip) => `${ip}:${port}`), ...ipv6.map((ip) => `[${ip}]:${port}`)];
    return [...new Set([...seen, ...own])].slice(0, INVITED_MAX).map((address) => `udp://${address}`);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { device, config, registry, kind, onTrouble, onFault } = this.#options;
    registry.prepare();
    await this.#control.start();
    this.#bridge = await MqttBridge.start({
      mesh: device,
      config: config.mqtt,
      describe: () => this.#describe(),
      onTrouble,
    });
    this.#disposers.push(
      device.on('peer', (peer) => this.#bridge?.handlePeer(peer)),
      device.on('role', () => this.#bridge?.handleRole()),
      device.on('reachability', (report) => this.#reachability.set(report.link, report)),
      device.on('fault', onFault),
    );
    this.#readings.start();
    for (const link of config.links) this.links.open(link);
    if (config.share) this.#disposers.push(shareCounters(device, (reading) => this.#onReading(reading)));
    const socket = this.#control.path;
    const { name } = device;
    const { networkId } = device;
    const startedAt = this.#startedAt;
    const { pid, ppid: parent } = process;
    registry.add({ key: this.#key, pid, parent, name, networkId, kind, socket, startedAt });
  }

  async #stop(): Promise<void> {
    this.#options.registry.remove(this.#key);
    for (const dispose of this.#disposers.splice(0)) dispose();
    this.#readings.stop();
    this.links.stop();
    await this.#bridge?.stop();
    await this.#control.stop();
    await this.#options.device.stop();
  }

  #onReading(reading: Reading): void {
    this.#book.note(reading);
    this.#bridge?.handleReading(reading);
  }

  /** For the broker: what is there is public to its users, so the network text is not in it. */
  #describe(): Descriptions {
    const { version, name, id, startedAt, links, peers, broker } = this.status();
    const speakerOf = (device: string) => this.#bridge?.speakerOf(device) ?? name;
    return {
      facts: JSON.stringify({ version, name, id, startedAt, links, partners: broker?.partners ?? [] }),
      peers: JSON.stringify(peers),
      topology: JSON.stringify(topologyOf({ id, name }, peers, speakerOf)),
    };
  }
}

/** Where others see a link, if strangers get in there. */
function openAddress(report: ReachabilityReport | undefined): string | undefined {
  const isOpen = report?.filtering === 'open' || report?.mapping === 'none';
  return isOpen ? report?.address : undefined;
}

/** The SDK's Device is one; the compiler checks it here. */
export function gatewayDevice(device: Device): GatewayDevice {
  return device;
}
