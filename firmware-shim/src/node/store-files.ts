import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ShimError } from '../shim-error.js';
import { DirectoryLock } from './directory-lock.js';
import { messageOf, systemCode, userName } from './system-error.js';

/** What the store needs of a file system, so that a test can cut the power in it. */
export interface StoreFiles {
  /** Makes the directory where there is none, and takes it for this process. */
  open(): Promise<void>;
  close(): Promise<void>;
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  /** The whole content; durable on return, though a new name may still be lost. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes the content of a file durable, or, without a name, the directory: which files there are. */
  sync(name?: string): Promise<void>;
}

/** A directory of the machine; files are for its owner alone, as keys are in them. */
export class DirectoryFiles implements StoreFiles {
  readonly #directory: string;
  #lock: DirectoryLock | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async open(): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      this.#lock = await DirectoryLock.acquire(this.#directory);
    } catch (error) {
      throw error instanceof ShimError ? error : unwritable(this.#directory, error);
    }
  }

  async close(): Promise<void> {
    this.#lock?.release();
    this.#lock = undefined;
  }

  list(): Promise<readonly string[]> {
    return readdir(this.#directory);
  }

  read(name: string): Promise<Uint8Array> {
    return readFile(join(this.#directory, name));
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const file = await open(join(this.#directory, name), 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  remove(name: string): Promise<void> {
    return unlink(join(this.#directory, name));
  }

  async sync(name?: string): Promise<void> {
    if (process.platform === 'win32') return; // syncs neither directories nor what is open for reading
    const target = await open(name === undefined ? this.#directory : join(this.#directory, name), 'r');
    try {
      await target.sync();
    } finally {
      await target.close();
    }
  }
}

function unwritable(directory: string, error: unknown): ShimError {
  return new ShimError('stateUnwritable', `state directory ${directory} ${reasonOf(error)}`, error);
}

function reasonOf(error: unknown): string {
  const elsewhere = 'or choose another directory';
  switch (systemCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return `is not writable: give it to user ${userName()} (chown), ${elsewhere}`;
    case 'EROFS':
      return `is on a read-only file system: remount it writable, ${elsewhere}`;
    case 'EEXIST':
    case 'ENOTDIR':
      return `is no directory: a file is in the way; move it, ${elsewhere}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `has no space left: delete something, ${elsewhere}`;
    default:
      return `cannot be used: ${messageOf(error)}; put that right, ${elsewhere}`;
  }
}
