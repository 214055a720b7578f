import { isServing, type RoleFacts } from '../election/doors.js';
import { shortBytes, shortKeyOf } from '../identity/id.js';
import { concatBytes } from '../kernel/bytes.js';
import type { ShortKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { Announcer, type Saying } from '../rendezvous/announcer.js';
import type { IndexFigures, IndexInput, IndexMessage, IndexOutput } from '../rendezvous/doors.js';
import { Rendezvous, type RendezvousOptions } from '../rendezvous/rendezvous.js';
import { WHERE_COUNT_MAX } from '../rendezvous/rules.js';
import type { PeerBook } from './peer-book.js';

/** Before the machine is made for a name. */
const PATIENCE_MS = 1500;
const NO_LOOKUPS = { byHolders: 0, byRings: 0, inVain: 0, idsFound: 0, idsInVain: 0 } as const;
const NO_FIGURES: IndexFigures = { records: 0, ...NO_LOOKUPS };
/** Passed on for others without the machine, whoever brings it: 64 a second on the average, 1024 in a row. */
const PASS_MS = SECOND_MS / 64;
const PASS_BURST_MS = 16 * SECOND_MS;

/** What the index asks of the other machines of its node. */
export interface IndexSources {
  readonly peers: PeerBook;
  readonly router: { indexHolders(): readonly ShortKey[] };
  readonly services: {
    readonly own: Pick<Saying, 'name' | 'record'>;
    readonly topics: { readonly published: readonly string[]; readonly wanted: readonly string[] };
  };
}

/**
 * The index, made when this node keeps records or is asked for some, when the application looks for a name,
 * or listens to topics of whoever may be there. Without it the own record is told and those of others are
 * passed on: a board has neither the machine nor its rows for that.
 */
export class LateIndex implements Machine<IndexInput, IndexOutput> {
  readonly #options: RendezvousOptions;
  readonly #sources: IndexSources;
  readonly #outbox = new Outbox<IndexOutput>();
  #announcer: Announcer | undefined;
  #made: Rendezvous | undefined;
  #isHolder = false;
  #where: readonly ShortKey[] = [];
  #isBeyond = false;
  #isListening = false;
  #passedUntil: Instant = 0;
  /** A name that may be known in a moment without it. */
  #wish: Extract<IndexInput, { kind: 'seekName' }> | undefined;
  #wishAt: Instant = Infinity;

  constructor(options: RendezvousOptions, sources: IndexSources) {
    this.#options = options;
    this.#sources = sources;
  }

  handleInput(now: Instant, input: IndexInput): void {
    if (input.kind === 'beyond') this.#isBeyond = input.isBeyond;
    if (input.kind === 'topics') this.#isListening = input.wanted.length > 0;
    if (this.#made === undefined && this.#isDone(now, input)) return;
    if (this.#made === undefined && this.#isReason(input)) this.#make(now);
    this.#made?.handleInput(now, input);
  }

  /** Without the machine. */
  #isDone(now: Instant, input: IndexInput): boolean {
    switch (input.kind) {
      case 'holders':
        this.#announcer ??= input.holders.length > 0 ? new Announcer(this.#options) : undefined;
        this.#announcer?.review(now);
        return true;
      case 'own':
        this.#announcer?.retell(now);
        return true;
      case 'topics':
        this.#announcer?.retell(now);
        return !this.#isReason(input);
      case 'message':
        return input.message.kind !== 'lookup';
      case 'timeout':
        this.#announce(now);
        return this.#isPatient(now, input);
      case 'seekName':
      case 'known':
        return this.#isPatient(now, input);
      default:
        return false;
    }
  }

  /** What is near is known by itself (§9.3), so a name is looked for only after a while. */
  #isPatient(now: Instant, input: Extract<IndexInput, { kind: 'seekName' | 'known' | 'timeout' }>): boolean {
    if (input.kind === 'seekName') {
      // Two at once are worth a machine.
      if (this.#wish !== undefined && this.#wish.name !== input.name) return false;
      this.#wish = input;
      this.#wishAt = Math.min(this.#wishAt, now + PATIENCE_MS);
      return true;
    }
    if (input.kind === 'known' && input.name === this.#wish?.name) this.#wish = undefined;
    if (input.kind !== 'timeout' || now < this.#wishAt) return true;
    if (this.#wish !== undefined) this.#make(now);
    this.#wishAt = Infinity;
    return true;
  }

  #announce(now: Instant): void {
    const { router, services } = this.#sources;
    if (this.#announcer === undefined || now < this.#announcer.wakeAt) return;
    const saying = { ...services.own, published: services.topics.published };
    const stores = this.#announcer.take(now, saying, this.#whereBytes, router.indexHolders());
    for (const message of stores) {
      const destination = shortKeyOf(message.holder);
      this.#outbox.push({
        kind: 'sendTowards',
        destination,
        except: undefined,
        message,
        delivery: 'reliable',
      });
    }
  }

  /**
   * To whom a record on its way to who keeps it, or an answer, goes on at once without the machine, undefined
   * if it does not. Who asks is worth the machine, as answers go back the way that he came; an answer whose
   * question went elsewhere goes by routes.
   */
  passTo(now: Instant, message: IndexMessage): ShortKey | undefined {
    if (this.#made !== undefined || message.kind === 'lookup') return undefined;
    const to = shortKeyOf(message.kind === 'store' ? message.holder : message.source);
    const from = Math.max(this.#passedUntil, now);
    if (to === this.#options.self.short || from > now + PASS_BURST_MS - PASS_MS) return undefined;
    this.#passedUntil = from + PASS_MS;
    return to;
  }

  /** Who has no room for records of others has none for copies of what it passes on either. */
  get passing(): 'datagram' | 'reliable' {
    return this.#options.limits.indexCountMax === 0 ? 'datagram' : 'reliable';
  }

  pollOutput(): IndexOutput | undefined {
    return this.#outbox.shift() ?? this.#made?.pollOutput();
  }

  pollTimeout(): Instant | undefined {
    if (this.#made !== undefined) return this.#made.pollTimeout();
    const wishAt = this.#wish === undefined ? Infinity : this.#wishAt;
    const at = Math.min(wishAt, this.#announcer?.wakeAt ?? Infinity);
    return at === Infinity ? undefined : at;
  }

  figures(now: Instant): IndexFigures {
    return this.#made?.figures(now) ?? NO_FIGURES;
  }

  /** Keeping records is a service of its own: who leaves as a supernode gives it up at once. */
  onRole(now: Instant, { state, supernodes }: RoleFacts): boolean {
    const { indexCountMax } = this.#options.limits;
    this.#isHolder = isServing(state) && state !== 'handover' && indexCountMax > 0;
    const before = this.#where;
    this.#where = supernodes.map(({ peer }) => peer).slice(0, WHERE_COUNT_MAX);
    if (this.#made !== undefined || this.#isHolder) this.handleInput(now, this.#service);
    else if (this.#where.some((peer) => !before.includes(peer))) this.#announcer?.review(now);
    return this.#isHolder;
  }

  get #service(): Extract<IndexInput, { kind: 'service' }> {
    return { kind: 'service', isHolder: this.#isHolder, where: this.#where };
  }

  get #whereBytes(): Uint8Array {
    return concatBytes(...this.#where.map(shortBytes));
  }

  #isReason(input: IndexInput): boolean {
    if (this.#isBeyond && this.#isListening) return true;
    switch (input.kind) {
      case 'service':
        return input.isHolder;
      case 'seekNode':
        return this.#announcer !== undefined;
      case 'message':
        return input.message.kind === 'lookup';
      case 'seekName':
        return true;
      default:
        return false;
    }
  }

  /** It is told what it would have been told before. */
  #make(now: Instant): void {
    const { peers, router, services } = this.#sources;
    const made = new Rendezvous(this.#options);
    for (const { session: neighbor, isNeighbor, link } of peers.all()) {
      if (isNeighbor) made.handleInput(now, { kind: 'neighborUp', neighbor, bitrate: link?.bitrate ?? 0 });
    }
    this.#made = made;
    this.#announcer = undefined;
    made.handleInput(now, this.#service);
    made.handleInput(now, { kind: 'beyond', isBeyond: this.#isBeyond });
    made.handleInput(now, { kind: 'holders', holders: router.indexHolders() });
    made.handleInput(now, { kind: 'own', ...services.own });
    made.handleInput(now, { kind: 'topics', ...services.topics });
    if (this.#wish !== undefined) made.handleInput(now, this.#wish);
    this.#wish = undefined;
    this.#wishAt = Infinity;
  }
}
