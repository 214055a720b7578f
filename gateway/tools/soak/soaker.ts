import { readdirSync } from 'node:fs';
import { Device } from '@fogwisp/device-sdk';
import type { MqttBridge } from '../../src/bridge/mqtt-bridge.js';
import { MQTT_DEFAULT } from '../../src/config/config.js';
import { unreachable } from '../../src/unreachable.js';
import { exchange } from './exchange.js';
import { SoakerLinks } from './soaker-links.js';
import { standingOf } from './standing.js';
import { Traffic } from './traffic.js';
import type { Note, Role, Sample, SoakEnvelope, SoakOrder, SoakOutcome, SoakReply } from './wire.js';

/** One peer of the soak as a process of its own; it ends with its parent. */
const READING_MS = 500;

class Soaker {
  readonly #role: Role;
  readonly #device: Device;
  readonly #links: SoakerLinks;
  readonly #traffic: Traffic;
  #bridge: MqttBridge | undefined;

  private constructor(role: Role, device: Device) {
    this.#role = role;
    this.#device = device;
    this.#traffic = new Traffic(device, role, tell);
    this.#links = new SoakerLinks(device, role.links);
  }

  static async start(role: Role): Promise<Soaker> {
    const { name, network, stateDirectory, brokerUrl } = role;
    const logger = { warn: () => undefined }; // links are pulled all the time
    const device = await Device.start({ name, network, stateDirectory, logger, links: [] });
    const soaker = new Soaker(role, device);
    soaker.#links.plugAll();
    if (brokerUrl !== undefined) await soaker.#startBridge(brokerUrl);
    return soaker;
  }

  async obey(order: Exclude<SoakOrder, { kind: 'start' }>): Promise<SoakOutcome> {
    switch (order.kind) {
      case 'pull':
        this.#links.pull(order.link);
        return {};
      case 'plug':
        this.#links.plug(order.link);
        return {};
      case 'check':
        return { unreached: await this.#unreached(order.forMs) };
      case 'exchange':
        return { exchange: await exchange(this.#device, order.with, order.forMs) };
      case 'standing':
        return { standing: standingOf(this.#device) };
      case 'traffic':
        if (order.isOn) this.#traffic.start();
        else this.#traffic.stop();
        return {};
      case 'sample':
        return { sample: takeSample(), open: this.#traffic.open };
      case 'stop':
        this.#traffic.stop();
        await this.#bridge?.stop();
        await this.#device.stop();
        return {};
      default:
        return unreachable(order);
    }
  }

  async #unreached(forMs: number): Promise<readonly string[]> {
    const answers = await Promise.all(
      this.#role.others.map(async (name) => {
        const isThere = await this.#device.ping(name, { timeoutMs: forMs }).then(
          () => true,
          () => false,
        );
        return isThere ? [] : [name];
      }),
    );
    return answers.flat();
  }

  async #startBridge(url: string): Promise<void> {
    const { id, name } = this.#device;
    // Most peers have none: they need not load it.
    const { MqttBridge } = await import('../../src/bridge/mqtt-bridge.js');
    const bridge = await MqttBridge.start({
      mesh: this.#device,
      config: { ...MQTT_DEFAULT, broker: { kind: 'url', url } },
      describe: () => ({ facts: '{}', peers: '[]', topology: '{}' }),
      onTrouble: () => undefined, // the broker is killed now and then
    });
    this.#bridge = bridge;
    let count = 0;
    setInterval(
      () => bridge?.handleReading({ peer: { id, name }, topic: 'count', value: count++ }),
      READING_MS,
    );
    this.#device.on('peer', (peer) => bridge?.handlePeer(peer));
  }
}

function takeSample(): Sample {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed, handles: countHandles() };
}

function countHandles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return process.getActiveResourcesInfo().length;
  }
}

let notes: Note[] = [];

/** A receiver that is killed has told what it saw before its acknowledgment can have been counted. */
function tell(note: Note): void {
  notes.push(note);
  if (notes.length > 1) return;
  setImmediate(() => {
    reply({ notes });
    notes = [];
  });
}

function reply(what: SoakReply): void {
  process.send?.(what);
}

let soaker: Soaker | undefined;

async function obey(order: SoakOrder): Promise<SoakOutcome> {
  if (order.kind === 'start') {
    soaker = await Soaker.start(order.role);
    return {};
  }
  if (soaker === undefined) throw new Error('the peer was not started');
  return soaker.obey(order);
}

process.on('SIGINT', () => undefined); // reaches the whole group of processes; the parent decides
process.once('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const { id, order } = message as SoakEnvelope; // the parent is of the same version
  obey(order).then(
    (outcome) => reply({ id, outcome }),
    (thrown: unknown) => reply({ id, trouble: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
});
