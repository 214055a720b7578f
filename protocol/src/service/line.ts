import type { NodeKey } from '../kernel/link.js';
import { type PeerDownCode, ROOM_BYTES } from './port.js';

/** Aliases of one session in one direction: those that fit the one byte of a small CBOR integer. */
const ALIAS_COUNT_MAX = 24;
/** An alias that the peer disowned this often is written out for the rest of the session. */
const REFUSAL_COUNT_MAX = 2;

/** First wait for an answer before asking again, when no round trip is known, and its bounds when one is. */
const RETRY_MS = 500;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 4000;

interface Alias {
  readonly alias: number;
  /** The peer has answered a request that defined it. */
  isConfirmed: boolean;
  refusalCount: number;
}

/** How a path is written in a request. */
export interface PathItem {
  readonly alias: number | undefined;
  readonly path: string | undefined;
}

/**
 * What requests know of the session with one peer. An alias is never given a second meaning within a session,
 * so a late packet cannot be misread; paths beyond ALIAS_COUNT_MAX stay text.
 */
export class Line {
  /** Undefined until there is one, as most peers are never asked anything. */
  #ours: Map<string, Alias> | undefined;
  #theirs: (string | undefined)[] | undefined;
  /** Of the way to the peer, whatever session uses it. */
  roomBytes = ROOM_BYTES;
  retryMs = RETRY_MS;
  /** There is a session. */
  isUp = false;

  /** A new session starts without aliases. */
  forgetAliases(): void {
    this.#ours = undefined;
    this.#theirs = undefined;
  }

  /** Text and alias until the peer has shown that it knows the alias, then the alias alone. */
  write(path: string): PathItem {
    this.#ours ??= new Map();
    let known = this.#ours.get(path);
    if (known === undefined) {
      if (this.#ours.size >= ALIAS_COUNT_MAX) return { alias: undefined, path };
      known = { alias: this.#ours.size, isConfirmed: false, refusalCount: 0 };
      this.#ours.set(path, known);
    }
    if (known.refusalCount >= REFUSAL_COUNT_MAX) return { alias: undefined, path };
    return { alias: known.alias, path: known.isConfirmed ? undefined : path };
  }

  confirm(path: string): void {
    const known = this.#ours?.get(path);
    if (known !== undefined) known.isConfirmed = true;
  }

  refuse(path: string): void {
    const known = this.#ours?.get(path);
    if (known === undefined) return;
    known.isConfirmed = false;
    known.refusalCount++;
  }

  /** The path that the peer means, undefined when we do not know its alias. */
  read(item: PathItem): string | undefined {
    if (item.alias === undefined) return item.path;
    if (item.path === undefined) return this.#theirs?.[item.alias];
    if (item.alias < ALIAS_COUNT_MAX) {
      this.#theirs ??= [];
      this.#theirs[item.alias] = item.path;
    }
    return item.path;
  }
}

/** One line per session, so the node's sessionCountMax bounds them. */
export class Lines {
  readonly #lines = new Map<NodeKey, Line>();

  /** Undefined while the peer has no session. */
  find(peer: NodeKey): Line | undefined {
    const line = this.#lines.get(peer);
    return line?.isUp === true ? line : undefined;
  }

  roomBytes(peer: NodeKey): number {
    return this.#lines.get(peer)?.roomBytes ?? ROOM_BYTES;
  }

  retryMs(peer: NodeKey): number {
    return this.#lines.get(peer)?.retryMs ?? RETRY_MS;
  }

  /** A resumed session keeps its aliases. */
  up(peer: NodeKey, resumed: boolean): void {
    const line = this.#lineOf(peer);
    if (!resumed) line.forgetAliases();
    line.isUp = true;
  }

  /** Who restarted comes back by the same way. */
  down(peer: NodeKey, code: PeerDownCode): void {
    const line = this.#lines.get(peer);
    if (line === undefined) return;
    line.forgetAliases();
    line.isUp = false;
    if (code !== 'restarted') this.#lines.delete(peer);
  }

  /** No room means no path at the moment; the next one is most likely as wide as the last. */
  setRoom(peer: NodeKey, bytes: number): void {
    if (bytes > 0) this.#lineOf(peer).roomBytes = bytes;
  }

  setRoundTrip(peer: NodeKey, ms: number): void {
    this.#lineOf(peer).retryMs = Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, Math.ceil(2 * ms)));
  }

  #lineOf(peer: NodeKey): Line {
    const known = this.#lines.get(peer);
    if (known !== undefined) return known;
    const line = new Line();
    this.#lines.set(peer, line);
    return line;
  }
}
