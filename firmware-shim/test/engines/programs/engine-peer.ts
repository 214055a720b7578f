import { Driver, type Link, type Platform } from '@fogwisp/firmware-shim';
import {
  BOARD_LIMITS,
  type CborValue,
  createIdentity,
  decodeValue,
  encodeValue,
  Node,
  type NodeEvent,
  networkFromKey,
  type PeerReport,
  Status,
} from '@fogwisp/protocol';
import { decodeRole, type EngineRole } from '../engine-role.js';

const TICK_MS = 1000;
const ASK_EVERY_TICKS = 2;
const ASK_MS = 2000;

/** A peer with the limits of a board: publishes its uptime, serves it, and asks another peer regularly. */
export class EnginePeer {
  readonly #platform: Platform;
  readonly #role: EngineRole;
  readonly #driver: Driver;
  readonly #peers = new Map<string, PeerReport>();
  #isRunning = true;
  #ticks = 0;
  #asked = 0;
  #answer: { readonly value: CborValue; readonly at: number } | undefined;

  constructor(platform: Platform, link: Link, script: ArrayBuffer | undefined) {
    if (script === undefined) throw new Error('the script says who the peer is');
    this.#platform = platform;
    this.#role = decodeRole(new Uint8Array(script));
    const { crypto, random } = platform;
    const node = new Node({
      now: platform.now(),
      identity: createIdentity(crypto, random),
      network: networkFromKey(crypto, this.#role.network),
      name: this.#role.name,
      crypto,
      random,
      limits: BOARD_LIMITS,
      restored: new Map(),
    });
    this.#driver = new Driver({
      platform,
      node,
      onEvent: (event) => this.#onEvent(event),
      onNotice: (notice) => {
        if (notice.kind === 'linkDown') this.#end();
      },
    });
    this.#driver.addLink(link);
  }

  start(): void {
    this.#driver.start();
  }

  /** Until its line ends. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Once a second. */
  tick(): void {
    this.#driver.submit({ kind: 'publish', topic: 'uptime', body: encodeValue(this.#uptime), qos: 0 });
    if (this.#ticks++ % ASK_EVERY_TICKS !== 0) return;
    const { name: to, path } = this.#role.asks;
    this.#asked = this.#driver.submit({
      kind: 'request',
      to,
      path,
      body: encodeValue(null),
      deadlineMs: ASK_MS,
    });
  }

  /** When the next tick is due. */
  get nextTickAt(): number {
    return this.#platform.now() + TICK_MS;
  }

  #end(): void {
    this.#isRunning = false;
    void this.#driver.stop();
  }

  get #uptime(): number {
    return Math.floor(this.#platform.now() / 1000);
  }

  #onEvent(event: NodeEvent): void {
    if (event.kind === 'peer') this.#peers.set(event.peer.id, event.peer);
    else if (event.kind === 'request') this.#respond(event.request, event.path);
    else if (event.kind === 'response' && event.command === this.#asked) {
      const decoded = decodeValue(event.body);
      if (decoded.ok) this.#answer = { value: decoded.value, at: this.#platform.now() };
    }
  }

  #respond(request: number, path: string): void {
    const value = this.#read(path);
    const status = value === undefined ? Status.notFound : Status.ok;
    this.#driver.submit({ kind: 'respond', request, status, body: encodeValue(value ?? null) });
  }

  /** `asked`: the last answer of the peer that is asked, and how old it is. */
  #read(path: string): CborValue | undefined {
    if (path === 'uptime') return this.#uptime;
    if (path === '$topics') return ['uptime']; // as devices of the SDK serve it
    if (path === 'peers') return [...this.#peers.values()].map(({ name, status }) => ({ name, status }));
    if (path !== 'asked' || this.#answer === undefined) return undefined;
    return { value: this.#answer.value, msAgo: this.#platform.now() - this.#answer.at };
  }
}
