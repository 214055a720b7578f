import type { CryptoSuite, Instant, LinkAddress, LinkInfo, Random, StoreKey } from '@fogwisp/protocol';
import type { ShimError } from './shim-error.js';

/** What a porter implements: this file, and one `Link` per medium. The conformance suites hold both to it. */
export interface Platform {
  /** Whole milliseconds on a monotonic clock. */
  now(): Instant;
  /**
   * The one timer: re-armed by each call, disarmed by undefined. `wake` runs once, at `at` or later, never
   * inside.
   */
  wakeAt(at: Instant | undefined, wake: () => void): void;
  /**
   * Runs `then` once, soon, after what has arrived already was handed over, never inside. Left out: at the
   * end of the turn.
   */
  afterArrivals?(then: () => void): void;
  /** From a CSPRNG: keys are made of it. */
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly store: Store;
  /** The wall clock, where there is one. */
  unixMs?(): number;
}

/** Where a link tells what happened. None of these is called inside `open`, `send` or `close`. */
export interface LinkSink {
  /** Packets can be sent from now on, until `down`. */
  up(info: LinkInfo): void;
  /** One whole packet; `bytes` are borrowed until return. `from` can be used as `to`. */
  packet(from: LinkAddress, bytes: Uint8Array): void;
  /** Not usable, once for each cause. `error` where a person can do something about it. */
  down(reason: string, error?: ShimError): void;
  /** The router in front of the link passes on what comes to these addresses; all of them, or none. */
  mapped?(addresses: readonly LinkAddress[]): void;
  /** Something a person should know that is no outage. */
  notice?(text: string): void;
}

/** One attached medium that carries whole packets, or loses them whole. */
export interface Link {
  /** Called once. A link that goes down tries again by itself until `close`, where that makes sense. */
  open(sink: LinkSink): void;
  /** False when the packet was dropped. Takes ownership of `bytes`; never throws, never waits. */
  send(to: LinkAddress, bytes: Uint8Array): boolean;
  /** For good; the sink hears nothing more. */
  close(): void;
}

/** Something that yields links while it runs, such as a listening socket. */
export interface LinkSource {
  /** Called once. */
  open(sink: LinkSourceSink): void;
  /** For good; the links that it yielded are closed by who has them. */
  close(): void;
}

/** Where a source tells what happened; the rules of `LinkSink` hold. */
export interface LinkSourceSink {
  /** A new one, not open yet. */
  add(link: Link): void;
  /** The link is down for good. */
  remove(link: Link): void;
  /** Accepts, at this address. */
  up(address: LinkAddress): void;
  down(reason: string, error?: ShimError): void;
  notice?(text: string): void;
}

/** The longest value that a store takes. */
export const STORE_VALUE_BYTES_MAX = 4096;

/** The longest key, in printable ASCII characters. */
export const STORE_KEY_LENGTH_MAX = 64;

/** Values survive power loss at any moment: after it, each key has its old or its new value, whole. */
export interface Store {
  /** Everything that is stored; called once, before any write. */
  load(): Promise<ReadonlyMap<StoreKey, Uint8Array>>;
  /** Resolves once the value (undefined: its absence), or a newer one of the same key, is durable. */
  write(key: StoreKey, value: Uint8Array | undefined): Promise<void>;
}
