import type { Socket } from 'node:dgram';
import { join } from 'node:path';
import { GATEWAY_NAMES, type GatewayName } from './cast.js';
import type { GatewayPlace, GatewayRole } from './gateway-process.js';
import type { Cables } from './line.js';
import type { Troupe } from './troupe.js';

/** Long enough to look at what changed. */
export const AGAIN_MS = 20_000;
const START_MS_MAX = 15_000;

export interface HouseOptions {
  readonly troupe: Troupe;
  readonly folder: string;
  readonly network: string;
  readonly lanPort: number;
  readonly cables: Cables;
  /** A socket where those behind NATs reach it, in place of its own one. */
  readonly openSocket: ((name: GatewayName) => Promise<Socket>) | undefined;
  /** A gateway was killed. */
  readonly onKilled: (name: GatewayName) => void;
}

/** The broker and the two gateways of the demo. A gateway that is killed comes back after a while. */
export class House {
  readonly #options: HouseOptions;
  readonly #places = new Map<GatewayName, GatewayPlace>();
  readonly #living = new Set<GatewayName>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #brokerUrl = '';

  constructor(options: HouseOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { troupe } = this.#options;
    this.#brokerUrl = await answered<string>('the broker', (onAnswer) =>
      troupe.start({
        name: 'the broker',
        program: 'broker-process.js',
        role: {},
        onAnswer: (answer) => onAnswer((answer as { url: string }).url), // of our own process
      }),
    );
    await Promise.all(GATEWAY_NAMES.map((name) => this.#startGateway(name)));
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  get brokerUrl(): string {
    return this.#brokerUrl;
  }

  get living(): readonly GatewayName[] {
    return GATEWAY_NAMES.filter((name) => this.#living.has(name));
  }

  /** Where a gateway that lives is asked. */
  get socket(): string | undefined {
    const [name] = this.living;
    return name === undefined ? undefined : this.#places.get(name)?.socket;
  }

  get udpPorts(): ReadonlyMap<GatewayName, number> {
    return new Map(GATEWAY_NAMES.map((name) => [name, this.#places.get(name)?.udpPort ?? 0]));
  }

  /** Kills that one, or the first that lives, when another is there to take over. */
  kill(victim = this.living[0]): void {
    if (victim !== undefined && this.living.length > 1) this.#options.troupe.kill(victim);
  }

  async #startGateway(name: GatewayName): Promise<void> {
    const { troupe, folder, network, lanPort, cables, openSocket } = this.#options;
    const role: GatewayRole = {
      name,
      network,
      lanPort,
      brokerUrl: this.#brokerUrl,
      state: join(folder, 'state', name),
      udpPort: this.#places.get(name)?.udpPort ?? 0,
      serialPath: cables.gatewayPath(name),
    };
    const socket = await openSocket?.(name).catch(() => undefined); // those behind NATs have the other one
    const place = await answered<GatewayPlace>(name, (onAnswer) =>
      troupe.start({
        name,
        program: 'gateway-process.js',
        role,
        ...(socket === undefined ? {} : { socket }),
        pipeCount: role.serialPath === undefined ? 1 : 0,
        onAnswer: (answer) => onAnswer(answer as GatewayPlace), // of our own process
        onEnd: () => this.#onEnd(name),
      }),
    );
    this.#places.set(name, place);
    this.#living.add(name);
    cables.plug(name, troupe);
  }

  #onEnd(name: GatewayName): void {
    const { onKilled, troupe } = this.#options;
    this.#living.delete(name);
    onKilled(name);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (troupe.isStopping) return;
      this.#startGateway(name).catch(() => undefined); // its own trouble was told
    }, AGAIN_MS);
    this.#timers.add(timer);
  }
}

function answered<T>(name: string, start: (onAnswer: (answer: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not start`)), START_MS_MAX);
    start((answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}
