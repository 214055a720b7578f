import type { Mesh, PeerName } from '../mesh.js';
import type { Standing } from './agreement.js';
import type { Incoming } from './broker-client.js';
import { type BridgeCommand, commandsIn } from './commands.js';
import { isJsonMap, type Json, parseJson, toJson } from './json.js';
import type { CommandTopic, Topics } from './topics.js';

const COMMAND_TIMEOUT_MS = 10_000;
/** Longer than another gateway may take for its answer. */
const OVERDUE_MS = COMMAND_TIMEOUT_MS + 1000;
const HELD_MS_MAX = COMMAND_TIMEOUT_MS + 5000;
const HELD_MAX = 256;

/** A command that waits for its answer from another gateway, or until the device is ours. */
interface Held {
  /** The device was about to be ours. */
  readonly isOurs: boolean;
  readonly name: string;
  readonly id: string;
  readonly order: Order;
  readonly at: number;
}

/** What a message asks for; a mistake is answered as well, and once. */
type Order =
  | ({ readonly kind: 'run' } & BridgeCommand)
  | { readonly kind: 'refuse'; readonly path: undefined; readonly transaction: undefined; problem: string };

export interface CommanderOptions {
  readonly mesh: Mesh;
  readonly topics: Topics;
  readonly now: () => number;
  readonly standingOf: (device: string) => Standing;
  /** The device that has this level of the topics, its own name where nobody is known by it. */
  readonly idOf: (name: string) => string;
  readonly send: (topic: string, payload: string) => void;
  readonly onAnswer: (peer: PeerName, name: string, path: string, answer: Json) => void;
  readonly onTrouble: (trouble: string) => void;
}

/**
 * What others publish for our peers. All gateways hear a command and one runs it; the others keep it until
 * they hear the answer, so that it is run all the same when that one dies.
 */
export class Commander {
  readonly #options: CommanderOptions;
  #held: Held[] = [];

  constructor(options: CommanderOptions) {
    this.#options = options;
  }

  handleMessage(message: Incoming): void {
    const { topics, onTrouble } = this.#options;
    const answered = topics.responderOf(message.topic);
    if (answered !== undefined) return this.#onAnswered(answered, message.payload.toString('utf8'));
    const target = topics.commandOf(message.topic);
    if (target === undefined) return;
    if (message.isRetained) {
      onTrouble(`${message.topic} is retained, so it was ignored: publish commands without retain`);
      return;
    }
    this.#onCommand(target, message.payload.toString('utf8'));
  }

  /** A device is ours now. What a gateway that lives was asked is still for it to answer. */
  takeOver(device: string, isFormerGone: boolean): void {
    this.#runHeld((each) => each.id === device && (each.isOurs || isFormerGone));
  }

  /** Runs what fell between two gateways: nobody has answered, and the device is ours. */
  handleTick(): void {
    const overdue = this.#options.now() - OVERDUE_MS;
    this.#runHeld((each) => each.at < overdue && this.#options.standingOf(each.id) === 'ours');
  }

  #onCommand(target: CommandTopic, payload: string): void {
    const { standingOf, idOf, now } = this.#options;
    const { name } = target;
    const id = idOf(name);
    const standing = standingOf(id);
    for (const order of ordersIn(target, payload)) {
      if (standing === 'ours') this.#obey(name, id, order);
      else this.#held.push({ name, id, order, at: now(), isOurs: standing === 'open' });
    }
    this.#forgetOld();
  }

  #onAnswered(name: string, payload: string): void {
    const answer = parseJson(payload);
    if (!isJsonMap(answer)) return;
    const { path, transaction } = answer;
    const at = this.#held.findIndex(
      (each) =>
        each.name === name &&
        each.order.path === path &&
        JSON.stringify(each.order.transaction) === JSON.stringify(transaction),
    );
    if (at >= 0) this.#held.splice(at, 1);
  }

  #obey(name: string, id: string, order: Order): void {
    if (order.kind === 'run') void this.#run(name, id, order);
    else this.#respond(name, { status: 'error', error: order.problem });
  }

  async #run(name: string, id: string, command: BridgeCommand): Promise<void> {
    const { mesh, onAnswer } = this.#options;
    const { path, transaction } = command;
    const common = transaction === undefined ? { path } : { path, transaction };
    try {
      const answer = toJson(await mesh.request(id, path, command.body, { timeoutMs: COMMAND_TIMEOUT_MS }));
      this.#respond(name, { ...common, status: 'ok', value: answer });
      const peer = mesh.peers().find((each) => each.id === id || each.name === name);
      if (answer !== null && peer !== undefined) onAnswer(peer, name, path, answer);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      this.#respond(name, { ...common, status: 'error', error });
    }
  }

  #respond(name: string, answer: object): void {
    const { send, topics } = this.#options;
    send(topics.response(name), JSON.stringify(answer));
  }

  #runHeld(isWanted: (each: Held) => boolean): void {
    if (this.#held.length === 0) return;
    this.#forgetOld();
    const taken = this.#held.filter(isWanted);
    this.#held = this.#held.filter((each) => !taken.includes(each));
    for (const { name, id, order } of taken) this.#obey(name, id, order);
  }

  #forgetOld(): void {
    const oldest = this.#options.now() - HELD_MS_MAX;
    this.#held = this.#held.filter((each) => each.at >= oldest).slice(-HELD_MAX);
  }
}

function ordersIn(target: CommandTopic, payload: string): readonly Order[] {
  const parsed = commandsIn(target, payload);
  if (parsed.ok) return parsed.commands.map((command) => ({ kind: 'run', ...command }));
  return [{ kind: 'refuse', path: undefined, transaction: undefined, problem: parsed.problem }];
}
