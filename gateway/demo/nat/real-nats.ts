import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { GATEWAY_NAMES, type GatewayName, NAT_NAMES, type NatName, type RoleLink } from '../cast.js';
import { Ground, OPEN_NET, type Side } from './ground.js';
import { Namespaces } from './namespaces.js';
import { gatewaysOf, type NatKind, type Nats } from './nats.js';
import type { SocketOrder } from './socket-process.js';

const OPENER = fileURLToPath(new URL('./socket-process.js', import.meta.url));
const OPEN_MS_MAX = 5000;
/** In a namespace of its own nobody else has it. */
const PORT = 4747;
/** The host on the open net. */
const SPACE = 'relay';

interface Waiting {
  readonly resolve: (socket: Socket) => void;
  readonly reject: (error: Error) => void;
}

/** Of the Linux kernel, in network namespaces; the gateways have a socket on the open net between them. */
export class RealNats implements Nats {
  readonly text = 'real ones of this kernel, in namespaces';
  readonly #ground: Ground;
  readonly #opener: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(ground: Ground) {
    this.#ground = ground;
    this.#opener = ground.namespaces.spawn(SPACE, process.execPath, [OPENER], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#opener.on('message', (answer, socket) => this.#onAnswer(answer, socket));
    for (const event of ['error', 'exit']) this.#opener.once(event, () => this.#refuseAll('it ended'));
  }

  /** Why this process cannot have any, as far as it is known without trying. */
  static refusal(): string | undefined {
    const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
    return isRoot ? undefined : 'real ones need Linux and root';
  }

  /** Rejected where anything is missing; nothing is left behind then. */
  static async open(kind: NatKind): Promise<RealNats> {
    await Namespaces.removeOrphans();
    const ground = await Ground.make('demo');
    const nats = new RealNats(ground);
    try {
      await ground.lay(kind, kind);
      // Whether it works at all, before anybody relies on it.
      const sockets = await Promise.all(GATEWAY_NAMES.map((name) => nats.openSocket(name)));
      for (const socket of sockets) socket.close();
      return nats;
    } catch (thrown) {
      await nats.close();
      throw thrown;
    }
  }

  linksOf(name: NatName): readonly RoleLink[] {
    const connect = gatewaysOf(name).map((gateway) => `${addressOf(gateway)}:${PORT}`);
    return [{ kind: 'udp', bind: '0.0.0.0', connect }];
  }

  spawn(name: NatName, entry: string, options: SpawnOptions): ChildProcess {
    return this.#ground.namespaces.spawn(sideOf(name), process.execPath, [entry], options);
  }

  openSocket(gateway: GatewayName): Promise<Socket> {
    const order: SocketOrder = { id: ++this.#lastId, address: addressOf(gateway), port: PORT };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#refuseAll('it did not answer'), OPEN_MS_MAX);
      const done = <T>(then: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          then(value);
        };
      };
      this.#waiting.set(order.id, { resolve: done(resolve), reject: done(reject) });
      this.#opener.send(order, (error) => error !== null && this.#refuseAll(error.message));
    });
  }

  async restart(): Promise<void> {
    await Promise.all(NAT_NAMES.map((name) => this.#ground.restart(sideOf(name))));
  }

  async close(): Promise<void> {
    this.#opener.kill('SIGKILL');
    await this.#ground.remove();
  }

  #onAnswer(answer: unknown, socket: unknown): void {
    const { id, trouble } = answer as { id: number; trouble?: string }; // of our own process
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (trouble === undefined) waiting?.resolve(socket as Socket);
    else waiting?.reject(new Error(trouble));
  }

  #refuseAll(why: string): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(new Error(`no socket on the open net: ${why}`));
  }
}

function sideOf(name: NatName): Side {
  return name === NAT_NAMES[0] ? 'a' : 'b';
}

function addressOf(gateway: GatewayName): string {
  return OPEN_NET[4][GATEWAY_NAMES.indexOf(gateway)] ?? OPEN_NET[4][0];
}
