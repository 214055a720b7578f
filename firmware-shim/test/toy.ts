import {
  type Instant,
  type LinkId,
  type LinkInfo,
  type Machine,
  type NodeInput,
  type NodeOutput,
  Outbox,
  UsageError,
} from '@fogwisp/protocol';
import { MemoryStore } from '../src/memory-store.js';
import type { Link, LinkSink, Platform, Store } from '../src/platform.js';

/** A machine that records its inputs and says what the test tells it to. */
export class ToyMachine implements Machine<NodeInput, NodeOutput> {
  readonly inputs: { readonly now: Instant; readonly input: NodeInput }[] = [];
  readonly outbox = new Outbox<NodeOutput>();
  timeoutAt: Instant | undefined;
  isInside = false;
  /** What each input leads to. */
  react: (input: NodeInput, outbox: Outbox<NodeOutput>) => void = () => {};

  handleInput(now: Instant, input: NodeInput): void {
    if (this.isInside) throw new Error('re-entered');
    this.isInside = true;
    try {
      this.inputs.push({ now, input });
      if (input.kind === 'timeout') this.timeoutAt = undefined;
      if (input.kind === 'command' && input.command.kind === 'ping' && input.command.to === '') {
        throw new UsageError('badName', 'a name is needed');
      }
      this.react(input, this.outbox);
    } finally {
      this.isInside = false;
    }
  }

  pollOutput(): NodeOutput | undefined {
    return this.outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return this.timeoutAt;
  }

  get kinds(): readonly string[] {
    return this.inputs.map(({ input }) => input.kind);
  }
}

/** Time stands still until `advance`. */
export class ToyPlatform implements Platform {
  readonly store: Store;
  readonly random = { fill: (bytes: Uint8Array) => void bytes.fill(4) };
  unix: number | undefined;
  at: Instant = 1000;
  armedAt: Instant | undefined;
  armCount = 0;
  afterArrivals?: (then: () => void) => void;
  #wake: () => void = () => {};

  constructor(store: Store = new MemoryStore()) {
    this.store = store;
  }

  get crypto(): never {
    throw new Error('the driver has no business with crypto');
  }

  now(): Instant {
    return this.at;
  }

  wakeAt(at: Instant | undefined, wake: () => void): void {
    this.armCount++;
    this.armedAt = at;
    this.#wake = wake;
  }

  unixMs(): number {
    return this.unix ?? 1_700_000_000_000 + this.at;
  }

  /** Lets time pass, and the timer fire if it is due. */
  advance(ms: number): void {
    this.at += ms;
    if (this.armedAt === undefined || this.armedAt > this.at) return;
    this.armedAt = undefined;
    this.#wake();
  }
}

export const TOY_MEDIUM: LinkInfo = {
  kind: 'sim',
  name: 'toy',
  mtu: 100,
  flow: 'datagram',
  cast: 'broadcast',
  reliable: false,
  bitrate: 0,
};

/** A link whose far end is the test. */
export class ToyLink implements Link {
  readonly sent: { readonly to: string; readonly bytes: Uint8Array }[] = [];
  sink: LinkSink | undefined;
  takes = true;
  isClosed = false;

  open(sink: LinkSink): void {
    this.sink = sink;
  }

  send(to: string, bytes: Uint8Array): boolean {
    if (this.takes) this.sent.push({ to, bytes });
    return this.takes;
  }

  close(): void {
    this.isClosed = true;
  }
}

export function transmit(link: LinkId, to: string, ...bytes: number[]): NodeOutput {
  return { kind: 'transmit', link, to, bytes: Uint8Array.from(bytes) };
}

/** Lets the turn end: everything that waits for it runs. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
