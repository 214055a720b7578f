/** The service machines of a node behind one pair of doors: what is said to all of them is said here once. */
import type { Command, CommandId, NodeEvent, PathReport } from '../api.js';
import type { CryptoSuite } from '../crypto/suite.js';
import type { Identity } from '../identity/identity.js';
import { unreachable } from '../kernel/assert.js';
import { readU32, writeU32 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { Outbox } from '../kernel/machine.js';
import { earlier } from '../kernel/timers.js';
import type { Instant } from '../kernel/time.js';
import { decodeUtf8, encodeUtf8 } from '../kernel/utf8.js';
import type { Limits } from '../limits.js';
import type { Message, Pong } from '../packet/message.js';
import { Catalog, type CatalogOutput } from '../service/catalog.js';
import { Echo } from '../service/echo.js';
import type { Delivery, PeerDownCode, PortInput, PortOutput, Send } from '../service/port.js';
import { Presence } from '../service/presence.js';
import { PublishMachine } from '../service/publish.js';
import { RequestMachine } from '../service/request.js';

export interface ServicesOptions {
  readonly now: Instant;
  readonly identity: Identity;
  readonly crypto: CryptoSuite;
  readonly limits: Limits;
  readonly name: string;
  readonly boot: number;
  readonly restored: ReadonlyMap<string, Uint8Array>;
}

export type ServicesOutput =
  | (Send & { readonly kind: 'send' })
  /** A key that may be opened to. */
  | { readonly kind: 'learn'; readonly publicKey: Uint8Array }
  | { readonly kind: 'event'; readonly event: NodeEvent }
  | { readonly kind: 'persist'; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: 'boot'; readonly boot: number }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

/** Tags of the machines share one number space. */
const TAG_OWNERS = 2;
const CLAIM_KEY = 'claim';

export class Services {
  readonly #out = new Outbox<ServicesOutput>();
  readonly #requests: RequestMachine;
  readonly #publications: PublishMachine;
  readonly #catalog: Catalog;
  readonly #presence: Presence;
  readonly #echo: Echo;

  constructor(options: ServicesOptions) {
    const { now, identity, crypto: suite, limits, name, boot, restored } = options;
    const claimedAt = claimOf(restored.get(CLAIM_KEY), name);
    this.#requests = new RequestMachine({ self: identity.key, limits });
    this.#publications = new PublishMachine({ self: identity.key, limits });
    this.#catalog = new Catalog({ now, suite, identity, limits, boot, name, claimedAt });
    this.#presence = new Presence({ self: identity.key, limits });
    this.#echo = new Echo(limits);
  }

  handleInput(now: Instant, input: { readonly kind: 'timeout' }): void {
    for (const machine of [this.#requests, this.#publications, this.#catalog, this.#presence, this.#echo]) {
      const at = machine.pollTimeout();
      if (at !== undefined && at <= now) machine.handleInput(now, input);
    }
  }

  pollTimeout(): Instant | undefined {
    const first = earlier(this.#requests.pollTimeout(), this.#publications.pollTimeout());
    const second = earlier(this.#catalog.pollTimeout(), this.#presence.pollTimeout());
    return earlier(earlier(first, second), this.#echo.pollTimeout());
  }

  /** Call until undefined; `now` is that of the last input. */
  pollOutput(now: Instant): ServicesOutput | undefined {
    for (let o = this.#catalog.pollOutput(); o !== undefined; o = this.#catalog.pollOutput()) this.#onCatalog(now, o);
    for (let o = this.#requests.pollOutput(); o !== undefined; o = this.#requests.pollOutput()) this.#pass(o, 0);
    for (let o = this.#publications.pollOutput(); o !== undefined; o = this.#publications.pollOutput()) this.#pass(o, 1);
    for (let o = this.#presence.pollOutput(); o !== undefined; o = this.#presence.pollOutput()) this.#out.push(o);
    for (let o = this.#echo.pollOutput(); o !== undefined; o = this.#echo.pollOutput()) this.#out.push(o);
    return this.#out.shift();
  }

  command(now: Instant, id: CommandId, command: Exclude<Command, { kind: 'connect' | 'disconnect' | 'stop' }>): void {
    switch (command.kind) {
      case 'request':
      case 'cancel':
      case 'respond':
        return this.#requests.handleInput(now, { kind: 'command', id, command });
      case 'publish':
      case 'subscribe':
      case 'unsubscribe':
        return this.#publications.handleInput(now, { kind: 'command', id, command });
      case 'ping':
        return this.#echo.handleInput(now, { kind: 'ping', command: id, to: command.to, deadlineMs: command.deadlineMs });
      default:
        return unreachable(command);
    }
  }

  message(now: Instant, from: NodeKey, message: Message, delivery: Delivery): void {
    const input = { kind: 'message', from, message, delivery } as const;
    switch (message.kind) {
      case 'request':
      case 'response':
      case 'cancel':
        return this.#requests.handleInput(now, input);
      case 'publish':
      case 'subscribe':
      case 'unsubscribe':
        return this.#publications.handleInput(now, input);
      case 'record':
      case 'find':
        return this.#catalog.handleInput(now, input);
      default:
        this.#out.push({ kind: 'dropped', reason: 'unexpected' });
    }
  }

  pong(now: Instant, from: NodeKey, pong: Pong): void {
    this.#echo.handleInput(now, { kind: 'pong', from, pong, path: this.#presence.pathOf(now, from) });
  }

  settled(now: Instant, tag: number, ok: boolean): void {
    const owner = tag % TAG_OWNERS;
    const input = { kind: 'settled', tag: (tag - owner) / TAG_OWNERS, ok } as const;
    if (owner === 0) this.#requests.handleInput(now, input);
    else this.#publications.handleInput(now, input);
  }

  peerUp(now: Instant, peer: NodeKey, resumed: boolean): void {
    this.#tellAll(now, { kind: 'peerUp', peer, resumed });
    this.#presence.handleInput(now, { kind: 'peerUp', peer });
  }

  peerDown(now: Instant, peer: NodeKey, code: PeerDownCode): void {
    this.#tellAll(now, { kind: 'peerDown', peer, code });
    this.#presence.handleInput(now, { kind: 'peerDown', peer, code });
  }

  heard(now: Instant, peer: NodeKey): void {
    this.#presence.handleInput(now, { kind: 'heard', peer });
  }

  path(now: Instant, peer: NodeKey, path: PathReport): void {
    this.#presence.handleInput(now, { kind: 'path', peer, path });
  }

  room(now: Instant, peer: NodeKey, bytes: number): void {
    const input = { kind: 'room', peer, bytes } as const;
    this.#requests.handleInput(now, input);
    this.#publications.handleInput(now, input);
  }

  roundTrip(now: Instant, peer: NodeKey, ms: number): void {
    this.#requests.handleInput(now, { kind: 'roundTrip', peer, ms });
  }

  /** `firstHop` undefined: no route any more. */
  route(now: Instant, destination: ShortKey, firstHop: NodeKey | undefined): void {
    this.#catalog.handleInput(now, { kind: 'route', destination, firstHop });
    this.#presence.handleInput(now, { kind: 'route', destination, isReachable: firstHop !== undefined });
  }

  setClock(now: Instant, unixMs: number): void {
    this.#catalog.handleInput(now, { kind: 'wallClock', unixMs });
  }

  setBoot(now: Instant, boot: number): void {
    this.#catalog.handleInput(now, { kind: 'boot', boot });
  }

  #tellAll(now: Instant, input: Extract<PortInput, { kind: 'peerUp' | 'peerDown' }>): void {
    this.#requests.handleInput(now, input);
    this.#publications.handleInput(now, input);
    this.#catalog.handleInput(now, input);
  }

  #onCatalog(now: Instant, output: CatalogOutput): void {
    switch (output.kind) {
      case 'known':
        return this.#onKnown(now, output.peer, output.publicKey, output.name);
      case 'forgotten': {
        const input = { kind: 'peerGone', peer: output.peer } as const;
        for (const machine of [this.#requests, this.#publications, this.#presence, this.#echo]) machine.handleInput(now, input);
        return;
      }
      case 'claimed':
        this.#out.push({ kind: 'persist', key: CLAIM_KEY, value: encodeClaim(output.name, output.claimedAt) });
        return;
      case 'boot':
        this.#out.push(output);
        return;
      default:
        this.#pass(output, undefined);
    }
  }

  #onKnown(now: Instant, peer: NodeKey, publicKey: Uint8Array, name: string): void {
    this.#out.push({ kind: 'learn', publicKey });
    const input = { kind: 'peerNamed', peer, name } as const;
    for (const machine of [this.#requests, this.#publications, this.#presence, this.#echo]) machine.handleInput(now, input);
  }

  #pass(output: PortOutput, owner: number | undefined): void {
    if (output.kind !== 'send' || output.tag === undefined || owner === undefined) this.#out.push(output);
    else this.#out.push({ ...output, tag: output.tag * TAG_OWNERS + owner });
  }
}

/** Stored as 4 bytes of Unix seconds and the name they belong to. */
function encodeClaim(name: string, claimedAt: number): Uint8Array {
  const text = encodeUtf8(name);
  const value = new Uint8Array(4 + text.length);
  writeU32(value, 0, claimedAt);
  value.set(text, 4);
  return value;
}

function claimOf(stored: Uint8Array | undefined, name: string): number {
  if (stored === undefined || stored.length < 4 || decodeUtf8(stored.subarray(4)) !== name) return 0;
  return readU32(stored, 0);
}
