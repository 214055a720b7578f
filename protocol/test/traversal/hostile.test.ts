import { BOXES, type Host } from '@fogwisp/protocol/sim';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/packet/first-byte.js';
import { Site } from './site.js';

const VICTIM = '192.0.2.66:6666';

/** Counts what a and b send to the victim, and lets an outsider answer each packet of theirs at once. */
function watch(site: Site, onSent: (bytes: Uint8Array, from: Host) => void) {
  const account = { received: 0, sent: 0, probes: 0, factorMax: 0 };
  const { world } = site.net;
  const before = site.internet.tap;
  site.internet.tap = (sighting) => {
    before?.(sighting);
    const { fate, port, address, bytes } = sighting;
    if (fate !== 'sent' || (port.host !== site.a && port.host !== site.b)) return;
    if (address === VICTIM) account.sent += bytes.length;
    else if (classify(bytes[0] as number) === 'probe') {
      account.probes++;
      const copy = new Uint8Array(bytes);
      world.after(0, () => onSent(copy, port.host));
    }
  };
  const writeTo = (host: Host, bytes: Uint8Array): void => {
    const before = account.sent;
    account.received += bytes.length;
    host.packet(1, VICTIM, new Uint8Array(bytes));
    account.factorMax = Math.max(account.factorMax, (account.sent - before) / bytes.length);
  };
  const write = (bytes: Uint8Array): void => {
    for (const host of [site.a, site.b]) writeTo(host, bytes);
  };
  return { account, write, writeTo };
}

describe('an outsider who copies probes (§7.11)', () => {
  it('moves no path to another address, and gets twice as much there at most', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const site = new Site({ seed, a: BOXES.port, b: BOXES.port });
      const { account, write } = watch(site, (bytes) => write(bytes));
      expect(site.meet()).toBeDefined();
      site.net.world.runFor(10_000);
      expect(account.probes).toBeGreaterThan(0);
      expect(account.sent).toBeGreaterThan(0);
      expect(account.sent).toBeLessThanOrEqual(2 * account.received);
      expect(account.factorMax).toBe(2);
      expect(site.isDirect()).toBe(true);
      const sent = account.sent;
      expect(site.net.ask(site.a, 'b', 'x'.repeat(900))).toBe('x'.repeat(900));
      expect(account.sent).toBe(sent);
    }
  });

  it('and gives them back to whom they are from, is not answered', () => {
    const site = new Site({ seed: 7, a: BOXES.port, b: BOXES.port });
    const { account, writeTo } = watch(site, (bytes, from) => writeTo(from, bytes));
    expect(site.meet()).toBeDefined();
    expect(account.received).toBeGreaterThan(0);
    expect(account.sent).toBe(0);
  });

  it('and changes them, is not answered', () => {
    const site = new Site({ seed: 6, a: BOXES.port, b: BOXES.port });
    const { account, write } = watch(site, (bytes) => {
      bytes[4] = (bytes[4] as number) ^ 0x80;
      write(bytes);
    });
    expect(site.meet()).toBeDefined();
    expect(account.received).toBeGreaterThan(0);
    expect(account.sent).toBe(0);
  });
});
