import { isServing, type RoleFacts } from '../election/doors.js';
import type { ShortKey } from '../kernel/link.js';
import type { Machine } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import type { IndexFigures, IndexInput, IndexOutput } from '../rendezvous/doors.js';
import { Rendezvous, type RendezvousOptions } from '../rendezvous/rendezvous.js';
import type { PeerBook } from './peer-book.js';

/** Before the machine is made for a name. */
const PATIENCE_MS = 1500;
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
  /** A name that may be known in a moment without it. */
  #wish: Extract<IndexInput, { kind: 'seekName' }> | undefined;
  #wishAt: Instant = Infinity;

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
    if (this.#made === undefined && this.#isPatient(now, input)) return;
    const isReason = isSaid(input) || (this.#isBeyond && this.#isListening);
    if (this.#made === undefined && isReason) this.#make(now);
    this.#made?.handleInput(now, input);
  }

  /** What is near is known by itself (§9.3), so a name is looked for only after a while. */
  #isPatient(now: Instant, input: IndexInput): boolean {
    if (input.kind === 'seekName') {
      // Two at once are worth a machine.
      if (this.#wish !== undefined && this.#wish.name !== input.name) return false;
      this.#wish = input;
      this.#wishAt = Math.min(this.#wishAt, now + PATIENCE_MS);
      return true;
    }
    if (input.kind === 'known' && input.name === this.#wish?.name) this.#wish = undefined;
    if (input.kind !== 'timeout' || now < this.#wishAt) return false;
    if (this.#wish !== undefined) this.#make(now);
    this.#wishAt = Infinity;
    return true;
  }

  pollOutput(): IndexOutput | undefined {
    return this.#made?.pollOutput();
  }

  pollTimeout(): Instant | undefined {
    if (this.#made !== undefined) return this.#made.pollTimeout();
    return this.#wish === undefined ? undefined : this.#wishAt;
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
    if (this.#wish !== undefined) made.handleInput(now, this.#wish);
    this.#wish = undefined;
    this.#wishAt = Infinity;
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
