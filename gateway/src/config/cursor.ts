import { isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import { nearest } from '../text/suggest.js';

/** Something wrong in the user's file, and where. */
export interface ConfigFault {
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

/** Collects every fault of a file, so that the user mends all of them at once. */
export class FaultList {
  readonly faults: ConfigFault[] = [];
  readonly #lines: LineCounter;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  add(offset: number, problem: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.faults.push({ line: Math.max(1, line), column: Math.max(1, col), problem });
  }
}

/**
 * One value in the file. Reading it as the wrong kind records a fault and gives undefined, so that the
 * readers above need no error paths of their own.
 */
export class ConfigCursor {
  readonly path: string;
  readonly #node: Node | undefined;
  readonly #offset: number;
  readonly #faults: FaultList;

  constructor(node: Node | undefined, path: string, offset: number, faults: FaultList) {
    this.#node = node;
    this.path = path;
    this.#offset = node?.range?.[0] ?? offset;
    this.#faults = faults;
  }

  get isEmpty(): boolean {
    return this.#node === undefined || (isScalar(this.#node) && this.#node.value === null);
  }

  get isMap(): boolean {
    return isMap(this.#node);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  get isFlag(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === 'boolean';
  }

  fault(problem: string): undefined {
    this.#faults.add(this.#offset, problem);
    return undefined;
  }

  text(example: string): string | undefined {
    const value = this.#scalar();
    if (typeof value === 'string' && value !== '') return value;
    return this.fault(`${this.#called} must be a text, such as ${example}`);
  }

  integer(min: number, max: number): number | undefined {
    const value = this.#scalar();
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.fault(`${this.#called} must be a whole number from ${min} to ${max}`);
  }

  flag(): boolean | undefined {
    const value = this.#scalar();
    return typeof value === 'boolean' ? value : this.fault(`${this.#called} must be true or false`);
  }

  list(example: string): readonly ConfigCursor[] {
    if (!isSeq(this.#node)) {
      this.fault(`${this.#called} must be a list, such as ${example}`);
      return [];
    }
    return this.#node.items.map((item, at) => this.#child(item, `${this.path}[${at}]`));
  }

  /** The values of a map by key. A key that is not in `known` is a fault with the nearest known one. */
  fields<Key extends string>(known: readonly Key[]): ReadonlyMap<Key, ConfigCursor> {
    const fields = new Map<Key, ConfigCursor>();
    if (!isMap(this.#node)) {
      this.fault(`${this.#called} must be a map with ${listed(known)}`);
      return fields;
    }
    for (const { key, value } of this.#node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const match = known.find((each) => each === name);
      const offset = isNode(key) ? (key.range?.[0] ?? this.#offset) : this.#offset;
      if (match === undefined) this.#faults.add(offset, unknownKey(name, this.path, known));
      else fields.set(match, this.#child(value, this.path === '' ? name : `${this.path}.${name}`, offset));
    }
    return fields;
  }

  get #called(): string {
    return this.path === '' ? 'the file' : `"${this.path}"`;
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }

  #child(value: unknown, path: string, offset = this.#offset): ConfigCursor {
    const node = isNode(value) ? value : undefined;
    const child = new ConfigCursor(node, path, offset, this.#faults);
    if (isAlias(node)) child.fault('aliases (*name) are not used here: write the value out');
    return child;
  }
}

function unknownKey(name: string, path: string, known: readonly string[]): string {
  const where = path === '' ? '' : ` in "${path}"`;
  const guess = nearest(name, known);
  const advice = guess === undefined ? `known here: ${listed(known)}` : `did you mean "${guess}"?`;
  return `unknown key "${name}"${where}; ${advice}`;
}

function listed(words: readonly string[]): string {
  return words.join(', ');
}
