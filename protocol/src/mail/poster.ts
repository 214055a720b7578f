import type { MailFailure } from '../api.js';
import { nodeIdOf, nodeKeyOf, shortBytes, shortKeyOf } from '../identity/id.js';
import { copyBytes, equalBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Random, randomBytes, randomU32 } from '../kernel/random.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Mailbox, MailReceipt, Posted } from '../packet/message.js';
import { Book, decodeBook, type Sleeper } from './book.js';
import { type MailFate, type MailInput, type MailOutput, type MailSurroundings, Verdict } from './doors.js';
import { keepersIn } from './keeper.js';
import { type Correspondent, RECEIPT_BYTES, sealLetter } from './letter.js';

/** Who sleeps among the subscribers. */
export const BOOK_KEY = 'mailbook';
/** A keeper that does not answer is told again; the session to it may have to be opened first. */
const RETRY_MS = 6 * SECOND_MS;
/** While its key is looked for, without which it can be told nothing. */
const SEEK_MS = SECOND_MS;
const PATIENCE_MS = 30 * SECOND_MS;
/** When one keeper has it, the other one gets so long to take it as well. */
const SECOND_KEEPER_MS = 8 * SECOND_MS;
/** A receipt may come a little later than the letter is kept. */
const RECEIPT_MS = MINUTE_MS;

const FAILURE_OF: Readonly<Record<number, MailFailure>> = {
  [Verdict.noBox]: 'noKeeper',
  [Verdict.full]: 'full',
  [Verdict.share]: 'share',
  [Verdict.gone]: 'expired',
};

interface Way {
  readonly keeper: NodeKey;
  state: 'asked' | 'kept' | 'refused';
  readonly until: Instant;
  at: Instant;
}

/** A letter under way; its bytes until both keepers have answered. */
interface Sent {
  readonly tag: number;
  readonly to: NodeKey;
  readonly id: number;
  readonly receipt: Uint8Array;
  letter: Uint8Array | undefined;
  readonly ways: Way[];
  isToldKept: boolean;
  until: Instant;
  keptAt: Instant | undefined;
  failure: MailFailure;
}

/** Writes to those who sleep, by way of both of their keepers (SPEC §8.12). */
export class Poster {
  readonly #self: Correspondent;
  readonly #name: string;
  readonly #random: Random;
  readonly #countMax: number;
  readonly #outbox: Outbox<MailOutput>;
  readonly #around: MailSurroundings;
  readonly #book: Book;
  readonly #sent = new Map<number, Sent>();

  constructor(
    self: Correspondent & { readonly name: string; readonly random: Random; readonly limits: Limits },
    stored: Uint8Array | undefined,
    outbox: Outbox<MailOutput>,
    around: MailSurroundings,
  ) {
    this.#self = self;
    this.#name = self.name;
    this.#random = self.random;
    this.#countMax = self.limits.sendQueueMax;
    this.#outbox = outbox;
    this.#around = around;
    this.#book = new Book(self.limits.recordCountMax);
    for (const sleeper of [...decodeBook(stored)].reverse()) this.#restore(sleeper);
  }

  get wakeAt(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const sent of this.#sent.values()) {
      for (const { state, at } of sent.ways) if (state === 'asked') soonest = earlier(soonest, at);
      if (sent.isToldKept) soonest = earlier(soonest, sent.until + RECEIPT_MS);
      else if (sent.keptAt !== undefined) soonest = earlier(soonest, sent.keptAt + SECOND_KEEPER_MS);
    }
    return soonest;
  }

  /** A peer goes to sleep, and says who keeps its mail. */
  onMailbox(from: NodeKey, { keepers }: Mailbox): void {
    const publicKey = this.#around.publicKeyOf(from);
    const topics = this.#around.topicsOf(from);
    if (publicKey === undefined || keepers.length === 0 || topics.length === 0) return this.#forget(from);
    this.#outbox.push({ kind: 'sleeper', peer: from, topics });
    if (this.#book.set(from, { publicKey, keepers: copyBytes(keepers), topics })) this.#store();
  }

  /** One that sleeps at times is gone; its goodbye may have got lost. */
  onDown(peer: NodeKey): void {
    const topics = this.#book.get(peer) === undefined ? [] : this.#around.topicsOf(peer);
    if (topics.length > 0) this.#outbox.push({ kind: 'sleeper', peer, topics });
  }

  post(now: Instant, { tag, to, topic, body }: Extract<MailInput, { kind: 'post' }>): void {
    const sleeper = this.#book.get(to);
    const keepers = sleeper === undefined ? [] : keepersIn(sleeper.keepers);
    if (sleeper === undefined || keepers.length === 0) return this.#end(tag, 'noKeeper');
    if (this.#sent.size >= this.#countMax) return this.#end(tag, 'busy');
    const { publicKey } = sleeper;
    const id = randomU32(this.#random);
    const receipt = randomBytes(this.#random, RECEIPT_BYTES);
    const text = { receipt, name: this.#name, topic, body };
    const letter = sealLetter(this.#self, this.#random, { publicKey, id }, text);
    if (letter === undefined) return this.#end(tag, 'tooLarge');
    const fate = { isToldKept: false, until: now, keptAt: undefined, failure: 'unreachable' } as const;
    const sent: Sent = { tag, to, id, receipt, letter, ways: [], ...fate };
    this.#sent.set(tag, sent);
    for (const keeper of keepers) this.#ask(now, sent, keeper);
  }

  onPosted(now: Instant, from: NodeKey, { to, id, verdict, forS, keepers }: Posted): DropReason | undefined {
    const [sent, way] = this.#find(from, to, id);
    if (sent === undefined || way === undefined) return 'unexpected';
    way.state = verdict === Verdict.kept ? 'kept' : 'refused';
    if (way.state === 'kept') {
      sent.until = Math.max(sent.until, now + forS * SECOND_MS);
      sent.keptAt ??= now;
    } else sent.failure = FAILURE_OF[verdict] ?? 'noKeeper';
    if (keepers.length > 0) this.#follow(now, sent, keepers);
    this.#settle(now, sent);
    return undefined;
  }

  /** What the receiver said; only it could open the letter and read what to say. */
  onReceipt(now: Instant, from: NodeKey, { to, id, receipt }: MailReceipt): DropReason | undefined {
    const [sent, way] = this.#find(from, to, id);
    if (sent === undefined || way === undefined) return 'unexpected';
    if (equalBytes(receipt, sent.receipt)) {
      this.#sent.delete(sent.tag);
      this.#tell(sent.tag, { state: 'delivered' });
      return undefined;
    }
    way.state = 'refused';
    sent.failure = 'unwanted';
    this.#settle(now, sent);
    return undefined;
  }

  onTimeout(now: Instant): void {
    for (const sent of [...this.#sent.values()]) {
      for (const way of sent.ways) {
        if (way.state !== 'asked' || way.at > now) continue;
        if (way.until <= now) way.state = 'refused';
        else this.#send(now, sent, way);
      }
      this.#settle(now, sent);
    }
  }

  #find(keeper: NodeKey, to: Uint8Array, id: number): readonly [Sent | undefined, Way | undefined] {
    const short = shortKeyOf(to);
    for (const sent of this.#sent.values()) {
      if (sent.id !== id || shortKeyOf(sent.to) !== short) continue;
      return [sent, sent.ways.find((way) => way.keeper === keeper)];
    }
    return [undefined, undefined];
  }

  /** Who keeps the mail of that node may have changed while this one slept. */
  #follow(now: Instant, sent: Sent, keepers: Uint8Array): void {
    const sleeper = this.#book.get(sent.to);
    if (sleeper !== undefined && this.#book.set(sent.to, { ...sleeper, keepers: copyBytes(keepers) })) {
      this.#store();
    }
    for (const keeper of keepersIn(keepers)) {
      if (!sent.ways.some((way) => way.keeper === keeper)) this.#ask(now, sent, keeper);
    }
  }

  #settle(now: Instant, sent: Sent): void {
    const isAsked = sent.ways.some(({ state }) => state === 'asked');
    const isKept = sent.ways.some(({ state }) => state === 'kept');
    if (!isAsked) sent.letter = undefined;
    if (!isKept && !isAsked) {
      this.#sent.delete(sent.tag);
      return this.#end(sent.tag, sent.failure);
    }
    if (!isKept) return;
    const isWaitedFor = isAsked && now < (sent.keptAt ?? now) + SECOND_KEEPER_MS;
    if (!sent.isToldKept && !isWaitedFor) {
      sent.isToldKept = true;
      const keepers = sent.ways.filter(({ state }) => state === 'kept').length;
      this.#tell(sent.tag, { state: 'kept', until: sent.until, keepers });
    }
    if (now < sent.until + RECEIPT_MS) return;
    this.#sent.delete(sent.tag);
    this.#end(sent.tag, 'expired');
  }

  #ask(now: Instant, sent: Sent, keeper: NodeKey): void {
    if (sent.letter === undefined) return;
    const way: Way = { keeper, state: 'asked', until: now + PATIENCE_MS, at: now };
    sent.ways.push(way);
    this.#send(now, sent, way);
  }

  #send(now: Instant, { to, id, letter }: Sent, way: Way): void {
    const isKnown = this.#around.publicKeyOf(way.keeper) !== undefined;
    way.at = now + (isKnown ? RETRY_MS : SEEK_MS);
    if (letter === undefined) return;
    const message = { kind: 'post', to: shortBytes(shortKeyOf(to)), id, letter } as const;
    this.#outbox.push({ kind: 'send', to: way.keeper, message });
  }

  #end(tag: number, reason: MailFailure): void {
    this.#tell(tag, { state: 'lost', reason });
  }

  #tell(tag: number, fate: MailFate): void {
    this.#outbox.push({ kind: 'mailed', tag, fate });
  }

  #restore(sleeper: Sleeper): void {
    const peer = nodeKeyOf(nodeIdOf(this.#self.suite, sleeper.publicKey));
    this.#book.set(peer, sleeper);
    this.#outbox.push({ kind: 'sleeper', peer, topics: sleeper.topics });
  }

  #forget(peer: NodeKey): void {
    if (this.#book.delete(peer)) this.#store();
  }

  #store(): void {
    this.#outbox.push({ kind: 'persist', key: BOOK_KEY, value: this.#book.encode() });
  }
}
