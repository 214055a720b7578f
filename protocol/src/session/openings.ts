/** Sessions that we open (SPEC §7.1, §7.2): all attempts under way, their timers, and the answers to them. */
import { compareBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { type NodeKey, sameVia, type Via } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Random } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import { decodeH2, decodeRetry, type H1Packet } from '../packet/handshake.js';
import type { IdHolder } from './connection-ids.js';
import type { Finished, HandshakeSelf } from './handshake.js';
import { Opening, type OpeningOptions } from './opening.js';
import type { SessionOutput } from './output.js';
import type { Resumption } from './resumption.js';

/** Openings under way at once; each about 1 kB. */
const COUNT_MAX = 32;

/** An answer that completes an opening. */
export interface OpeningResult extends Finished {
  /** That H1 or RESUME took: the copy of an answer may come from anywhere. */
  readonly via: Via;
  readonly localConnection: number;
  readonly remoteConnection: number;
  /** H3, XX only. */
  readonly confirmation: Uint8Array | undefined;
  /** By a ticket, without a Diffie-Hellman. */
  readonly isResumed: boolean;
}

export class Openings implements IdHolder {
  readonly #self: HandshakeSelf;
  readonly #random: Random;
  readonly #out: Outbox<SessionOutput>;
  readonly #resumption: Resumption;
  #openings: Opening[] = [];

  constructor(self: HandshakeSelf, random: Random, out: Outbox<SessionOutput>, resumption: Resumption) {
    this.#self = self;
    this.#random = random;
    this.#out = out;
    this.#resumption = resumption;
  }

  get connectionCount(): number {
    return this.#openings.length;
  }

  get isFull(): boolean {
    return this.#openings.length >= COUNT_MAX;
  }

  holdsConnection(connection: number): boolean {
    return this.#byConnection(connection) !== undefined;
  }

  isTo(peer: NodeKey): boolean {
    return this.#openings.some((opening) => opening.target?.peer === peer);
  }

  isVia(via: Via): boolean {
    return this.#openings.some((opening) => sameVia(opening.via, via));
  }

  pollTimeout(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const opening of this.#openings) soonest = earlier(soonest, opening.nextAt);
    return soonest;
  }

  begin(now: Instant, connection: number, options: OpeningOptions): void {
    const opening = new Opening(this.#self, this.#random, connection, options, now);
    this.#openings.push(opening);
    this.#advance(now, opening);
  }

  /** Returns the peers that did not answer at all. */
  onTimeout(now: Instant): readonly NodeKey[] {
    const failed: NodeKey[] = [];
    for (const opening of [...this.#openings]) {
      if (opening.nextAt > now || this.#advance(now, opening)) continue;
      if (opening.target !== undefined) failed.push(opening.target.peer);
    }
    return failed;
  }

  /** A session with that peer is there; whoever was greeted at its via has answered by it. */
  endTo(peer: NodeKey, via: Via): void {
    this.#openings = this.#openings.filter(({ target, via: at }) =>
      target === undefined ? !sameVia(at, via) : target.peer !== peer,
    );
  }

  /**
   * Who opens to the same peer at the same time, known by its via or, once that is known, by its key: true if
   * we stay initiator, because our e is lower (§7.2).
   */
  outrank(h1: H1Packet, via: Via, peer: NodeKey | undefined): boolean {
    const theirs = h1.noise.subarray(0, 32);
    return this.#openings.some((opening) => {
      const ours = opening.attempt?.ephemeral;
      return ours !== undefined && isRival(opening, via, peer) && compareBytes(ours, theirs) < 0;
    });
  }

  /** Theirs is the lower e. Ours waits, but does not end: theirs may be a replay (§7.1). */
  yieldTo(now: Instant, via: Via, peer: NodeKey | undefined): void {
    for (const opening of this.#openings) if (isRival(opening, via, peer)) opening.yield(now);
  }

  onH2(now: Instant, bytes: Uint8Array): OpeningResult | DropReason {
    const h2 = decodeH2(bytes);
    if (typeof h2 === 'string') return h2;
    const opening = this.#byConnection(h2.initiator);
    if (opening?.attempt === undefined) return 'unexpected';
    if (opening.attempt.isWeary) return 'overLimit';
    const finished = opening.attempt.finish(h2);
    if (finished === undefined) {
      if (opening.attempt.isSpent) opening.skipStep(now);
      return 'authentication';
    }
    this.#end(opening);
    const { via } = opening;
    const connections = { localConnection: opening.connection, remoteConnection: h2.responder };
    return { ...finished, ...connections, via, isResumed: false };
  }

  onRetry(now: Instant, bytes: Uint8Array): DropReason | undefined {
    const retry = decodeRetry(bytes);
    if (typeof retry === 'string') return retry;
    const opening = this.#byConnection(retry.initiator);
    if (opening?.attempt === undefined) return 'unexpected';
    opening.prove(now, retry.secretEpoch, retry.cookie);
    return undefined;
  }

  onResumeAck(bytes: Uint8Array): OpeningResult | DropReason {
    const answer = this.#resumption.onAcknowledgement(bytes, this.#openings);
    if (typeof answer === 'string') return answer;
    const { opening, answerer, keys, publicKey } = answer;
    this.#end(opening);
    const connections = { localConnection: opening.connection, remoteConnection: answerer };
    const without = { certificate: undefined, confirmation: undefined };
    return { keys, publicKey, ...connections, ...without, via: opening.via, isResumed: true };
  }

  /** False when it gave up. */
  #advance(now: Instant, opening: Opening): boolean {
    const move = opening.advance(now);
    switch (move.kind) {
      case 'send':
        this.#transmit(opening.via, move.packet);
        return true;
      case 'resume': {
        const packet = this.#resumption.resume(opening);
        if (packet !== undefined) this.#transmit(opening.via, packet);
        return true;
      }
      case 'giveUp':
        this.#end(opening);
        this.#out.push({ kind: 'unanswered', peer: opening.target?.peer, via: opening.via });
        return false;
    }
  }

  #byConnection(connection: number): Opening | undefined {
    return this.#openings.find((opening) => opening.connection === connection);
  }

  #end(opening: Opening): void {
    this.#openings = this.#openings.filter((one) => one !== opening);
  }

  #transmit(via: Via, bytes: Uint8Array): void {
    this.#out.push({ kind: 'transmit', via, bytes });
  }
}

function isRival(opening: Opening, via: Via, peer: NodeKey | undefined): boolean {
  return sameVia(opening.via, via) || (peer !== undefined && opening.target?.peer === peer);
}
