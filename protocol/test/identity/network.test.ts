import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nobleSuite } from '../../src/crypto/noble.js';
import {
  createNetworkKey,
  formatNetworkKey,
  networkFromKey,
  parseNetworkKey,
} from '../../src/identity/network.js';
import { testRandom } from '../support/random.js';

const suite = nobleSuite();

describe('network keys (SPEC §5.6)', () => {
  it('are told by an id that does not give them away', () => {
    const network = createNetworkKey(suite, testRandom(5));
    expect(network.key).toHaveLength(32);
    expect(network.id).toHaveLength(8);
    expect(networkFromKey(suite, network.key)).toEqual(network);
    expect(createNetworkKey(suite, testRandom(6)).id).not.toEqual(network.id);
    expect(() => networkFromKey(suite, new Uint8Array(31))).toThrow('32 bytes');
  });

  it('come back from their text, however it is typed', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(key, (bytes) => {
        const network = networkFromKey(suite, bytes);
        const text = formatNetworkKey(network);
        expect(text).toMatch(/^fog1-[0-9a-hj-km-np-tv-z]{56}$/);
        expect(parseNetworkKey(suite, text)).toEqual(network);
        const typed = text
          .toUpperCase()
          .replace(/0/g, 'O')
          .replace(/FOG1-(.{8})/, 'fog1-$1 - ');
        expect(parseNetworkKey(suite, ` ${typed}\n`)).toEqual(network);
      }),
    );
  });

  it('are refused with any one character wrong, missing or moved', () => {
    const text = formatNetworkKey(createNetworkKey(suite, testRandom(7)));
    for (let at = 5; at < text.length; at++) {
      const other = text[at] === 'x' ? 'y' : 'x';
      expect(parseNetworkKey(suite, text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
      expect(parseNetworkKey(suite, text.slice(0, at) + text.slice(at + 1))).toBeUndefined();
    }
    for (const bad of [
      '',
      'fog1-',
      text.slice(5),
      text.replace('fog1', 'fog2'),
      `${text}0`,
      text.replace(/.$/, 'u'),
    ]) {
      expect(parseNetworkKey(suite, bad), bad).toBeUndefined();
    }
  });
});
