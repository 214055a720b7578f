import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { createNetworkKey } from '../../src/identity/network.js';
import { decodeH1, decodeH2, decodeH3 } from '../../src/packet/handshake.js';
import { Attempt, type HandshakeSelf, Reply } from '../../src/session/handshake.js';
import { testRandom } from '../support/random.js';

const suite = nobleSuite();
const random = testRandom(5);
const network = createNetworkKey(suite, random);
const honest: HandshakeSelf = {
  suite,
  network,
  identity: createIdentity(suite, random),
  certificate: undefined,
};

/** The same X25519 key under another name: bit 255 of the Ed25519 key is set. */
function withSignBit(identity: Identity): Identity {
  const publicKey = new Uint8Array(identity.publicKey);
  publicKey[31] = (publicKey[31] ?? 0) | 0x80;
  return { ...identity, publicKey };
}
const crooked: HandshakeSelf = { ...honest, identity: withSignBit(createIdentity(suite, random)) };

const ephemeral = (name: number) => suite.dhKeyPair(new Uint8Array(32).fill(name));

function parsed<T>(packet: T | string): T {
  if (typeof packet === 'string') throw new Error(packet);
  return packet;
}

describe('static keys that are not acceptable (§5.1, §7.2)', () => {
  it('end an IK handshake at H1', () => {
    const attempt = new Attempt(crooked, 'IK', 300, ephemeral(1), honest.identity.publicKey);
    const reply = Reply.to(honest, parsed(decodeH1(attempt.packet)), 400, ephemeral(2), undefined);
    expect(reply).toBe('authentication');
  });

  it('end an XX handshake at H3 when they are the initiator’s', () => {
    const attempt = new Attempt(crooked, 'XX', 300, ephemeral(1));
    const reply = parsed(Reply.to(honest, parsed(decodeH1(attempt.packet)), 400, ephemeral(2), undefined));
    const finished = attempt.finish(parsed(decodeH2(reply.packet)));
    const confirmation = finished?.confirmation ?? new Uint8Array(0);
    expect(reply.confirm(parsed(decodeH3(confirmation)))).toBeUndefined();
    expect(reply.confirm(parsed(decodeH3(confirmation))), 'again').toBeUndefined();
  });

  it('end an XX handshake at H2 when they are the responder’s, however often it comes', () => {
    const attempt = new Attempt(honest, 'XX', 300, ephemeral(1));
    const reply = parsed(Reply.to(crooked, parsed(decodeH1(attempt.packet)), 400, ephemeral(2), undefined));
    expect(attempt.isSpent).toBe(false);
    for (let i = 0; i < 3; i++) {
      expect(attempt.finish(parsed(decodeH2(reply.packet)))).toBeUndefined();
      expect(attempt.isSpent).toBe(true);
    }
  });
});
