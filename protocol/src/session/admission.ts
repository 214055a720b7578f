/**
 * The responder's side of handshakes with anybody (SPEC §7.3): a budget of Diffie-Hellman operations, RETRY
 * once it is spent, and the provisional sessions that come of answers. Nothing here touches a session that
 * exists: a provisional one takes its place only when its first transport packet opens.
 */
import { concatBytes, copyBytes, equalBytes, writeU16 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { Via } from '../kernel/link.js';
import { sameVia } from '../kernel/link.js';
import type { Random } from '../kernel/random.js';
import { randomBytes } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import type { Limits } from '../limits.js';
import { encodeRetry, type H1Packet, proofMac } from '../packet/handshake.js';
import type { IdHolder } from './connection-ids.js';
import type { Finished, HandshakeSelf, Reply } from './handshake.js';
import type { Session } from './session.js';

/** A provisional session lives this long without its first transport packet. */
const PROVISIONAL_MS = 5 * SECOND_MS;
/** Key generation, and four or three shared secrets. */
const DH_COST = { KK: 5, IK: 5, XX: 4 } as const;
/**
 * Answers that are longer than what they answer, to addresses that proved nothing: so many are lent, each
 * until H3 shows that it was wanted or RETRY, which is shorter than what it answers, has saved as much.
 */
const LOANS_MAX = 4;
const RETRIES_PER_LOAN = 4;
/** Cookie secrets are replaced this often; the one before stays valid. */
const SECRET_MS = 2 * MINUTE_MS;

/** A token bucket that holds one second's worth. */
export class Budget {
  readonly #perSecond: number;
  #tokens: number;
  #at: Instant;

  constructor(perSecond: number, now: Instant) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#at = now;
  }

  take(now: Instant, count: number): boolean {
    const earned = ((now - this.#at) / SECOND_MS) * this.#perSecond;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}

export interface Provisional {
  readonly connection: number;
  /** Undefined for a resumption. */
  readonly reply: Reply | undefined;
  readonly via: Via;
  until: Instant;
  /** Undefined until H3 in XX. */
  finished: Finished | undefined;
  session: Session | undefined;
}

export class Admission implements IdHolder {
  readonly #self: HandshakeSelf;
  readonly #random: Random;
  readonly #countMax: number;
  /** For anybody, and for those who proved that they receive at their address. */
  readonly #open: Budget;
  readonly #proven: Budget;
  #provisional: Provisional[] = [];
  #secrets: { readonly epoch: number; readonly key: Uint8Array }[] = [];
  #secretAt: Instant;
  /** Left to be lent, in quarters of an answer. */
  #loans = LOANS_MAX * RETRIES_PER_LOAN;

  constructor(self: HandshakeSelf, random: Random, limits: Limits, now: Instant) {
    this.#self = self;
    this.#random = random;
    this.#countMax = limits.provisionalCountMax;
    this.#open = new Budget(limits.dhPerSecondMax, now);
    this.#proven = new Budget(limits.dhPerSecondMax, now);
    this.#secretAt = now;
  }

  /** 'admit', or the RETRY to send, or why to drop. */
  admit(now: Instant, via: Via, h1: H1Packet): 'admit' | Uint8Array | DropReason {
    const cost = DH_COST[h1.pattern];
    // A wrong proof counts as none: the RETRY that it answers may have been forged.
    if (h1.proof !== undefined && this.#isProven(now, via, h1, h1.proof)) {
      return this.#proven.take(now, cost) ? 'admit' : 'overLimit';
    }
    if (isWorthForging(via, h1) && !this.#lend()) return this.#retry(now, via, h1);
    return this.#open.take(now, cost) ? 'admit' : this.#retry(now, via, h1);
  }

  /** The same answer again, lent like the first one: else one H1 from a forged address gets any number. */
  answerAgain(
    now: Instant,
    via: Via,
    h1: H1Packet,
    { reply, finished }: Provisional,
  ): Uint8Array | undefined {
    const isLoan = finished === undefined && isWorthForging(via, h1);
    const isProven = h1.proof !== undefined && this.#isProven(now, via, h1, h1.proof);
    return isLoan && !isProven && !this.#lend() ? this.#retry(now, via, h1) : reply?.packet;
  }

  /** The answer that was given to this very H1 before; it gets its full time again. */
  findRepeated(now: Instant, via: Via, h1: H1Packet): Provisional | undefined {
    const ephemeral = h1.noise.subarray(0, 32);
    const repeated = this.#provisional.find(
      (one) =>
        one.until > now &&
        one.reply !== undefined &&
        equalBytes(one.reply.ephemeral, ephemeral) &&
        sameVia(one.via, via),
    );
    if (repeated !== undefined) repeated.until = now + PROVISIONAL_MS;
    return repeated;
  }

  get connectionCount(): number {
    return this.#provisional.length;
  }

  holdsConnection(connection: number): boolean {
    return this.#provisional.some((one) => one.connection === connection);
  }

  /** One whose time is over is not there, whenever it is removed. */
  find(now: Instant, connection: number): Provisional | undefined {
    return this.#provisional.find((one) => one.connection === connection && one.until > now);
  }

  /** When full the oldest goes: it had the most time to prove itself. */
  add(now: Instant, via: Via, connection: number, reply: Reply | undefined): Provisional {
    this.expire(now);
    if (this.#provisional.length >= this.#countMax) this.#provisional.shift();
    const until = now + PROVISIONAL_MS;
    const finished = reply?.finished();
    const provisional = { connection, reply, via, until, finished, session: undefined };
    this.#provisional.push(provisional);
    return provisional;
  }

  /** H3 came: the address is that of the initiator. */
  confirm(provisional: Provisional, finished: Finished): void {
    provisional.finished = finished;
    this.#save(RETRIES_PER_LOAN);
  }

  remove(provisional: Provisional): void {
    this.#provisional = this.#provisional.filter((one) => one !== provisional);
  }

  expire(now: Instant): void {
    if (this.#provisional.length > 0) this.#provisional = this.#provisional.filter((one) => one.until > now);
  }

  #lend(): boolean {
    if (this.#loans < RETRIES_PER_LOAN) {
      this.#save(1);
      return false;
    }
    this.#loans -= RETRIES_PER_LOAN;
    return true;
  }

  #save(quarters: number): void {
    this.#loans = Math.min(LOANS_MAX * RETRIES_PER_LOAN, this.#loans + quarters);
  }

  #retry(now: Instant, via: Via, h1: H1Packet): Uint8Array {
    const secret = this.#currentSecret(now);
    const cookie = this.#cookie(secret.key, via, h1);
    return encodeRetry({ initiator: h1.connection, secretEpoch: secret.epoch, cookie });
  }

  #isProven(now: Instant, via: Via, h1: H1Packet, proof: NonNullable<H1Packet['proof']>): boolean {
    this.#currentSecret(now);
    const secret = this.#secrets.find((one) => one.epoch === proof.secretEpoch);
    if (secret === undefined) return false;
    const cookie = this.#cookie(secret.key, via, h1);
    const { suite, network } = this.#self;
    return equalBytes(proofMac(suite, network.key, cookie, h1), proof.mac);
  }

  /** Covers where it came from, its connection id and e; stateless until the proof comes back. */
  #cookie(key: Uint8Array, via: Via, h1: H1Packet): Uint8Array {
    const from = via.kind === 'direct' ? `${via.link}/${via.address}` : `relayed/${via.peer}`;
    const connection = new Uint8Array(2);
    writeU16(connection, 0, h1.connection);
    const covered = concatBytes(encodeUtf8(from), connection, h1.noise.subarray(0, 32));
    return copyBytes(this.#self.suite.hmac(key, covered).subarray(0, 8));
  }

  #currentSecret(now: Instant): { readonly epoch: number; readonly key: Uint8Array } {
    const latest = this.#secrets[0];
    if (latest !== undefined && now - this.#secretAt < SECRET_MS) return latest;
    const epoch = latest === undefined ? 0 : (latest.epoch + 1) & 0xff;
    const fresh = { epoch, key: randomBytes(this.#random, 32) };
    this.#secrets = latest === undefined ? [fresh] : [fresh, latest];
    this.#secretAt = now;
    return fresh;
  }
}

/** H2 is longer than H1 only in XX, and what somebody once sent may come again from any address. */
function isWorthForging(via: Via, { pattern }: H1Packet): boolean {
  return pattern === 'XX' && via.kind === 'direct' && via.address !== '';
}
