import { isServing, type RoleFacts } from '../election/doors.js';
import type { ShortKey } from '../kernel/link.js';
import type { Machine } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import type { IndexFigures, IndexInput, IndexOutput } from '../rendezvous/doors.js';
import { Rendezvous, type RendezvousOptions } from '../rendezvous/rendezvous.js';
import type { PeerBook } from './peer-book.js';

const NO_FIGURES: IndexFigures = { records: 0, byHolders: 0, byRings: 0, inVain: 0 };

/**
 * The index, made when somebody in sight keeps records, when this node does, when a neighbour speaks of it,
 * when the application looks for a name, or listens to whoever may be there: a board in a small network has
 * neither the machine nor its rows.
 */
export class LateIndex implements Machine<IndexInput, IndexOutput> {
  readonly #options: RendezvousOptions;
  readonly #peers: PeerBook;
  #made: Rendezvous | undefined;
  #isHolder = false;
  #where: readonly ShortKey[] = [];
  #isBeyond = false;
  #isListening = false;

  constructor(options: RendezvousOptions, peers: PeerBook) {
    this.#options = options;
    this.#peers = peers;
  }

  /** It does not know yet what this node says of itself. */
  get isNew(): boolean {
    return this.#made?.isNew === true;
  }

  handleInput(now: Instant, input: IndexInput): void {
    if (input.kind === 'beyond') this.#isBeyond = input.isBeyond;
    if (input.kind === 'topics') this.#isListening = input.wanted.length > 0;
    const isReason = isSaid(input) || (this.#isBeyond && this.#isListening);
    if (this.#made === undefined && isReason) this.#make(now);
    this.#made?.handleInput(now, input);
  }

  pollOutput(): IndexOutput | undefined {
    return this.#made?.pollOutput();
  }

  pollTimeout(): Instant | undefined {
    return this.#made?.pollTimeout();
  }

  figures(now: Instant): IndexFigures {
    return this.#made?.figures(now) ?? NO_FIGURES;
  }

  /** Keeping records is a service of its own: who leaves as a supernode gives it up at once. */
  onRole(now: Instant, { state, supernodes }: RoleFacts): boolean {
    this.#isHolder = isServing(state) && state !== 'handover' && this.#options.limits.indexCountMax > 0;
    this.#where = supernodes.map(({ peer }) => peer);
    if (this.#made !== undefined || this.#isHolder) this.handleInput(now, this.#service);
    return this.#isHolder;
  }

  get #service(): Extract<IndexInput, { kind: 'service' }> {
    return { kind: 'service', isHolder: this.#isHolder, where: this.#where };
  }

  /** It is told what it would have been told before. */
  #make(now: Instant): void {
    const made = new Rendezvous(this.#options);
    for (const { session: neighbor, isNeighbor, link } of this.#peers.all()) {
      if (isNeighbor) made.handleInput(now, { kind: 'neighborUp', neighbor, bitrate: link?.bitrate ?? 0 });
    }
    this.#made = made;
    this.#made.handleInput(now, this.#service);
    this.#made.handleInput(now, { kind: 'beyond', isBeyond: this.#isBeyond });
  }
}

/** What alone makes it needed. */
function isSaid(input: IndexInput): boolean {
  switch (input.kind) {
    case 'holders':
      return input.holders.length > 0;
    case 'service':
      return input.isHolder;
    case 'message':
    case 'seekName':
      return true;
    default:
      return false;
  }
}
