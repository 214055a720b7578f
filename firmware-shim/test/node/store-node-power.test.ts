import { createIdentity, createNetworkKey, Node, type NodeOutput, PI_LIMITS, toHex } from '@fogwisp/protocol';
import { type Checker, type Host, PROFILES, Prng, type Step, World } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { FileStore, nodeSuite } from '../../src/node/index.js';
import { PowerFiles, type Remains } from './power.js';

const REMAINS: readonly Remains[] = ['nothing', 'everything', 'garbage'];
const EVERY_STEPS = 3;

type Values = ReadonlyMap<string, Uint8Array>;
type Write = Extract<NodeOutput, { kind: 'persist' }>;

/** What a node has written, in order. */
class Writes implements Checker {
  readonly name = 'collects what is written';
  readonly all: Write[] = [];

  afterStep(_: World, { host, outputs }: Step): undefined {
    if (host.name !== 'a') return;
    for (const output of outputs) if (output.kind === 'persist') this.all.push(output);
  }
}

/** Two nodes that have met, restarted, and met again; `a` is off in the end. */
function past(): { world: World; a: Host; b: Host; writes: readonly Write[] } {
  const writes = new Writes();
  const world = new World({ seed: 5, checkers: [writes] });
  const suite = nodeSuite();
  const keys = new Prng(5, 1);
  const network = createNetworkKey(suite, keys);
  const [a, b] = ['a', 'b'].map((name) => {
    const identity = createIdentity(suite, keys);
    return world.addHost(
      name,
      (birth) => new Node({ ...birth, identity, network, name, crypto: suite, limits: PI_LIMITS }),
      {
        onEvent: (event, host) => {
          if (event.kind !== 'request') return;
          host.command({ kind: 'respond', request: event.request, status: 0, body: event.body });
        },
      },
    );
  }) as [Host, Host];
  world.join([a, b], { ...PROFILES.lan, loss: 0 });
  for (let life = 0; life < 3; life++) {
    world.runFor(10_000);
    a.restart('new');
  }
  world.runFor(10_000);
  a.crash('new');
  return { world, a, b, writes: writes.all };
}

/** Everything that the files of a store may hold after the power went at some byte of these writes. */
async function remainders(writes: readonly Write[]): Promise<readonly Values[]> {
  const found = new Map<string, Values>();
  const whole = new PowerFiles();
  await write(whole, writes);
  for (let at = 0; at <= whole.stepCount; at += EVERY_STEPS) {
    const files = new PowerFiles(at);
    await write(files, writes);
    for (const remains of REMAINS) {
      const values = await new FileStore('disk', files.afterPowerCut(remains)).load();
      found.set(
        [...values]
          .map(([key, value]) => `${key}=${toHex(value)}`)
          .sort()
          .join(),
        values,
      );
    }
  }
  return [...found.values()];
}

async function write(files: PowerFiles, writes: readonly Write[]): Promise<void> {
  const work = async (): Promise<void> => {
    const store = new FileStore('disk', files);
    await store.load();
    for (const { key, value } of writes) await store.write(key, value);
  };
  await Promise.race([work(), files.stopped]);
}

function asks(world: World, from: Host, to: string): boolean {
  const body = new Uint8Array([1, 7]);
  const command = from.command({ kind: 'request', to, path: 'echo', body, deadlineMs: 5000 });
  world.runFor(6000);
  return from.eventsOf('response').some((event) => event.command === command);
}

describe('a node whose power was cut', () => {
  it('starts from what the store has then, whichever byte it was, and is found again', async () => {
    const { writes } = past();
    expect(writes.length).toBeGreaterThan(5);
    const all = await remainders(writes);
    // One for each write at least, and the empty one.
    expect(all.length).toBeGreaterThan(writes.length);
    for (const [i, values] of all.entries()) {
      const { world, a, b } = past();
      for (const key of [...a.disk.stored.keys()]) a.disk.put(key, undefined);
      for (const [key, value] of values) a.disk.put(key, value);
      a.start();
      world.runFor(40_000);
      expect(asks(world, a, 'b'), `store ${i}`).toBe(true);
      expect(asks(world, b, 'a'), `store ${i}`).toBe(true);
    }
  });
});
