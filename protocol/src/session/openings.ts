/** Sessions that we open (SPEC §7.1, §7.2): all attempts under way, their timers, and the answers to them. */
import { compareBytes } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import { type NodeKey, sameVia, type Via } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Random } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import { decodeH2, decodeRetry, type H1Packet } from '../packet/handshake.js';
import type { IdHolder } from './connection-ids.js';
import type { Finished, HandshakeSelf } from './handshake.js';
import { Opening, type OpeningOptions } from './opening.js';
import type { SessionOutput } from './output.js';
import type { Resumption } from './resumption.js';

/** Openings under way at once, each about 1 kB; not more than twice the provisional sessions of others. */
const COUNT_MAX = 32;
/** To one peer, by different ways. */
const WAYS_MAX = 3;
/** One to a stranger may give way to another one after this long: a station that is there has answered. */
const STRANGER_MS = 500;

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
  readonly #countMax: number;
  /** Oldest first. */
  #openings: Opening[] = [];

  constructor(options: {
    readonly self: HandshakeSelf;
    readonly random: Random;
    readonly out: Outbox<SessionOutput>;
    readonly resumption: Resumption;
    readonly limits: Limits;
  }) {
    const { self, random, out, resumption, limits } = options;
    this.#countMax = Math.min(COUNT_MAX, 2 * limits.provisionalCountMax);
    this.#self = self;
    this.#random = random;
    this.#out = out;
    this.#resumption = resumption;
  }

  get connectionCount(): number {
    return this.#openings.length;
  }

  /**
   * False when no opening may begin now. Strangers, whom beacons name, take half of the places at most, so
   * that their number keeps nobody from a peer whom it knows or something waits for.
   */
  makeRoom(now: Instant, isStranger: boolean): boolean {
    const strangers = this.#openings.filter((opening) => opening.isStranger);
    const isFull = this.#openings.length >= this.#countMax;
    if (!isFull && (!isStranger || strangers.length < this.#countMax / 2)) return true;
    const leaves = strangers.find((opening) => !isStranger || now - opening.begunAt >= STRANGER_MS);
    if (leaves === undefined) return false;
    this.#giveUp(leaves);
    return true;
  }

  holdsConnection(connection: number): boolean {
    return this.#byConnection(connection) !== undefined;
  }

  isTo(peer: NodeKey): boolean {
    return this.#openings.some((opening) => opening.target?.peer === peer);
  }

  /**
   * One to an address that is out of date waits for long, and so does one by way of others where routes are:
   * neither keeps from another way. Beyond a few the oldest goes. False when that very one is under way.
   */
  makeWay(peer: NodeKey, via: Via): boolean {
    const theirs = this.#openings.filter((opening) => opening.target?.peer === peer);
    if (theirs.some((opening) => sameVia(opening.via, via))) return false;
    const [oldest] = theirs;
    if (oldest !== undefined && theirs.length >= WAYS_MAX) this.#giveUp(oldest);
    return true;
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
    const ended = this.#openings.filter(({ target, via: at }) =>
      target === undefined ? sameVia(at, via) : target.peer === peer,
    );
    for (const opening of ended) {
      this.#end(opening);
      if (!sameVia(opening.via, via)) this.#out.push({ kind: 'outrun', peer, via: opening.via });
    }
  }

  /**
   * Who opens to the same peer at the same time, known by its via or, once that is known, by its key: true if
   * we stay initiator, because our e is lower (§7.2). By another way only while ours has not been left
   * unanswered: it may lead nowhere.
   */
  outrank(h1: H1Packet, via: Via, peer: NodeKey | undefined): boolean {
    const theirs = h1.noise.subarray(0, 32);
    return this.#openings.some((opening) => {
      const ours = opening.attempt?.ephemeral;
      const isSure = sameVia(opening.via, via) || !opening.isRepeated;
      return ours !== undefined && isSure && isRival(opening, via, peer) && compareBytes(ours, theirs) < 0;
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
        this.#giveUp(opening);
        return false;
    }
  }

  #giveUp(opening: Opening): void {
    this.#end(opening);
    this.#out.push({ kind: 'unanswered', peer: opening.target?.peer, via: opening.via });
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
