import { nodeIdOf, nodeKeyOf } from '../identity/id.js';
import { isAcceptableKey } from '../identity/identity.js';
import { copyBytes, toHex } from '../kernel/bytes.js';
import type { NodeKey } from '../kernel/link.js';
import { type H1Packet, MASKED_KEY_BYTES, maskKey } from '../packet/handshake.js';
import type { HandshakeSelf } from './handshake.js';

const KEY_BYTES = 32;
/** A key and its flags. */
const ROW_BYTES = KEY_BYTES + 1;
const IS = {
  /** Its owner had a session with us since it or we started, so that it knows our key. */
  acquainted: 1,
  /** A beacon named it and nothing has proved it: it makes room before the others. */
  hint: 2,
} as const;

/** Ed25519 keys of other nodes: to whom a session may be opened, and who may open one with KK. */
export class Keyring {
  readonly #self: HandshakeSelf;
  readonly #countMax: number;
  /** Their rows, oldest first. */
  readonly #rowOf = new Map<NodeKey, number>();
  readonly #rows: Uint8Array;

  constructor(self: HandshakeSelf, countMax: number) {
    this.#self = self;
    this.#countMax = countMax;
    this.#rows = new Uint8Array(countMax * ROW_BYTES);
  }

  nodeKey(publicKey: Uint8Array): NodeKey {
    return nodeKeyOf(nodeIdOf(this.#self.suite, publicKey));
  }

  has(peer: NodeKey): boolean {
    return this.#rowOf.has(peer);
  }

  get(peer: NodeKey): Uint8Array | undefined {
    const row = this.#rowOf.get(peer);
    return row === undefined ? undefined : this.#keyIn(row);
  }

  /** Whether the peer had a session with us since it or we started, so that it knows our key. */
  isAcquainted(peer: NodeKey): boolean {
    const row = this.#rowOf.get(peer);
    return row !== undefined && this.#flag(row, IS.acquainted);
  }

  acquaint(peer: NodeKey): void {
    const row = this.#rowOf.get(peer);
    if (row !== undefined) this.#setFlag(row, IS.acquainted, true);
  }

  /**
   * One that nobody may have is not kept. When full the oldest hint goes, else the oldest key that is not
   * among those held; never for a mere hint.
   */
  learn(publicKey: Uint8Array, isHint: boolean, held: ReadonlyMap<NodeKey, unknown>): void {
    const peer = this.nodeKey(publicKey);
    const known = this.#rowOf.get(peer);
    if (known !== undefined && !isHint) this.#setFlag(known, IS.hint, false);
    if (known !== undefined || !isAcceptableKey(publicKey)) return;
    const { size } = this.#rowOf;
    const row = size < this.#countMax ? size : this.#freeRow(isHint, held);
    if (row === undefined) return;
    this.#rowOf.set(peer, row);
    this.#rows.set(publicKey, row * ROW_BYTES);
    this.#rows[row * ROW_BYTES + KEY_BYTES] = isHint ? IS.hint : 0;
  }

  /** The key that a KK initiator names under its mask. */
  unmask(h1: H1Packet, maskedKey: Uint8Array): Uint8Array | undefined {
    const { suite, network } = this.#self;
    const keyId = toHex(maskKey(suite, network.key, h1.noise.subarray(0, 32), maskedKey));
    for (const [peer, row] of this.#rowOf) {
      if (peer.substring(0, 2 * MASKED_KEY_BYTES) === keyId) return this.#keyIn(row);
    }
    return undefined;
  }

  /** The row that is free now. */
  #freeRow(isForHint: boolean, held: ReadonlyMap<NodeKey, unknown>): number | undefined {
    const leaves = this.#oldest(true, held) ?? (isForHint ? undefined : this.#oldest(false, held));
    if (leaves === undefined) return undefined;
    const row = this.#rowOf.get(leaves);
    this.#rowOf.delete(leaves);
    return row;
  }

  #oldest(isHintOnly: boolean, held: ReadonlyMap<NodeKey, unknown>): NodeKey | undefined {
    for (const [peer, row] of this.#rowOf) {
      if (!held.has(peer) && (!isHintOnly || this.#flag(row, IS.hint))) return peer;
    }
    return undefined;
  }

  #keyIn(row: number): Uint8Array {
    return copyBytes(this.#rows.subarray(row * ROW_BYTES, row * ROW_BYTES + KEY_BYTES));
  }

  #flag(row: number, which: number): boolean {
    return ((this.#rows[row * ROW_BYTES + KEY_BYTES] as number) & which) !== 0;
  }

  #setFlag(row: number, which: number, isSet: boolean): void {
    const at = row * ROW_BYTES + KEY_BYTES;
    const others = (this.#rows[at] as number) & ~which;
    this.#rows[at] = isSet ? others | which : others;
  }
}
