import type { Instant, Machine, NodeInput, NodeOutput, Random, StoreKey } from '@fogwisp/protocol';
import { TraceHash } from './hash.js';
import { bytesToHex, hexToBytes } from './text.js';

/**
 * What one host was told, as text: a line for each boot, input and draw of randomness, and after each input
 * the hash of what came out. Lines are complete: a node that is given them again does the same again,
 * anywhere.
 *
 *   boot 0 {"boot":{"$bytes":"0001"}}
 *   random 7f3a...
 *   input 12 {"kind":"packet",...}
 *   outputs 9b27c1d0 due 512
 */
export type TraceLine = string;

/** What a node is born with. */
export interface Birth {
  readonly name: string;
  readonly now: Instant;
  readonly random: Random;
  readonly restored: ReadonlyMap<StoreKey, Uint8Array>;
}
export type SimNode = Machine<NodeInput, NodeOutput>;
export type MakeNode = (birth: Birth) => SimNode;

/** Writes a trace while the host runs. */
export class Recorder implements Random {
  readonly lines: TraceLine[] = [];
  readonly #random: Random;
  #outputs = new TraceHash();

  constructor(random: Random) {
    this.#random = random;
  }

  boot(now: Instant, restored: ReadonlyMap<StoreKey, Uint8Array>): void {
    this.lines.push(`boot ${now} ${toText(Object.fromEntries(restored))}`);
  }

  input(now: Instant, input: NodeInput): void {
    this.lines.push(`input ${now} ${toText(input)}`);
  }

  output(output: NodeOutput): void {
    hashOutput(this.#outputs, output);
  }

  /** All outputs of one input, or of a boot, have come; `due` is what the node wants to be woken at. */
  drained(due: Instant | undefined): void {
    this.lines.push(drainedLine(this.#outputs, due));
    this.#outputs = new TraceHash();
  }

  fill(bytes: Uint8Array): void {
    this.#random.fill(bytes);
    this.lines.push(`random ${bytesToHex(bytes)}`);
  }
}

export interface Replay {
  readonly outputs: readonly NodeOutput[];
  /**
   * Number of the first line (from 1) at which the node did something else; undefined when it did the same.
   */
  readonly differsAt: number | undefined;
}

/** Runs one node through a trace, without a world. */
export function replay(lines: readonly TraceLine[], makeNode: MakeNode, name = ''): Replay {
  return new Replayer(lines, makeNode, name).run();
}

class Replayer implements Random {
  readonly #lines: readonly TraceLine[];
  readonly #makeNode: MakeNode;
  readonly #name: string;
  readonly #outputs: NodeOutput[] = [];
  #at = 0;
  #node: SimNode | undefined;
  #differsAt: number | undefined;

  constructor(lines: readonly TraceLine[], makeNode: MakeNode, name: string) {
    this.#lines = lines;
    this.#makeNode = makeNode;
    this.#name = name;
  }

  run(): Replay {
    while (this.#at < this.#lines.length && this.#differsAt === undefined) {
      const line = this.#lines[this.#at++] as TraceLine;
      if (line.startsWith('boot ')) this.#boot(line);
      else if (line.startsWith('input ')) this.#input(line);
      else this.#differ();
    }
    return { outputs: this.#outputs, differsAt: this.#differsAt };
  }

  /** The node draws randomness: the next line must be just that. */
  fill(bytes: Uint8Array): void {
    const drawn = hexToBytes(this.#take('random ') ?? '');
    if (drawn.length === bytes.length) bytes.set(drawn);
    else this.#differ();
  }

  #boot(line: TraceLine): void {
    const [now, text] = afterWord(line);
    const restored = new Map(Object.entries(fromText(text) as Record<StoreKey, Uint8Array>));
    this.#node = this.#makeNode({ name: this.#name, now, random: this, restored });
    this.#drain(this.#node);
  }

  #input(line: TraceLine): void {
    if (this.#node === undefined) return this.#differ();
    const [now, text] = afterWord(line);
    this.#node.handleInput(now, fromText(text) as NodeInput); // our own text, see `input` above
    this.#drain(this.#node);
  }

  #drain(node: SimNode): void {
    const hash = new TraceHash();
    for (let output = node.pollOutput(); output !== undefined; output = node.pollOutput()) {
      hashOutput(hash, output);
      this.#outputs.push(output);
    }
    const line = this.#lines[this.#at++];
    if (line !== drainedLine(hash, node.pollTimeout())) this.#differ();
  }

  #take(word: string): string | undefined {
    const line = this.#lines[this.#at];
    if (line === undefined || !line.startsWith(word)) return undefined;
    this.#at++;
    return line.substring(word.length);
  }

  #differ(): void {
    this.#differsAt ??= this.#at;
  }
}

const INPUT_CODE = {
  linkUp: 1,
  linkDown: 2,
  packet: 3,
  persisted: 4,
  wallClock: 5,
  command: 6,
  timeout: 7,
  capability: 8,
  mapped: 9,
} as const satisfies Record<NodeInput['kind'], number>;

const OUTPUT_CODE = {
  transmit: 17,
  persist: 18,
  event: 19,
  dropped: 20,
} as const satisfies Record<NodeOutput['kind'], number>;

export function hashInput(hash: TraceHash, now: Instant, input: NodeInput): void {
  hash.word(INPUT_CODE[input.kind]);
  hash.integer(now);
  if (input.kind === 'timeout') return;
  if (input.kind !== 'packet') return hash.value(input);
  hash.word(input.link);
  hash.text(input.from);
  hash.bytes(input.bytes);
}

export function hashOutput(hash: TraceHash, output: NodeOutput): void {
  hash.word(OUTPUT_CODE[output.kind]);
  if (output.kind !== 'transmit') return hash.value(output);
  hash.word(output.link);
  hash.text(output.to);
  hash.bytes(output.bytes);
}

function drainedLine(outputs: TraceHash, due: Instant | undefined): TraceLine {
  return `outputs ${outputs.hex} due ${due ?? 'never'}`;
}

/** 'input 12 {...}' -> [12, '{...}'] */
function afterWord(line: TraceLine): readonly [number, string] {
  const first = line.indexOf(' ') + 1;
  const second = line.indexOf(' ', first) + 1;
  return [Number(line.substring(first, second - 1)), line.substring(second)];
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    item instanceof Uint8Array ? { $bytes: bytesToHex(item) } : item,
  );
}

function fromText(text: string): unknown {
  return JSON.parse(text, (_, item) => {
    const hex: unknown = item?.$bytes;
    return typeof hex === 'string' ? hexToBytes(hex) : item;
  });
}
