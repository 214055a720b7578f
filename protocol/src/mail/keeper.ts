import { NODE_ID_BYTES, nodeKeyOf, SHORT_ID_BYTES, shortKeyOf } from '../identity/id.js';
import { copyBytes, EMPTY, fromHex } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import type { Mailbox, MailTaken, Post } from '../packet/message.js';
import { Box, type Kept } from './box.js';
import { type MailOutput, type MailSurroundings, Verdict } from './doors.js';

/**
 * Keeps letters for those who sleep and are served by this node (SPEC §8.12), in memory only. It can read
 * none of them, and can say of none that it was taken. A client without a box here has its letters refused.
 */
export class Keeper {
  readonly #self: NodeKey;
  readonly #limits: Limits;
  readonly #outbox: Outbox<MailOutput>;
  readonly #around: MailSurroundings;
  readonly #boxes = new Map<ShortKey, Box>();

  constructor(self: NodeKey, limits: Limits, outbox: Outbox<MailOutput>, around: MailSurroundings) {
    this.#self = self;
    this.#limits = limits;
    this.#outbox = outbox;
    this.#around = around;
  }

  get wakeAt(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const { until } of this.#boxes.values()) soonest = Math.min(soonest ?? until, until);
    return soonest;
  }

  /** How many nodes have a box here. */
  get boxCount(): number {
    let count = 0;
    for (const { isOpen } of this.#boxes.values()) if (isOpen) count++;
    return count;
  }

  onMailbox(now: Instant, from: NodeKey, message: Mailbox, isClient: boolean): DropReason | undefined {
    const short = shortKeyOf(from);
    const isNamed = keepersIn(message.keepers).includes(this.#self);
    const known = this.#boxes.get(short);
    if (known === undefined && !isNamed) return undefined;
    if (known === undefined && !this.#hasRoom(isClient)) return 'overLimit';
    const box = known ?? new Box(from, EMPTY, this.#limits.mailboxBytesMax);
    this.#boxes.set(short, box);
    // One that was named before knows who is named now: whoever slept meanwhile learns it here.
    box.isOpen = isNamed && (box.isOpen || isClient);
    box.keepers = copyBytes(message.keepers);
    if (message.forS > 0) box.leave(now, message.forS);
    else {
      box.greet(now);
      if (!this.#push(box)) this.#tellNothing(from);
    }
    return undefined;
  }

  onPost(now: Instant, from: NodeKey, { to, id, letter }: Post): void {
    const box = this.#boxes.get(shortKeyOf(to));
    const known = box?.find(from, id);
    if (box !== undefined && known?.state === 'taken') return this.#tellReceipts(box, from);
    if (box === undefined || !(box.isOpen || known !== undefined)) {
      return this.#answer(now, from, { to: copyBytes(to), id, verdict: Verdict.noBox }, box);
    }
    const verdict = known === undefined ? box.put(from, id, copyBytes(letter)) : Verdict.kept;
    this.#answer(now, from, { to: copyBytes(to), id, verdict }, box);
    this.#push(box);
  }

  onTaken(owner: NodeKey, { from, id, receipt }: MailTaken): void {
    const short = shortKeyOf(from);
    const box = this.#boxes.get(shortKeyOf(owner));
    const kept = box?.letters().find((each) => each.id === id && shortKeyOf(each.from) === short);
    if (box === undefined || kept === undefined) return;
    box.take(kept, copyBytes(receipt));
    if (this.#around.isUp(kept.from)) this.#tellReceipts(box, kept.from);
    this.#push(box);
  }

  onUp(peer: NodeKey): void {
    for (const box of this.#boxes.values()) this.#tellReceipts(box, peer);
  }

  onDown(peer: NodeKey): void {
    const box = this.#boxes.get(shortKeyOf(peer));
    if (box?.isPresent === true) box.miss();
  }

  onTimeout(now: Instant): void {
    for (const [short, box] of this.#boxes) {
      if (box.until > now) continue;
      this.#boxes.delete(short);
      this.#giveUp(now, box);
    }
  }

  /** This node goes: whoever is there and sent something learns that it is not kept here any more. */
  close(now: Instant): void {
    for (const box of this.#boxes.values()) this.#giveUp(now, box);
    this.#boxes.clear();
  }

  #giveUp(now: Instant, box: Box): void {
    for (const { from, id } of box.letters()) {
      if (!this.#around.isUp(from)) continue;
      this.#answer(now, from, { to: shortOf(box.owner), id, verdict: Verdict.gone }, undefined);
    }
  }

  /** A box with letters never makes room for another, and none does for somebody who is not served. */
  #hasRoom(isClient: boolean): boolean {
    if (this.#boxes.size < this.#limits.mailboxCountMax) return true;
    if (!isClient) return false;
    let first: ShortKey | undefined;
    let until = Infinity;
    for (const [short, box] of this.#boxes) {
      if (!box.isEmpty || box.until >= until) continue;
      first = short;
      until = box.until;
    }
    return first !== undefined && this.#boxes.delete(first);
  }

  #push(box: Box): boolean {
    let isAny = false;
    for (let next = box.push(); next !== undefined; next = box.push()) {
      isAny = true;
      const { kept, left } = next;
      const mail = { kind: 'mail', from: shortOf(kept.from), id: kept.id, left, letter: kept.bytes } as const;
      this.#send(box.owner, mail);
    }
    return isAny;
  }

  #tellNothing(owner: NodeKey): void {
    this.#send(owner, { kind: 'mail', from: new Uint8Array(SHORT_ID_BYTES), id: 0, left: 0, letter: EMPTY });
  }

  #tellReceipts(box: Box, from: NodeKey): void {
    const to = shortOf(box.owner);
    for (const { id, bytes } of box.receiptsFor(from)) {
      this.#send(from, { kind: 'mailReceipt', to, id, receipt: bytes });
    }
  }

  #answer(
    now: Instant,
    from: NodeKey,
    { to, id, verdict }: { readonly to: Uint8Array; readonly id: number; readonly verdict: number },
    box: Box | undefined,
  ): void {
    const forS = verdict === Verdict.kept && box !== undefined ? (box.until - now) / SECOND_MS : 0;
    const keepers = box === undefined ? EMPTY : copyBytes(box.keepers);
    this.#send(from, { kind: 'posted', to, id, verdict, forS: Math.max(0, Math.floor(forS)), keepers });
  }

  #send(to: NodeKey, message: Extract<MailOutput, { kind: 'send' }>['message']): void {
    this.#outbox.push({ kind: 'send', to, message });
  }
}

function shortOf(peer: Kept['from']): Uint8Array {
  return (fromHex(peer) ?? EMPTY).subarray(0, SHORT_ID_BYTES);
}

/** The nodes of a keeper list; one that is cut off is none. */
export function keepersIn(list: Uint8Array): readonly NodeKey[] {
  const keepers: NodeKey[] = [];
  for (let at = 0; at + NODE_ID_BYTES <= list.length; at += NODE_ID_BYTES) {
    keepers.push(nodeKeyOf(list.subarray(at, at + NODE_ID_BYTES)));
  }
  return keepers;
}
