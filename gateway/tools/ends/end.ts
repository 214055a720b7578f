import { Device } from '@fogwisp/device-sdk';
import type { Platform } from '@fogwisp/firmware-shim';
import { type NodePlatform, nodePlatform } from '@fogwisp/firmware-shim/node';
import { unreachable } from '../../src/unreachable.js';
import { EndPort } from './end-link.js';
import { Arrivals, ask, memoryNow, obeyParent, pump } from './obedience.js';
import { ECHO_PATH, type Order, type Outcome, type Part } from './orders.js';

/** One peer as a process of its own. */
const MEET_MS_MAX = 20_000;
const REQUEST_MS_MAX = 10_000;

class End {
  readonly #part: Part;
  readonly #platform: NodePlatform;
  readonly #device: Device;
  readonly #port = new EndPort();
  readonly #arrivals = new Arrivals();
  readonly #crowd: Device[] = [];

  private constructor(part: Part, platform: NodePlatform, device: Device) {
    this.#part = part;
    this.#platform = platform;
    this.#device = device;
    device.serve(ECHO_PATH, (value) => value);
  }

  static async start(part: Part): Promise<End> {
    const { name, network, stateDirectory, clockAheadMs } = part;
    const platform = nodePlatform(stateDirectory === undefined ? {} : { stateDirectory });
    const device = await Device.start({
      name,
      network,
      links: [],
      platform: shifted(platform, clockAheadMs ?? 0),
      logger: { warn: (text) => console.error(`${name}: ${text}`) },
    });
    return new End(part, platform, device);
  }

  async openLink(): Promise<Outcome> {
    return { address: await this.#port.open(this.#device, this.#part.link) };
  }

  async obey(order: Exclude<Order, { kind: 'start' }>): Promise<Outcome> {
    switch (order.kind) {
      case 'meet':
        await this.#device.ping(order.peer, { timeoutMs: MEET_MS_MAX });
        return {};
      case 'subscribe':
        this.#device.subscribe(order.pattern, () => this.#arrivals.add(), { qos: order.qos });
        return {};
      case 'publish': {
        const value = new Uint8Array(order.bytes);
        return pump(order, () => this.#device.publish(order.topic, value, { qos: order.qos }));
      }
      case 'request': {
        const value = new Uint8Array(order.bytes);
        const options = { timeoutMs: REQUEST_MS_MAX };
        return ask(order.count, () => this.#device.request(order.peer, ECHO_PATH, value, options));
      }
      case 'collect':
        return this.#arrivals.collect(order.count);
      case 'crowd':
        this.#crowd.push(...(await startCrowd(this.#part.network, order, this.#crowd.length)));
        return {};
      case 'disperse':
        await Promise.all(this.#crowd.splice(0).map((device) => device.stop()));
        return {};
      case 'report':
        return { handshakes: this.#port.handshakes, ...memoryNow() };
      case 'stop':
        await Promise.all([this.#device, ...this.#crowd].map((device) => device.stop()));
        await this.#platform.close();
        return {};
      default:
        return unreachable(order);
    }
  }
}

async function startCrowd(
  network: string,
  { count, peer, connect }: Extract<Order, { kind: 'crowd' }>,
  first: number,
): Promise<readonly Device[]> {
  const devices: Device[] = [];
  for (let i = 0; i < count; i++) {
    const links = [{ kind: 'udp', bind: '127.0.0.1', port: 0, connect: [connect] } as const];
    const device = await Device.start({ name: `one-${first + i}`, network, links, stateDirectory: false });
    devices.push(device);
    await device.ping(peer, { timeoutMs: MEET_MS_MAX });
  }
  return devices;
}

/** A platform whose calendar is ahead. */
function shifted(platform: NodePlatform, aheadMs: number): Platform {
  const { random, crypto, store } = platform;
  return {
    now: () => platform.now(),
    wakeAt: (at, wake) => platform.wakeAt(at, wake),
    unixMs: () => platform.unixMs() + aheadMs,
    random,
    crypto,
    store,
  };
}

let end: End | undefined;

async function obey(order: Order): Promise<Outcome> {
  if (order.kind === 'start') {
    end = await End.start(order.part);
    return end.openLink();
  }
  if (end === undefined) throw new Error('the end was not started');
  return end.obey(order);
}

obeyParent(obey);
