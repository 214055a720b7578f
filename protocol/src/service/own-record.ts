import type { CryptoSuite } from '../crypto/suite.js';
import type { Identity } from '../identity/identity.js';
import { type NodeRecord, signRecord } from '../identity/record.js';
import { UsageError } from '../kernel/fault.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { isName, NAME_BYTES_MAX } from './text.js';

/** What a clock that was never set shows is no time: 1 January 2024. */
const UNIX_MS_MIN = 1_704_067_200_000;
/** A record has 32 bits for seconds. */
const UNIX_MS_MAX = 0xffff_ffff * SECOND_MS;

export interface OwnRecordOptions {
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly boot: number;
  /** '' for none. */
  readonly name: string;
  /** Unix seconds when this node first took this name, as `claimed` told; 0 when that is not known. */
  readonly claimedAt: number;
}

/** The record that we sign ourselves (SPEC §5.4), always the newest one. */
export class OwnRecord {
  readonly #suite: CryptoSuite;
  readonly #identity: Identity;
  #record: NodeRecord;
  #bytes: Uint8Array;
  /** Wall clock minus monotonic clock. */
  #unixOffsetMs: number | undefined;

  constructor(options: OwnRecordOptions) {
    const { suite, identity, boot, name, claimedAt } = options;
    checkName(name);
    this.#suite = suite;
    this.#identity = identity;
    this.#record = { publicKey: identity.publicKey, boot, sequence: 0, name, claimedAt, flags: 0 };
    this.#bytes = signRecord(suite, identity, this.#record);
  }

  get record(): NodeRecord {
    return this.#record;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** It is not the first one of this boot, so a peer that knew it may know an older one. */
  get hasChanged(): boolean {
    return this.#record.sequence !== 0;
  }

  /** True when the name has got its claim time by it. */
  setClock(now: Instant, unixMs: number): boolean {
    if (!(unixMs >= UNIX_MS_MIN && unixMs <= UNIX_MS_MAX)) return false;
    this.#unixOffsetMs = unixMs - now;
    if (this.#record.name === '' || this.#record.claimedAt !== 0) return false;
    this.#sign({ claimedAt: this.#unixSeconds(now), sequence: this.#nextSequence() });
    return true;
  }

  /** False when it is the name we have. */
  rename(now: Instant, name: string): boolean {
    checkName(name);
    if (name === this.#record.name) return false;
    this.#sign({ name, claimedAt: name === '' ? 0 : this.#unixSeconds(now), sequence: this.#nextSequence() });
    return true;
  }

  setBoot(boot: number): void {
    this.#sign({ boot, sequence: 0 });
  }

  /** The network holds this record of ours, from a life that we forgot: ours becomes newer. */
  outdo(old: NodeRecord): void {
    if (old.boot !== this.#record.boot) this.setBoot((old.boot + 1) & 0xffff);
    else this.#sign({ sequence: (old.sequence + 1) & 0xffff });
  }

  #sign(change: Partial<NodeRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#bytes = signRecord(this.#suite, this.#identity, this.#record);
  }

  #unixSeconds(now: Instant): number {
    return this.#unixOffsetMs === undefined ? 0 : Math.floor((now + this.#unixOffsetMs) / SECOND_MS);
  }

  #nextSequence(): number {
    return (this.#record.sequence + 1) & 0xffff;
  }
}

function checkName(name: string): void {
  if (name === '' || isName(name)) return;
  const rule = `a name has 1 to ${NAME_BYTES_MAX} of a-z, 0-9 and '-', and is not 32 hexadecimal digits`;
  throw new UsageError('badName', rule);
}
