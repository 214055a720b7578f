import { unreachable } from '../kernel/assert.js';
import type { DropReason } from '../kernel/fault.js';
import type { DirectVia } from '../kernel/link.js';
import type { Machine } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { decodeProbe } from '../packet/probe.js';
import type { TraversalInput, TraversalOutput } from '../traversal/doors.js';
import { Traversal, type TraversalOptions } from '../traversal/traversal.js';
import type { Peer, PeerBook } from './peer-book.js';

/**
 * Traversal, made when a link is there that boxes may be in the way of, or a peer talks about one: a board
 * without such a link has neither the machine nor its rows, which would be a twentieth of its slots.
 */
export class LateTraversal implements Machine<TraversalInput, TraversalOutput> {
  readonly #options: TraversalOptions;
  readonly #peers: PeerBook;
  #made: Traversal | undefined;

  constructor(options: TraversalOptions, peers: PeerBook) {
    this.#options = options;
    this.#peers = peers;
  }

  handleInput(now: Instant, input: TraversalInput): void {
    if (this.#made === undefined && isReason(input)) this.#made = this.#make(now);
    this.#made?.handleInput(now, input);
  }

  pollOutput(): TraversalOutput | undefined {
    return this.#made?.pollOutput();
  }

  pollTimeout(): Instant | undefined {
    return this.#made?.pollTimeout();
  }

  /** A packet of the session went out by its direct path. */
  sent(now: Instant, session: number): void {
    this.#made?.sent(now, session);
  }

  isProbed(session: number, via: DirectVia): boolean {
    return this.#made?.isProbed(session, via) ?? false;
  }

  /** Why a probe is dropped unseen: without the machine nobody was asked for one. */
  refusal(probe: Uint8Array): DropReason | undefined {
    if (this.#made !== undefined) return undefined;
    const decoded = decodeProbe(probe);
    return typeof decoded === 'string' ? decoded : 'unexpected';
  }

  /** It is told what it would have been told before. */
  #make(now: Instant): Traversal {
    const traversal = new Traversal(this.#options);
    for (const peer of this.#peers.all()) introduce(now, traversal, peer);
    return traversal;
  }
}

function introduce(now: Instant, traversal: Traversal, peer: Peer): void {
  const { session, key, keys, formerKeys, via } = peer;
  traversal.handleInput(now, { kind: 'opened', session, peer: key, keys, formerKeys });
  if (peer.isAttached) traversal.handleInput(now, { kind: 'attached', session });
  if (via === undefined) return;
  traversal.handleInput(now, { kind: 'path', session, via, isValid: peer.allowance === undefined });
}

function isReason(input: TraversalInput): boolean {
  switch (input.kind) {
    case 'linkUp':
      return input.info.cast === 'address' && input.info.flow === 'datagram';
    case 'message':
      return true;
    case 'linkDown':
    case 'mapped':
    case 'opened':
    case 'attached':
    case 'closed':
    case 'path':
    case 'roundTrip':
    case 'pong':
    case 'probe':
    case 'timeout':
      return false;
    default:
      return unreachable(input);
  }
}
