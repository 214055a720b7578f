import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import { NODE_ID_BYTES, shortKeyOf } from '../identity/id.js';
import { compareBytes, copyBytes, EMPTY, fromHex } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Mail } from '../packet/message.js';
import type { MailInput, MailOutput, MailSurroundings } from './doors.js';
import { keepersIn } from './keeper.js';
import { type Correspondent, type Letter, openLetter } from './letter.js';
import { Taken } from './taken.js';

/** Keepers of this node, and what it has taken. */
export const MAIL_KEY = 'mail';
const KEEPERS_MAX = 2;
/** And former ones that have not said that they have nothing more. */
const FORMER_MAX = 2;
/** The next keeper is asked when this one has sent all it had, or nothing for so long. */
const ASK_MS = 3 * SECOND_MS;
const ASKS_MAX = 6;
/** While its key is looked for, without which it can be asked nothing. */
const SEEK_MS = SECOND_MS;
const SEEKS_MAX = 30;
/** For a letter that nobody listens to yet, and for a store that confirms nothing. */
const PATIENCE_MS = 10 * SECOND_MS;
/** Opened, and not given to anybody yet: what four keepers push at a time, 1 KiB each. */
const HELD_MAX = 16;
/** Letters of this life that the other keeper is told of. */
const TOLD_MAX = 32;

interface Asked {
  readonly keeper: NodeKey;
  asks: number;
  seeks: number;
  isDone: boolean;
  /** Asked again, or the next one. */
  at: Instant | undefined;
}

/** Opened, and not yet given to anybody. */
interface Held {
  readonly keeper: NodeKey;
  readonly from: Uint8Array;
  readonly id: number;
  readonly sender: NodeKey;
  readonly letter: Letter;
  readonly until: Instant;
}

interface Receipt {
  readonly from: Uint8Array;
  readonly id: number;
  readonly receipt: Uint8Array;
}

/**
 * Gets this node's mail when it is awake again (SPEC §8.12), of one keeper after the other, so that the
 * second one need not send what the first one had. A letter is known by its sender and number; that it was
 * taken is stored before the application gets it, and told to the keepers after.
 */
export class Fetcher {
  readonly #self: Correspondent;
  readonly #outbox: Outbox<MailOutput>;
  readonly #around: MailSurroundings;
  #keepers: Uint8Array;
  #former: Uint8Array;
  readonly #taken: Taken;
  #asked: readonly Asked[] = [];
  /** What nobody listens to yet. */
  #unclaimed: Held[] = [];
  /** What goes to the application when it is stored, and what waits for that to begin. */
  #storing: Held[] = [];
  #unstored: Held[] = [];
  #storedBy: Instant | undefined;
  /** A keeper has sent everything: the next one is asked when it can be told what that was. */
  #isNextDue = false;
  readonly #told: Receipt[] = [];

  constructor(
    self: Correspondent,
    stored: Uint8Array | undefined,
    outbox: Outbox<MailOutput>,
    around: MailSurroundings,
  ) {
    const reader = new CborReader(stored ?? EMPTY);
    const keepers = copyBytes(reader.bytes(KEEPERS_MAX * NODE_ID_BYTES));
    const former = copyBytes(reader.bytes(FORMER_MAX * NODE_ID_BYTES));
    const taken = reader.bytes();
    this.#self = self;
    this.#outbox = outbox;
    this.#around = around;
    this.#keepers = reader.failed ? EMPTY : keepers;
    this.#former = reader.failed ? EMPTY : former;
    this.#taken = new Taken(reader.failed ? EMPTY : taken);
  }

  get wakeAt(): Instant | undefined {
    let soonest = this.#storedBy;
    for (const { at } of this.#asked) soonest = earlier(soonest, at);
    for (const { until } of this.#unclaimed) soonest = earlier(soonest, until);
    return soonest;
  }

  /** The application listens to something more: mail is worth fetching, and what waits for it may go. */
  listen(now: Instant): void {
    if (this.#asked.length === 0) {
      const keepers = [...keepersIn(this.#keepers), ...keepersIn(this.#former)];
      this.#asked = keepers.map((keeper) => ({ keeper, asks: 0, seeks: 0, isDone: false, at: undefined }));
      this.#askNext(now);
    }
    const unclaimed = this.#unclaimed;
    this.#unclaimed = [];
    for (const held of unclaimed) this.#claim(now, held);
  }

  /** Those of before stay, as far as they may: whoever knows them need not learn of others. */
  sleep({ forMs, candidates }: Extract<MailInput, { kind: 'sleep' }>): void {
    const former = keepersIn(this.#keepers).filter((keeper) => candidates.includes(keeper));
    const keepers = [...new Set([...former, ...candidates])].slice(0, KEEPERS_MAX);
    const left = this.#asked.filter(({ keeper, isDone }) => !isDone && !keepers.includes(keeper));
    const list = listOf(keepers);
    const others = listOf(left.slice(0, FORMER_MAX).map(({ keeper }) => keeper));
    const isChanged = compareBytes(list, this.#keepers) !== 0 || compareBytes(others, this.#former) !== 0;
    this.#keepers = list;
    this.#former = others;
    if (isChanged) this.#store();
    const forS = Math.min(0xffff_ffff, Math.max(1, Math.ceil(forMs / SECOND_MS)));
    this.#outbox.push({ kind: 'notice', message: { kind: 'mailbox', keepers: list, forS } });
  }

  onMail(now: Instant, keeper: NodeKey, mail: Mail): DropReason | undefined {
    const asked = this.#asked.find((each) => each.keeper === keeper);
    if (asked === undefined) return 'unexpected';
    asked.at = mail.left === 0 ? undefined : now + ASK_MS;
    const reason = mail.letter.length === 0 ? undefined : this.#onLetter(now, keeper, mail);
    if (mail.left > 0 || asked.isDone) return reason;
    asked.isDone = true;
    this.#isNextDue = true;
    this.#goOn(now);
    return reason;
  }

  /** A keeper that restarted, or lost its session, has to be told again who keeps. */
  onUp(now: Instant, peer: NodeKey): void {
    const asked = this.#asked.find(({ keeper }) => keeper === peer);
    if (asked?.isDone === true) this.#ask(now, asked);
  }

  onPersisted(now: Instant): void {
    const stored = this.#storing;
    this.#storing = [];
    this.#storedBy = undefined;
    for (const held of stored) this.#deliver(held);
    this.#goOn(now);
  }

  /** One write at a time; what came meanwhile is in the next one. */
  #goOn(now: Instant): void {
    if (this.#storing.length > 0) return;
    if (this.#unstored.length === 0) {
      if (this.#isNextDue) this.#askNext(now);
      return;
    }
    this.#storing = this.#unstored;
    this.#unstored = [];
    this.#storedBy = now + PATIENCE_MS;
    this.#store();
  }

  onTimeout(now: Instant): void {
    if (this.#storedBy !== undefined && this.#storedBy <= now) this.onPersisted(now);
    for (const asked of this.#asked) {
      if (asked.at === undefined || asked.at > now) continue;
      asked.at = undefined;
      this.#askNext(now);
      // What it sent may wait for somebody who listens to it: then it has no reason to send more.
      const isWaiting = this.#unclaimed.some(({ keeper }) => keeper === asked.keeper);
      if (!asked.isDone && !isWaiting && asked.asks < ASKS_MAX) this.#ask(now, asked);
    }
    const late = this.#unclaimed.filter(({ until }) => until <= now);
    if (late.length === 0) return;
    this.#unclaimed = this.#unclaimed.filter(({ until }) => until > now);
    for (const { from, id } of late) this.#acknowledge({ from, id, receipt: EMPTY });
  }

  #onLetter(now: Instant, keeper: NodeKey, mail: Mail): DropReason | undefined {
    const { id } = mail;
    const from = copyBytes(mail.from);
    const opened = openLetter(this.#self, shortKeyOf(from), id, mail.letter);
    if (opened === undefined) {
      this.#tell(keeper, { from, id, receipt: EMPTY });
      return 'authentication';
    }
    const { letter, sender } = opened;
    if (this.#isHeld(from, id)) return undefined;
    if (this.#heldCount >= HELD_MAX) return 'overLimit'; // honest keepers send no more at a time
    if (this.#taken.has(from, id)) {
      this.#tell(keeper, { from, id, receipt: letter.receipt });
      return undefined;
    }
    this.#claim(now, { keeper, from, id, sender, letter, until: now + PATIENCE_MS });
    return undefined;
  }

  get #heldCount(): number {
    return this.#unclaimed.length + this.#storing.length + this.#unstored.length;
  }

  #isHeld(from: Uint8Array, id: number): boolean {
    const isIt = (held: Held) => held.id === id && compareBytes(held.from, from) === 0;
    return this.#unclaimed.some(isIt) || this.#storing.some(isIt) || this.#unstored.some(isIt);
  }

  #claim(now: Instant, held: Held): void {
    const { sender, letter, from, id } = held;
    if (!this.#around.wants(sender, letter.name, letter.topic)) {
      this.#unclaimed.push(held);
      return;
    }
    this.#taken.add(from, id);
    this.#unstored.push(held);
    this.#goOn(now);
  }

  #deliver({ from, id, sender, letter }: Held): void {
    const { name, topic, body, receipt } = letter;
    this.#outbox.push({ kind: 'letter', from: sender, name, topic, body });
    this.#acknowledge({ from, id, receipt });
  }

  /** Also to the other keeper, if it may be about to send the same; else when it is asked. */
  #acknowledge(receipt: Receipt): void {
    this.#told.push(receipt);
    if (this.#told.length > TOLD_MAX) this.#told.shift();
    for (const { keeper, asks } of this.#asked) if (asks > 0) this.#tell(keeper, receipt);
  }

  #askNext(now: Instant): void {
    this.#isNextDue = false;
    const next = this.#asked.find(({ asks }) => asks === 0);
    if (next === undefined) return;
    for (const receipt of this.#told) this.#tell(next.keeper, receipt);
    this.#ask(now, next);
  }

  #ask(now: Instant, asked: Asked): void {
    asked.isDone = false;
    const isSought = this.#around.publicKeyOf(asked.keeper) === undefined && asked.seeks < SEEKS_MAX;
    asked.at = now + (isSought ? SEEK_MS : ASK_MS * (1 << Math.min(asked.asks, ASKS_MAX)));
    if (isSought) asked.seeks++;
    if (!isSought || asked.asks === 0) asked.asks++;
    const message = { kind: 'mailbox', keepers: this.#keepers, forS: 0 } as const;
    this.#outbox.push({ kind: 'send', to: asked.keeper, message });
  }

  #tell(to: NodeKey, { from, id, receipt }: Receipt): void {
    const message = { kind: 'mailTaken', from, id, receipt } as const;
    this.#outbox.push({ kind: 'send', to, message });
  }

  #store(): void {
    const writer = new CborWriter().bytes(this.#keepers).bytes(this.#former);
    const value = writer.bytes(this.#taken.bytes).finish();
    this.#outbox.push({ kind: 'persist', key: MAIL_KEY, value });
  }
}

function listOf(keepers: readonly NodeKey[]): Uint8Array {
  const list = new Uint8Array(keepers.length * NODE_ID_BYTES);
  for (const [i, keeper] of keepers.entries()) list.set(fromHex(keeper) ?? EMPTY, i * NODE_ID_BYTES);
  return list;
}
