import { Device } from '@fogwisp/device-sdk';
import type { Platform } from '@fogwisp/firmware-shim';
import { type NodePlatform, nodePlatform } from '@fogwisp/firmware-shim/node';
import { unreachable } from '../../src/unreachable.js';
import { EndPort } from './end-link.js';
import { ECHO_PATH, type Order, type OrderEnvelope, type Outcome, type Part } from './orders.js';

/**
 * One peer as a process of its own, that does what it is told over the channel to its parent and ends with
 * it.
 */
const MEET_MS_MAX = 20_000;
const REQUEST_MS_MAX = 10_000;
/** Nothing has come for this long: the rest is lost. */
const SILENCE_MS = 1000;
const LOOK_MS = 5;

class End {
  readonly #platform: NodePlatform;
  readonly #device: Device;
  readonly #port = new EndPort();
  #received = 0;
  #receivedAt = 0;

  private constructor(platform: NodePlatform, device: Device) {
    this.#platform = platform;
    this.#device = device;
    device.serve(ECHO_PATH, (value) => value);
  }

  static async start({ name, network, stateDirectory, clockAheadMs }: Part): Promise<End> {
    const platform = nodePlatform(stateDirectory === undefined ? {} : { stateDirectory });
    const device = await Device.start({
      name,
      network,
      links: [],
      platform: shifted(platform, clockAheadMs ?? 0),
      logger: { warn: (text) => console.error(`${name}: ${text}`) },
    });
    return new End(platform, device);
  }

  async obey(order: Exclude<Order, { kind: 'start' }>): Promise<Outcome> {
    switch (order.kind) {
      case 'meet':
        await this.#device.ping(order.peer, { timeoutMs: MEET_MS_MAX });
        return {};
      case 'subscribe':
        this.#subscribe(order.pattern, order.qos);
        return {};
      case 'publish':
        return this.#publish(order);
      case 'request':
        return this.#request(order);
      case 'collect':
        return this.#collect(order.count);
      case 'report':
        return { handshakes: this.#port.handshakes, rssBytes: process.memoryUsage.rss() };
      case 'stop':
        await this.#device.stop();
        await this.#platform.close();
        return {};
      default:
        return unreachable(order);
    }
  }

  async openLink(link: Part['link']): Promise<Outcome> {
    return { address: await this.#port.open(this.#device, link) };
  }

  #subscribe(pattern: string, qos: 0 | 1): void {
    const listener = () => {
      this.#received++;
      this.#receivedAt = performance.now();
    };
    this.#device.subscribe(pattern, listener, { qos });
  }

  async #publish(order: Extract<Order, { kind: 'publish' }>): Promise<Outcome> {
    const { topic, qos, bytes, count, openMax } = order;
    const value = new Uint8Array(bytes);
    const startedAt = performance.now();
    let left = count;
    const sender = async () => {
      while (left-- > 0) await this.#device.publish(topic, value, { qos });
    };
    await Promise.all(Array.from({ length: Math.min(openMax, count) }, sender));
    return { tookMs: performance.now() - startedAt };
  }

  async #request(order: Extract<Order, { kind: 'request' }>): Promise<Outcome> {
    const value = new Uint8Array(order.bytes);
    const roundTripsMs: number[] = [];
    const startedAt = performance.now();
    for (let i = 0; i < order.count; i++) {
      const askedAt = performance.now();
      await this.#device.request(order.peer, ECHO_PATH, value, { timeoutMs: REQUEST_MS_MAX });
      roundTripsMs.push(performance.now() - askedAt);
    }
    return { roundTripsMs, tookMs: performance.now() - startedAt };
  }

  async #collect(count: number): Promise<Outcome> {
    const startedAt = performance.now();
    while (this.#received < count) {
      const silentMs = performance.now() - Math.max(startedAt, this.#receivedAt);
      if (silentMs > SILENCE_MS) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const received = this.#received;
    this.#received = 0;
    return { received, tookMs: this.#receivedAt - startedAt };
  }
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
    return end.openLink(order.part.link);
  }
  if (end === undefined) throw new Error('the end was not started');
  return end.obey(order);
}

process.on('SIGINT', () => undefined); // reaches the whole group of processes; the parent decides
process.once('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const { id, order } = message as OrderEnvelope; // the parent is of the same version
  obey(order).then(
    (outcome) => process.send?.({ id, outcome }),
    (thrown: unknown) =>
      process.send?.({ id, trouble: thrown instanceof Error ? thrown.message : `${thrown}` }),
  );
});
