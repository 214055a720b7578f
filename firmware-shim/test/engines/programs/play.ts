import {
  BOARD_LIMITS,
  type CryptoSuite,
  identityFromSeed,
  Node,
  type NodeOutput,
  networkFromKey,
  type Random,
} from '@fogwisp/protocol';
import { TraceHash } from '@fogwisp/protocol/sim';
import { type Casting, decodeRecord, type ScriptRecord } from '../script.js';
import type { EngineHost } from './engine-host.js';

/** What the player needs of its engine. */
export type Stage = Pick<EngineHost, 'print' | 'measure' | 'next'>;

/**
 * One shipped node with the limits of a board, told by a script what it was told in the simulator. Nothing
 * but the node is in memory: whoever it talks to is on the script.
 */
export class Player implements Random {
  readonly #stage: Stage;
  readonly #suite: CryptoSuite;
  readonly #hash = new TraceHash();
  #casting: Casting | undefined;
  #node: Node | undefined;
  #inputs = 0;
  #packets = 0;
  #events = 0;

  constructor(stage: Stage, suite: CryptoSuite) {
    this.#stage = stage;
    this.#suite = suite;
  }

  play(): void {
    for (let record = this.#next(); record !== undefined; record = this.#next()) this.#perform(record);
    const { hex: hash } = this.#hash;
    const [inputs, packets, events] = [this.#inputs, this.#packets, this.#events];
    this.#stage.print(JSON.stringify({ result: { hash, inputs, packets, events } }));
  }

  /** The node draws: the script has what it drew in the simulator. */
  fill(bytes: Uint8Array): void {
    const record = this.#next();
    if (record?.kind !== 'random' || record.bytes.length !== bytes.length) {
      throw new Error(`after input ${this.#inputs} the node does something else than in the simulator`);
    }
    bytes.set(record.bytes);
  }

  #next(): ScriptRecord | undefined {
    const bytes = this.#stage.next();
    return bytes === undefined ? undefined : decodeRecord(new Uint8Array(bytes));
  }

  #perform(record: ScriptRecord): void {
    switch (record.kind) {
      case 'cast':
        this.#casting = record.casting;
        return;
      case 'boot':
        this.#node = this.#boot(record);
        return this.#drain(this.#node);
      case 'input':
        if (this.#node === undefined) throw new Error('the script begins with a boot');
        this.#inputs++;
        this.#node.handleInput(record.now, record.input);
        return this.#drain(this.#node);
      case 'mark':
        return this.#stage.measure(record.label);
      case 'random':
        throw new Error(`after input ${this.#inputs} the node draws less than in the simulator`);
    }
  }

  #boot({ now, restored }: Extract<ScriptRecord, { kind: 'boot' }>): Node {
    const crypto = this.#suite;
    const identity = this.#casting && identityFromSeed(crypto, this.#casting.seed);
    if (this.#casting === undefined || identity === undefined)
      throw new Error('the script says who it is for');
    const { name } = this.#casting;
    const network = networkFromKey(crypto, this.#casting.network);
    const stored = new Map(Object.entries(restored));
    return new Node({
      now,
      identity,
      network,
      name,
      crypto,
      random: this,
      limits: BOARD_LIMITS,
      restored: stored,
    });
  }

  #drain(node: Node): void {
    for (let output = node.pollOutput(); output !== undefined; output = node.pollOutput()) this.#take(output);
    this.#hash.integer(node.pollTimeout() ?? 0);
  }

  #take(output: NodeOutput): void {
    if (output.kind === 'event') this.#events++;
    if (output.kind !== 'transmit') return;
    this.#packets++;
    this.#hash.word(output.link);
    this.#hash.text(output.to);
    this.#hash.bytes(output.bytes);
  }
}
