import { unreachable } from '../kernel/assert.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Random } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Mailbox } from '../packet/message.js';
import type { MailInput, MailMessage, MailOutput, MailSurroundings } from './doors.js';
import { Fetcher, MAIL_KEY } from './fetcher.js';
import { Keeper, keepersIn } from './keeper.js';
import type { Correspondent } from './letter.js';
import { BOOK_KEY, Poster } from './poster.js';

export interface MailOptions extends Correspondent {
  readonly random: Random;
  readonly limits: Limits;
  /** Of this node, told in letters. */
  readonly name: string;
  readonly restored: ReadonlyMap<string, Uint8Array>;
}

/** Whether the store has anything of it. */
export function hasMail(restored: ReadonlyMap<string, Uint8Array>): boolean {
  return restored.has(MAIL_KEY) || restored.has(BOOK_KEY);
}

/** Mail of those who sleep (SPEC §8.12): what it keeps for others, what it sends, what it gets. */
export class Mail implements Machine<MailInput, MailOutput> {
  readonly #outbox = new Outbox<MailOutput>();
  /** What the parts say, before what they say to each other is taken out. */
  readonly #said = new Outbox<MailOutput>();
  readonly #options: MailOptions;
  readonly #around: MailSurroundings;
  /** Each is made when there is something to do for it. */
  #keeper: Keeper | undefined;
  #poster: Poster | undefined;
  #fetcher: Fetcher | undefined;

  constructor(options: MailOptions, around: MailSurroundings) {
    this.#options = options;
    this.#around = around;
    if (options.restored.has(BOOK_KEY)) this.#makePoster();
    if (options.restored.has(MAIL_KEY)) this.#makeFetcher();
    this.#collect(0);
  }

  /** How many nodes have a box here. */
  get boxCount(): number {
    return this.#keeper?.boxCount ?? 0;
  }

  handleInput(now: Instant, input: MailInput): void {
    this.#onInput(now, input);
    this.#collect(now);
  }

  pollOutput(): MailOutput | undefined {
    return this.#outbox.shift();
  }

  pollTimeout(): Instant | undefined {
    return earlier(this.#keeper?.wakeAt, earlier(this.#poster?.wakeAt, this.#fetcher?.wakeAt));
  }

  #onInput(now: Instant, input: MailInput): void {
    switch (input.kind) {
      case 'message':
        return this.#drop(this.#onMessage(now, input.from, input.message, input.isClient));
      case 'post':
        return this.#makePoster().post(now, input);
      case 'sleep':
        return this.#makeFetcher().sleep(input);
      case 'stop':
        return this.#keeper?.close(now);
      case 'listen':
        return this.#fetcher?.listen(now);
      case 'peerUp':
        this.#keeper?.onUp(input.peer);
        return this.#fetcher?.onUp(now, input.peer);
      case 'peerDown':
        this.#poster?.onDown(input.peer);
        return this.#keeper?.onDown(input.peer);
      case 'persisted':
        return input.key === MAIL_KEY ? this.#fetcher?.onPersisted(now) : undefined;
      case 'timeout':
        this.#keeper?.onTimeout(now);
        this.#poster?.onTimeout(now);
        return this.#fetcher?.onTimeout(now);
      default:
        return unreachable(input);
    }
  }

  /** A node may be the keeper of those whom it writes to. */
  #collect(now: Instant): void {
    const { key: self } = this.#options.identity;
    for (let said = this.#said.shift(); said !== undefined; said = this.#said.shift()) {
      if (said.kind !== 'send' || said.to !== self) this.#outbox.push(said);
      else this.#drop(this.#onMessage(now, self, said.message, false));
    }
  }

  #onMessage(now: Instant, from: NodeKey, message: MailMessage, isClient: boolean): DropReason | undefined {
    switch (message.kind) {
      case 'mailbox':
        return this.#onMailbox(now, from, message, isClient);
      case 'post':
        this.#makeKeeper().onPost(now, from, message);
        return undefined;
      case 'posted':
        return this.#poster === undefined ? 'unexpected' : this.#poster.onPosted(now, from, message);
      case 'mail':
        return this.#fetcher === undefined ? 'unexpected' : this.#fetcher.onMail(now, from, message);
      case 'mailTaken':
        this.#keeper?.onTaken(from, message);
        return undefined;
      case 'mailReceipt':
        return this.#poster === undefined ? 'unexpected' : this.#poster.onReceipt(now, from, message);
      default:
        return unreachable(message);
    }
  }

  /** Most who hear it neither keep anything for that node nor write to it. */
  #onMailbox(now: Instant, from: NodeKey, message: Mailbox, isClient: boolean): DropReason | undefined {
    const isReader = this.#poster !== undefined || this.#around.topicsOf(from).length > 0;
    if (message.forS > 0 && isReader) this.#makePoster().onMailbox(from, message);
    const isKeeper = keepersIn(message.keepers).includes(this.#options.identity.key);
    if (this.#keeper === undefined && !isKeeper) return undefined;
    return this.#makeKeeper().onMailbox(now, from, message, isClient);
  }

  #makeKeeper(): Keeper {
    const { identity, limits } = this.#options;
    this.#keeper ??= new Keeper(identity.key, limits, this.#said, this.#around);
    return this.#keeper;
  }

  #makePoster(): Poster {
    const { restored } = this.#options;
    this.#poster ??= new Poster(this.#options, restored.get(BOOK_KEY), this.#said, this.#around);
    return this.#poster;
  }

  #makeFetcher(): Fetcher {
    const stored = this.#options.restored.get(MAIL_KEY);
    this.#fetcher ??= new Fetcher(this.#options, stored, this.#said, this.#around);
    return this.#fetcher;
  }

  #drop(reason: DropReason | undefined): void {
    if (reason !== undefined) this.#outbox.push({ kind: 'dropped', reason });
  }
}
