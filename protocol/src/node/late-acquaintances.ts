import type { DirectVia } from '../kernel/link.js';
import type { Machine } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { isEndpoint } from '../packet/endpoint.js';
import {
  type AcquaintanceInput,
  type AcquaintanceOutput,
  Acquaintances,
  type AcquaintancesOptions,
} from '../path/acquaintances.js';
import type { LinkTable } from './link-table.js';
import type { PeerBook } from './peer-book.js';

/** Where the store keeps them. */
export const ACQUAINTANCES_KEY = 'acquaintances';

/**
 * Acquaintances, made when a link is there on which an address is worth remembering: a board on a cable or a
 * radio of its own has neither the machine nor its rows.
 */
export class LateAcquaintances implements Machine<AcquaintanceInput, AcquaintanceOutput> {
  readonly #options: Omit<AcquaintancesOptions, 'now'>;
  readonly #peers: PeerBook;
  readonly #links: LinkTable;
  #clock: Extract<AcquaintanceInput, { kind: 'wallClock' }> | undefined;
  #clockAt: Instant = 0;
  #made: Acquaintances | undefined;

  constructor(options: Omit<AcquaintancesOptions, 'now'>, peers: PeerBook, links: LinkTable) {
    this.#options = options;
    this.#peers = peers;
    this.#links = links;
  }

  handleInput(now: Instant, input: AcquaintanceInput): void {
    if (this.#made === undefined && isReason(input)) this.#made = this.#make(now);
    this.#made?.handleInput(now, input);
    if (input.kind !== 'wallClock') return;
    this.#clock = input;
    this.#clockAt = now;
  }

  pollOutput(): AcquaintanceOutput | undefined {
    return this.#made?.pollOutput();
  }

  pollTimeout(): Instant | undefined {
    return this.#made?.pollTimeout();
  }

  /** It is told what it would have been told before. */
  #make(now: Instant): Acquaintances {
    const made = new Acquaintances({ ...this.#options, now });
    if (this.#clock !== undefined) made.handleInput(this.#clockAt, this.#clock);
    for (const [link, info] of this.#links.all()) {
      if (info.cast !== 'point') made.handleInput(now, { kind: 'linkUp', link, info });
    }
    for (const { session, key: peer, via, isNeighbor } of this.#peers.all()) {
      if (isNeighbor && via?.kind === 'direct') made.handleInput(now, metBefore(session, peer, via));
    }
    return made;
  }
}

function metBefore(session: number, peer: string, via: DirectVia): AcquaintanceInput {
  return { kind: 'met', session, peer, via, isStation: false, isProbed: false };
}

function isReason(input: AcquaintanceInput): boolean {
  if (input.kind === 'linkUp') return input.info.cast === 'address';
  if (input.kind === 'wayIn') return input.rung !== undefined;
  return input.kind === 'met' && isEndpoint(input.via.address);
}
