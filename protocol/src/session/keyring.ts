import { nodeIdOf, nodeKeyOf } from '../identity/id.js';
import { isAcceptableKey } from '../identity/identity.js';
import { copyBytes, toHex } from '../kernel/bytes.js';
import type { NodeKey } from '../kernel/link.js';
import { type H1Packet, MASKED_KEY_BYTES, maskKey } from '../packet/handshake.js';
import type { HandshakeSelf } from './handshake.js';

/** Ed25519 keys of other nodes: to whom a session may be opened, and who may open one with KK. */
export class Keyring {
  readonly #self: HandshakeSelf;
  readonly #countMax: number;
  /** Oldest first. */
  readonly #keys = new Map<NodeKey, Uint8Array>();
  /** Those that a beacon named and nothing has proved: they make room before the others. */
  readonly #hints = new Set<NodeKey>();
  /** Peers that had a session with us since they or we started, so that they know our key. */
  readonly #acquainted = new Set<NodeKey>();

  constructor(self: HandshakeSelf, countMax: number) {
    this.#self = self;
    this.#countMax = countMax;
  }

  nodeKey(publicKey: Uint8Array): NodeKey {
    return nodeKeyOf(nodeIdOf(this.#self.suite, publicKey));
  }

  get(peer: NodeKey): Uint8Array | undefined {
    return this.#keys.get(peer);
  }

  isAcquainted(peer: NodeKey): boolean {
    return this.#acquainted.has(peer);
  }

  acquaint(peer: NodeKey): void {
    this.#acquainted.add(peer);
  }

  /**
   * One that nobody may have is not kept. When full the oldest hint goes, else the oldest key that is not
   * among those held; never for a mere hint.
   */
  learn(publicKey: Uint8Array, isHint: boolean, held: ReadonlyMap<NodeKey, unknown>): void {
    const peer = this.nodeKey(publicKey);
    if (!isHint) this.#hints.delete(peer);
    if (this.#keys.has(peer) || !isAcceptableKey(publicKey)) return;
    if (this.#keys.size >= this.#countMax) {
      const leaves = this.#oldestHint(held) ?? (isHint ? undefined : this.#oldest(held));
      if (leaves === undefined) return;
      this.#forget(leaves);
    }
    this.#keys.set(peer, copyBytes(publicKey));
    if (isHint) this.#hints.add(peer);
  }

  /** The key that a KK initiator names under its mask. */
  unmask(h1: H1Packet, maskedKey: Uint8Array): Uint8Array | undefined {
    const { suite, network } = this.#self;
    const keyId = toHex(maskKey(suite, network.key, h1.noise.subarray(0, 32), maskedKey));
    for (const [peer, publicKey] of this.#keys) {
      if (peer.substring(0, 2 * MASKED_KEY_BYTES) === keyId) return publicKey;
    }
    return undefined;
  }

  #oldestHint(held: ReadonlyMap<NodeKey, unknown>): NodeKey | undefined {
    for (const hint of this.#hints) if (!held.has(hint)) return hint;
    return undefined;
  }

  #oldest(held: ReadonlyMap<NodeKey, unknown>): NodeKey | undefined {
    for (const peer of this.#keys.keys()) if (!held.has(peer)) return peer;
    return undefined;
  }

  #forget(peer: NodeKey): void {
    this.#keys.delete(peer);
    this.#hints.delete(peer);
    this.#acquainted.delete(peer);
  }
}
