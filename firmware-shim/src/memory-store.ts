import { STORE_KEY_LENGTH_MAX, STORE_VALUE_BYTES_MAX, type Store } from './platform.js';
import { ShimError } from './shim-error.js';

/** Forgets everything with the process: for tests, and for nodes that are somebody new at each start. */
export class MemoryStore implements Store {
  readonly #values: Map<string, Uint8Array>;

  constructor(values: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#values = new Map(values);
  }

  async load(): Promise<ReadonlyMap<string, Uint8Array>> {
    return new Map(this.#values);
  }

  async write(key: string, value: Uint8Array | undefined): Promise<void> {
    checkStoreEntry(key, value);
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, new Uint8Array(value));
  }
}

/** Every store refuses the same keys and values, so that a node that runs on one runs on all. */
export function checkStoreEntry(key: string, value: Uint8Array | undefined): void {
  if (key.length > STORE_KEY_LENGTH_MAX || !/^[\x21-\x7e]+$/.test(key)) {
    const rule = `1 to ${STORE_KEY_LENGTH_MAX} printable ASCII characters without spaces`;
    throw new ShimError('badStoreKey', `${JSON.stringify(key)} is no store key: use ${rule}`);
  }
  if (value !== undefined && value.length > STORE_VALUE_BYTES_MAX) {
    const sizes = `${value.length} bytes, more than the ${STORE_VALUE_BYTES_MAX} of a store value`;
    throw new ShimError('tooLarge', `the value of store key ${key} has ${sizes}; split it`);
  }
}
