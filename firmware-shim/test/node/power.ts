import type { StoreFiles } from '../../src/node/store-files.js';

/** A file as the system has it, and as much of it as is on the disk. */
interface File {
  cached: Uint8Array;
  durable: Uint8Array;
}

/** What a disk makes of what was not synced when the power went. */
export type Remains = 'nothing' | 'everything' | 'garbage';

/** Everything stops, as it does for a process that is no more. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** A file system that stops at a chosen step; each byte written is one, and so is each call. */
export class PowerFiles implements StoreFiles {
  #names: Map<string, File>;
  #durableNames: Map<string, File>;
  #stepsLeft: number;
  #stepCount = 0;
  #onStop: () => void = () => {};
  readonly stopped: Promise<void>;

  constructor(stepsLeft = Infinity, names = new Map<string, File>(), durableNames = new Map<string, File>()) {
    this.#stepsLeft = stepsLeft;
    this.#names = names;
    this.#durableNames = durableNames;
    this.stopped = new Promise((resolve) => {
      this.#onStop = resolve;
    });
  }

  get stepCount(): number {
    return this.#stepCount;
  }

  /** The power is cut: what the disk has when it comes back. */
  afterPowerCut(remains: Remains, stepsLeft = Infinity): PowerFiles {
    const names = new Map(
      remains === 'nothing' ? this.#durableNames : [...this.#durableNames, ...this.#names],
    );
    if (remains === 'everything')
      for (const name of names.keys()) if (!this.#names.has(name)) names.delete(name);
    for (const [name, file] of names) {
      const content = contentAfterPowerCut(file, remains);
      names.set(name, { cached: content, durable: content });
    }
    return new PowerFiles(stepsLeft, names, new Map(names));
  }

  /** Only the process is killed: the system still has everything, and may lose it later. */
  afterKill(stepsLeft = Infinity): PowerFiles {
    const copies = new Map<File, File>();
    const copyOf = (file: File): File => {
      const copy = copies.get(file) ?? { ...file };
      copies.set(file, copy);
      return copy;
    };
    const copyAll = (names: Map<string, File>) =>
      new Map([...names].map(([name, file]) => [name, copyOf(file)]));
    return new PowerFiles(stepsLeft, copyAll(this.#names), copyAll(this.#durableNames));
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async list(): Promise<readonly string[]> {
    return this.#step() ? [...this.#names.keys()] : never();
  }

  async read(name: string): Promise<Uint8Array> {
    return this.#step() ? this.#file(name).cached : never();
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    if (!this.#step()) return never();
    const file = this.#names.get(name) ?? { cached: new Uint8Array(0), durable: new Uint8Array(0) };
    this.#names.set(name, file);
    file.cached = new Uint8Array(0);
    for (let length = 1; length <= bytes.length; length++) {
      if (!this.#step()) return never();
      file.cached = bytes.slice(0, length);
    }
    if (!this.#step()) return never();
    file.durable = file.cached;
  }

  async remove(name: string): Promise<void> {
    if (!this.#step()) return never();
    this.#names.delete(name);
  }

  async sync(name?: string): Promise<void> {
    if (!this.#step()) return never();
    if (name === undefined) this.#durableNames = new Map(this.#names);
    else this.#file(name).durable = this.#file(name).cached;
  }

  #file(name: string): File {
    const file = this.#names.get(name);
    if (file === undefined) throw new Error(`no file ${name}`);
    return file;
  }

  #step(): boolean {
    this.#stepCount++;
    if (this.#stepsLeft-- > 0) return true;
    this.#onStop();
    return false;
  }
}

function contentAfterPowerCut(file: File, remains: Remains): Uint8Array {
  if (file.cached === file.durable || remains === 'everything') return file.cached;
  if (remains === 'garbage') return file.cached.map((byte, i) => (i % 3 === 1 ? byte ^ 0x5a : byte));
  return file.cached.length > file.durable.length ? file.durable : new Uint8Array(0);
}
