import {
  createIdentity,
  createNetworkKey,
  decodeValue,
  encodeValue,
  Node,
  type NodeEvent,
  PI_LIMITS,
  Status,
} from '@fogwisp/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Driver } from '../src/driver.js';
import { NodePlatform, pipeLink } from '../src/node/index.js';
import { EngineProcess } from './engines/engine-process.js';
import { buildHosts, type Hosts } from './engines/hosts.js';
import { missingTools } from './engines/toolchain.js';

/** On a machine under load. */
const PATIENCE_MS = 20_000;

const missing = await missingTools();
const isSkipped = missing !== '' && process.env['CI'] !== 'true';
const why = isSkipped ? ` (skipped: install ${missing})` : '';

/** A node in this process that answers `warmth`, and remembers what it is told. */
class Neighbor {
  readonly network = createNetworkKey(new NodePlatform().crypto, new NodePlatform().random);
  readonly events: NodeEvent[] = [];
  readonly driver: Driver;

  constructor() {
    const platform = new NodePlatform();
    const { crypto, random } = platform;
    const node = new Node({
      now: platform.now(),
      identity: createIdentity(crypto, random),
      network: this.network,
      name: 'desk',
      crypto,
      random,
      limits: PI_LIMITS,
      restored: new Map(),
    });
    this.driver = new Driver({ platform, node, onEvent: (event) => this.#onEvent(event) });
    this.driver.start();
  }

  async until<T>(find: () => T | undefined): Promise<T> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error('it did not happen in time');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async request(to: string, path: string): Promise<unknown> {
    const deadlineMs = PATIENCE_MS;
    const command = this.driver.submit({ kind: 'request', to, path, body: encodeValue(null), deadlineMs });
    return this.until(() => {
      for (const event of this.events) {
        if (event.kind !== 'response' || event.command !== command) continue;
        const decoded = decodeValue(event.body);
        return { status: event.status, value: decoded.ok ? decoded.value : undefined };
      }
      return undefined;
    });
  }

  #onEvent(event: NodeEvent): void {
    this.events.push(event);
    if (event.kind !== 'request') return;
    const isKnown = event.path === 'warmth';
    const status = isKnown ? Status.ok : Status.notFound;
    this.driver.submit({ kind: 'respond', request: event.request, status, body: encodeValue(21.5) });
  }
}

describe.skipIf(isSkipped)(`a peer in another engine${why}`, () => {
  let hosts: Hosts | undefined;

  beforeAll(async () => {
    hosts = await buildHosts(() => undefined);
  }, 300_000);

  for (const engine of ['xs', 'quickjs'] as const) {
    describe(engine, () => {
      const neighbor = new Neighbor();
      const name = `${engine}-board`;
      let peer: EngineProcess | undefined;

      beforeAll(async () => {
        if (hosts === undefined) throw new Error('the hosts are built');
        const asks = { name: 'desk', path: 'warmth' };
        peer = await EngineProcess.start(engine, { name, network: neighbor.network.key, asks }, hosts);
        neighbor.driver.addLink(pipeLink(peer.readable, peer.writable, { mtu: 480 }));
        neighbor.driver.submit({ kind: 'subscribe', pattern: `${name}/uptime`, qos: 0 });
      });

      afterAll(async () => {
        await neighbor.driver.stop();
        await peer?.stop(1000);
      });

      it('publishes', async () => {
        const counts = await neighbor.until(() => {
          const heard = neighbor.events.flatMap((event) => (event.kind === 'message' ? [event] : []));
          return heard.length >= 2 ? heard.map(({ body }) => decodeValue(body)) : undefined;
        });
        expect(counts.every((each) => each.ok && typeof each.value === 'number')).toBe(true);
      });

      it('answers a request', async () => {
        expect(await neighbor.request(name, 'uptime')).toMatchObject({
          status: Status.ok,
          value: expect.any(Number),
        });
        expect(await neighbor.request(name, 'nonsense')).toMatchObject({ status: Status.notFound });
      });

      it('asks, and knows the answer', async () => {
        await neighbor.until(() =>
          neighbor.events.some(({ kind }) => kind === 'request') ? true : undefined,
        );
        await neighbor.until(() =>
          neighbor.events.find((event) => event.kind === 'request' && event.path === 'warmth'),
        );
        const asked = await neighbor.request(name, 'asked');
        expect(asked).toMatchObject({ status: Status.ok, value: { value: 21.5 } });
      });

      it('ends with its line', async () => {
        await peer?.stop(PATIENCE_MS);
        expect(peer?.errors).toMatch(/"at":"end"/);
      });
    });
  }
});
