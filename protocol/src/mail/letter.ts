import { CborReader } from '../cbor/reader.js';
import { CborWriter } from '../cbor/writer.js';
import { HandshakeState } from '../crypto/noise.js';
import type { CryptoSuite } from '../crypto/suite.js';
import { nodeIdOf, nodeKeyOf, SHORT_ID_BYTES, shortKeyOf } from '../identity/id.js';
import { type Identity, isAcceptableKey } from '../identity/identity.js';
import type { NetworkKey } from '../identity/network.js';
import { concatBytes, copyBytes, writeU32 } from '../kernel/bytes.js';
import type { NodeKey, ShortKey } from '../kernel/link.js';
import { type Random, randomBytes } from '../kernel/random.js';
import { encodeUtf8 } from '../kernel/utf8.js';
import { FIELD_TYPES } from '../packet/message-table.js';

/**
 * A letter (SPEC §8.12): one message of Noise_Xpsk0 from the static key of its sender to that of its
 * receiver. No session is involved, so it can be opened whatever has become of sessions and counters
 * meanwhile, also by a receiver that has forgotten everything but its identity. There is no forward secrecy
 * against who steals that, as with tickets.
 */

/** Behind the patterns of handshakes, which are 0 to 2 (SPEC §7.2). */
const PATTERN = 3;
export const RECEIPT_BYTES = 8;
const NAME_BYTES_MAX = 32;

/** Who writes and reads here. */
export interface Correspondent {
  readonly suite: CryptoSuite;
  readonly identity: Identity;
  readonly network: NetworkKey;
}

export interface Letter {
  /** Told back by whoever has opened it, so no keeper can say so for him. */
  readonly receipt: Uint8Array;
  /** What the sender calls itself. */
  readonly name: string;
  readonly topic: string;
  readonly body: Uint8Array;
}

/** Undefined when it is longer than any may be, or there is no shared secret with that key. */
export function sealLetter(
  self: Correspondent,
  random: Random,
  to: { readonly publicKey: Uint8Array; readonly id: number },
  { receipt, name, topic, body }: Letter,
): Uint8Array | undefined {
  const text = new CborWriter().bytes(receipt).text(name).text(topic).bytes(body).finish();
  const e = self.suite.dhKeyPair(randomBytes(random, 32));
  const short = nodeIdOf(self.suite, to.publicKey).subarray(0, SHORT_ID_BYTES);
  const sealed = start(self, true, { e, rs: to.publicKey }, short, to.id).writeMessage(text);
  return sealed === undefined || sealed.length > FIELD_TYPES.letter.max ? undefined : sealed;
}

/** The letter, if it was written by that node for this one under that number. */
export function openLetter(
  self: Correspondent,
  from: ShortKey,
  id: number,
  sealed: Uint8Array,
): { readonly letter: Letter; readonly sender: NodeKey } | undefined {
  const { suite, identity } = self;
  const short = identity.id.subarray(0, SHORT_ID_BYTES);
  const noise = start(self, false, { e: identity.dh, rs: undefined }, short, id);
  const text = noise.readMessage(sealed);
  const publicKey = noise.remoteStatic;
  if (text === undefined || publicKey === undefined || !isAcceptableKey(publicKey)) return undefined;
  const sender = nodeKeyOf(nodeIdOf(suite, publicKey));
  const letter = shortKeyOf(sender) === from ? decodeLetter(text) : undefined;
  return letter && { letter, sender };
}

function decodeLetter(text: Uint8Array): Letter | undefined {
  const reader = new CborReader(text);
  const receipt = copyBytes(reader.bytes(RECEIPT_BYTES));
  const name = reader.text(NAME_BYTES_MAX);
  const topic = reader.text(FIELD_TYPES.path.max);
  const body = copyBytes(reader.bytes());
  if (reader.failed || !reader.isAtEnd || receipt.length !== RECEIPT_BYTES) return undefined;
  return { receipt, name, topic, body };
}

function start(
  { suite, identity, network }: Correspondent,
  initiator: boolean,
  keys: Pick<ConstructorParameters<typeof HandshakeState>[0], 'e' | 'rs'>,
  receiver: Uint8Array,
  id: number,
): HandshakeState {
  const clear = new Uint8Array(SHORT_ID_BYTES + 4);
  clear.set(receiver);
  writeU32(clear, SHORT_ID_BYTES, id);
  const noise = new HandshakeState({
    ...{ suite, pattern: 'X', initiator, psk: network.key, hasSigningStatics: true, ...keys },
    prologue: concatBytes(encodeUtf8('fogwisp/1'), network.id, new Uint8Array([PATTERN])),
    s: { publicKey: identity.publicKey, secretKey: identity.dh.secretKey },
  });
  noise.mixHash(clear);
  return noise;
}
