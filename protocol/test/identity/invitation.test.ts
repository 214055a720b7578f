import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import { fromDigits, toDigits } from '../../src/identity/digits.js';
import { createIdentity } from '../../src/identity/identity.js';
import {
  formatInvitation,
  INVITED_ADDRESSES_MAX,
  isInvitedAddress,
  parseInvitation,
} from '../../src/identity/invitation.js';
import { createNetworkKey } from '../../src/identity/network.js';
import { testRandom } from '../support/random.js';

const suite = nobleSuite();
const issuer = createIdentity(suite, testRandom(1));
const network = createNetworkKey(suite, testRandom(2));
const addresses = ['udp://203.0.113.4:4747', 'tcp://[2001:db8::7]:443', 'attic.example:4747'];
const text = formatInvitation(suite, issuer, { network, addresses, expiresAt: 1_900_000_000 });

/** The same ticket with its bytes changed, and a check that fits them: what somebody hostile would send. */
function forge(change: (ticket: Uint8Array) => Uint8Array): string {
  const bytes = fromDigits(text.slice('fogjoin1-'.length)) as Uint8Array;
  const ticket = change(new Uint8Array(bytes.subarray(0, bytes.length - 3)));
  const whole = new Uint8Array(ticket.length + 3);
  whole.set(ticket);
  whole.set(suite.hash(ticket).subarray(0, 3), ticket.length);
  return `fogjoin1-${toDigits(whole)}`;
}

describe('join tickets (SPEC §5.7)', () => {
  it('carry the network key, addresses, expiry and who issued them', () => {
    expect(parseInvitation(suite, text)).toEqual({
      ok: true,
      invitation: { network, addresses, expiresAt: 1_900_000_000, issuer: issuer.key },
    });
    const typed = text
      .toUpperCase()
      .replace(/0/g, 'O')
      .replace(/(.{40})/g, '$1\n');
    expect(parseInvitation(suite, ` ${typed} `)).toEqual(parseInvitation(suite, text));
  });

  it('fit a code that a camera reads', () => {
    expect(text.length).toBeLessThan(400);
    const longest = Array.from({ length: 8 }, (_, i) => `udp://${'a'.repeat(51)}${i}:65535`);
    const largest = formatInvitation(suite, issuer, { network, addresses: longest, expiresAt: 0xffff_ffff });
    expect(largest.length).toBeLessThan(1100);
    expect(parseInvitation(suite, largest).ok).toBe(true);
  });

  it('tell a typing error from a forgery, and both from something else', () => {
    const at = text.length - 20;
    const other = text[at] === 'x' ? 'y' : 'x';
    const mistyped = text.slice(0, at) + other + text.slice(at + 1);
    expect(parseInvitation(suite, mistyped)).toEqual({ ok: false, why: 'mistyped' });
    expect(parseInvitation(suite, text.slice(0, -5))).toEqual({ ok: false, why: 'mistyped' });
    expect(parseInvitation(suite, 'fogjoin1-')).toEqual({ ok: false, why: 'mistyped' });
    expect(parseInvitation(suite, `fogjoin1-${'0'.repeat(5000)}`)).toEqual({ ok: false, why: 'mistyped' });
    expect(parseInvitation(suite, 'fog1-abc')).toEqual({ ok: false, why: 'absent' });
    const bytes = (fromDigits(text.slice('fogjoin1-'.length)) as Uint8Array).length - 3;
    for (let i = 0; i < bytes; i++) {
      const forged = forge((ticket) => {
        ticket[i] = (ticket[i] as number) ^ 1;
        return ticket;
      });
      expect(parseInvitation(suite, forged), `byte ${i}`).toEqual({ ok: false, why: 'forged' });
      expect(
        parseInvitation(
          suite,
          forge((ticket) => ticket.subarray(0, i)),
        ).ok,
        `cut at ${i}`,
      ).toBe(false);
    }
  });

  it('come from nothing but tickets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(
          parseInvitation(
            suite,
            forge(() => bytes),
          ).ok,
        ).toBe(false);
      }),
    );
  });

  it('have few addresses, and none that a shell or a terminal would mistake', () => {
    const many = Array.from({ length: INVITED_ADDRESSES_MAX + 1 }, (_, i) => `10.0.0.${i}:1`);
    expect(() => formatInvitation(suite, issuer, { network, addresses: many, expiresAt: 0 })).toThrow(
      'at most',
    );
    for (const good of ['a:1', '1.2.3.4:65535', '[::1]:4747', 'tcp://x-1.y:443']) {
      expect(isInvitedAddress(good), good).toBe(true);
    }
    for (const bad of [
      'a',
      'a:0',
      'a:65536',
      'http://a:1',
      'a b:1',
      '\u001b[2J:1',
      'fe80::1:4747',
      `${'a'.repeat(63)}:1`,
    ]) {
      expect(isInvitedAddress(bad), bad).toBe(false);
    }
  });
});

describe('digits', () => {
  it('come back as the same bytes, whatever their number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(fromDigits(toDigits(bytes))).toEqual(bytes);
      }),
    );
  });

  it('are refused when no bytes are written so', () => {
    for (const bad of ['1', 'zz', '000', 'u0', '0!']) expect(fromDigits(bad), bad).toBeUndefined();
  });
});
