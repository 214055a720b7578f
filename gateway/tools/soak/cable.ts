import { existsSync } from 'node:fs';
import { openPtyLine, type PtyLine } from '../../demo/line.js';
import type { PeerProcess } from './peer-process.js';
import type { SoakLink } from './wire.js';

const WATCH_MS = 300;

/** The serial cable between two peers, which can be pulled. */
export interface Cable {
  readonly kind: 'pty' | 'pipe';
  readonly ends: readonly [SoakLink, SoakLink];
  /** After a start of the peer at one of its ends. */
  attach(end: 0 | 1, peer: PeerProcess): void;
  pull(): void;
  plug(): Promise<void>;
  close(): void;
}

/** Two terminal devices where there is socat, a pipe from process to process through this one elsewhere. */
export async function openCable(folder: string): Promise<Cable> {
  return (await openTerminals(folder)) ?? new PipeCable();
}

/** One of several cables, by its name; undefined where there is no socat. */
export async function openTerminals(folder: string, name = 'serial'): Promise<Cable | undefined> {
  const line = await openPtyLine(folder, name);
  return line === undefined ? undefined : new PtyCable(folder, name, line);
}

/** socat ends when a process that had a device open is gone, so it is started again. */
class PtyCable implements Cable {
  readonly kind = 'pty';
  readonly ends: readonly [SoakLink, SoakLink];
  readonly #folder: string;
  readonly #name: string;
  readonly #timer: NodeJS.Timeout;
  #line: PtyLine | undefined;
  #isPulled = false;
  #isOpening = false;

  constructor(folder: string, name: string, line: PtyLine) {
    const { gatewayPath, peerPath } = line;
    this.#folder = folder;
    this.#name = name;
    this.#line = line;
    this.ends = [
      { kind: 'serial', path: gatewayPath },
      { kind: 'serial', path: peerPath },
    ];
    this.#timer = setInterval(() => {
      if (!this.#isPulled && !(existsSync(gatewayPath) && existsSync(peerPath))) void this.#open();
    }, WATCH_MS);
  }

  attach(): void {
    // whoever starts opens its device by itself
  }

  pull(): void {
    this.#isPulled = true;
    this.#line?.close();
    this.#line = undefined;
  }

  async plug(): Promise<void> {
    this.#isPulled = false;
    await this.#open();
  }

  close(): void {
    clearInterval(this.#timer);
    this.pull();
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    this.#line?.close();
    this.#line = await openPtyLine(this.#folder, this.#name);
    this.#isOpening = false;
    if (this.#isPulled) this.#line?.close();
  }
}

class PipeCable implements Cable {
  readonly kind = 'pipe';
  readonly ends: readonly [SoakLink, SoakLink] = [{ kind: 'pipe' }, { kind: 'pipe' }];
  readonly #peers: (PeerProcess | undefined)[] = [undefined, undefined];
  #isPulled = false;

  attach(end: 0 | 1, peer: PeerProcess): void {
    this.#peers[end] = peer;
    const stream = peer.pipe;
    stream.on('error', () => undefined); // the peer was killed
    stream.on('data', (bytes: Uint8Array) => {
      const other = this.#peers[1 - end]?.pipe;
      if (!this.#isPulled && other?.writable) other.write(bytes);
    });
  }

  pull(): void {
    this.#isPulled = true;
  }

  async plug(): Promise<void> {
    this.#isPulled = false;
  }

  close(): void {
    this.pull();
  }
}
