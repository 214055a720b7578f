import { setTimeout as sleep } from 'node:timers/promises';
import { type Ground, OPEN_NET } from '../../demo/nat/ground.js';
import {
  type Behavior,
  behaviorOf,
  type Dependence,
  familyOf,
  type Kind,
  type Neighbors,
} from '../../demo/nat/nat.js';
import { AgentProcess } from './agent-process.js';

const PORTS = [3478, 3479] as const;
const ANSWER_MS_MAX = 10_000;
/** For what UDP does not bring at all; the control is the TCP connection beside it. */
const SILENCE_MS = 1500;
/** What was sent before the marker and has not come with it was held back; cores may race for so long. */
const RACE_MS = 100;
/** From one to the other inside one router. */
const NEAR_MS = 500;

/** What a lab says of a NAT has to be so: the differences, empty when it behaves as its kind. */
export async function checkKind(ground: Ground, kind: Kind): Promise<readonly string[]> {
  await ground.lay(kind, kind);
  return differences(kind, behaviorOf(kind), await measure(ground, kind));
}

export function differences(kind: Kind, wanted: Behavior, found: Behavior): readonly string[] {
  const [want, is] = [textOf(wanted), textOf(found)];
  return want === is ? [] : [`${kind} should be "${want}" and is "${is}"`];
}

export function textOf(behavior: Behavior): string {
  if (behavior.udp === 'blocked') return 'UDP blocked, TCP open';
  const { mapping, filtering, neighbors } = behavior;
  const text = `mapping ${mapping}, filtering ${filtering}`;
  if (neighbors === undefined) return text;
  const { isTurnedRound, isNear } = neighbors;
  return `${text}, ${isTurnedRound ? 'hairpin' : 'no hairpin'}, LANs ${isNear ? 'joined' : 'apart'}`;
}

/** As RFC 5780 does it, with both ends in our hands. */
export async function measure(ground: Ground, kind: Kind): Promise<Behavior> {
  const inside = new AgentProcess(ground.namespaces, 'a');
  const outside = new AgentProcess(ground.namespaces, 'relay');
  const isShared = kind === 'same' || kind === 'hairpin' || kind === 'isolated';
  const neighbor = isShared ? new AgentProcess(ground.namespaces, 'b') : undefined;
  try {
    return await new Probe({ inside, outside, neighbor }, OPEN_NET[familyOf(kind)]).run();
  } finally {
    await Promise.all([inside, outside, neighbor].map((agent) => agent?.stop()));
  }
}

interface Agents {
  readonly inside: AgentProcess;
  readonly outside: AgentProcess;
  /** Behind the same router. */
  readonly neighbor: AgentProcess | undefined;
}

class Probe {
  readonly #inside: AgentProcess;
  readonly #outside: AgentProcess;
  readonly #neighbor: AgentProcess | undefined;
  readonly #addresses: readonly [string, string];

  constructor({ inside, outside, neighbor }: Agents, addresses: readonly [string, string]) {
    this.#inside = inside;
    this.#outside = outside;
    this.#neighbor = neighbor;
    this.#addresses = addresses;
  }

  async run(): Promise<Behavior> {
    const [first] = this.#addresses;
    for (const [at, address] of this.#addresses.entries()) {
      for (const [each, port] of PORTS.entries()) {
        await this.#outside.ask({ kind: 'open', socket: at * 2 + each, address, port });
      }
    }
    await this.#outside.ask({ kind: 'listen', address: first, port: PORTS[0] });
    await this.#inside.ask({ kind: 'dial', address: first, port: PORTS[0] });
    const anywhere = first.includes(':') ? '::' : '0.0.0.0';
    for (const socket of [0, 1]) await this.#inside.ask({ kind: 'open', socket, address: anywhere, port: 0 });
    const seen = await this.#askFrom(1, first, PORTS[0], 'hello', SILENCE_MS);
    if (seen === undefined) return { udp: 'blocked' };
    const found = { mapping: await this.#mapping(), filtering: await this.#filtering(seen) };
    if (this.#neighbor === undefined) return { udp: 'open', ...found };
    return { udp: 'open', ...found, neighbors: await this.#neighbors(this.#neighbor, seen) };
  }

  async #neighbors(neighbor: AgentProcess, mapped: { address: string; port: number }): Promise<Neighbors> {
    const own = await this.#inside.ask({ kind: 'addresses' });
    const near = own.find((each) => each.startsWith('192.168.')) ?? '';
    await neighbor.ask({ kind: 'open', socket: 0, address: '0.0.0.0', port: 0 });
    const { address, port } = mapped;
    await neighbor.ask({ kind: 'send', socket: 0, to: address, port, text: 'round' });
    // These mappings keep the port, as was just measured.
    await neighbor.ask({ kind: 'send', socket: 0, to: near, port, text: 'near' });
    const round = await this.#inside.receive('round', NEAR_MS);
    const isNear = (await this.#inside.receive('near', NEAR_MS)) !== undefined;
    return { isTurnedRound: round?.from === address, isNear };
  }

  /** From one socket to three places: who sees the same? */
  async #mapping(): Promise<'none' | Dependence> {
    const [first, second] = this.#addresses;
    const one = await this.#askFrom(0, first, PORTS[0], 'one');
    const port = await this.#askFrom(0, first, PORTS[1], 'port');
    const address = await this.#askFrom(0, second, PORTS[0], 'address');
    const own = await this.#inside.ask({ kind: 'addresses' });
    const isKept = own.includes(one?.address ?? '');
    if (isKept && one?.port === port?.port && one?.port === address?.port) return 'none';
    if (one?.port !== port?.port) return 'address and port';
    return one?.port === address?.port ? 'independent' : 'address';
  }

  /** To the mapping of a socket that has spoken to one place: who gets through? */
  async #filtering(mapped: { address: string; port: number }): Promise<Dependence> {
    const to = mapped.address;
    const { port } = mapped;
    await this.#outside.ask({ kind: 'send', socket: 3, to, port, text: 'stranger' });
    await this.#outside.ask({ kind: 'send', socket: 1, to, port, text: 'other port' });
    await this.#outside.ask({ kind: 'send', socket: 0, to, port, text: 'marker' });
    const marker = await this.#inside.receive('marker', ANSWER_MS_MAX);
    if (marker === undefined) throw new Error('an answer did not come back through the NAT');
    await sleep(RACE_MS);
    if (this.#inside.received('stranger') !== undefined) return 'independent';
    return this.#inside.received('other port') === undefined ? 'address and port' : 'address';
  }

  async #askFrom(
    socket: number,
    to: string,
    port: number,
    text: string,
    forMs: number = ANSWER_MS_MAX,
  ): Promise<{ address: string; port: number } | undefined> {
    await this.#inside.ask({ kind: 'send', socket, to, port, text });
    const found = await this.#outside.receive(text, forMs);
    return found === undefined ? undefined : { address: found.from, port: found.port };
  }
}
