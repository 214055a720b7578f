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
  readonly #ours = new Map<string, Alias>();
  readonly #theirs: (string | undefined)[] = [];

  /** Text and alias until the peer has shown that it knows the alias, then the alias alone. */
  write(path: string): PathItem {
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
    const known = this.#ours.get(path);
    if (known !== undefined) known.isConfirmed = true;
  }

  refuse(path: string): void {
    const known = this.#ours.get(path);
    if (known === undefined) return;
    known.isConfirmed = false;
    known.refusalCount++;
  }

  /** The path that the peer means, undefined when we do not know its alias. */
  read(item: PathItem): string | undefined {
    if (item.alias === undefined) return item.path;
    if (item.path === undefined) return this.#theirs[item.alias];
    if (item.alias < ALIAS_COUNT_MAX) this.#theirs[item.alias] = item.path;
    return item.path;
  }
}

/** Of the way to a peer, whatever session uses it. */
interface Pace {
  roomBytes: number;
  retryMs: number;
}

/** One line per session, so the node's sessionCountMax bounds them. */
export class Lines {
  readonly #lines = new Map<NodeKey, Line>();
  readonly #paces = new Map<NodeKey, Pace>();

  /** Undefined while the peer has no session. */
  find(peer: NodeKey): Line | undefined {
    return this.#lines.get(peer);
  }

  roomBytes(peer: NodeKey): number {
    return this.#paces.get(peer)?.roomBytes ?? ROOM_BYTES;
  }

  retryMs(peer: NodeKey): number {
    return this.#paces.get(peer)?.retryMs ?? RETRY_MS;
  }

  /** A new session starts without aliases; a resumed one keeps them. */
  up(peer: NodeKey, resumed: boolean): void {
    if (!resumed || !this.#lines.has(peer)) this.#lines.set(peer, new Line());
  }

  down(peer: NodeKey, code: PeerDownCode): void {
    this.#lines.delete(peer);
    if (code !== 'restarted') this.#paces.delete(peer);
  }

  /** No room means no path at the moment; the next one is most likely as wide as the last. */
  setRoom(peer: NodeKey, bytes: number): void {
    if (bytes > 0) this.#paceOf(peer).roomBytes = bytes;
  }

  setRoundTrip(peer: NodeKey, ms: number): void {
    this.#paceOf(peer).retryMs = Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, Math.ceil(2 * ms)));
  }

  #paceOf(peer: NodeKey): Pace {
    const known = this.#paces.get(peer);
    if (known !== undefined) return known;
    const pace = { roomBytes: ROOM_BYTES, retryMs: RETRY_MS };
    this.#paces.set(peer, pace);
    return pace;
  }
}
