import { describe, expect, it } from 'vitest';
import { platformConformance } from '../../src/conformance/index.js';
import { MemoryStore } from '../../src/index.js';
import { FileStore, nodePlatform } from '../../src/node/index.js';
import { conform } from '../conform.js';
import { scratchDirectory } from './scratch.js';

conform(
  'the platform of Node',
  platformConformance(() => nodePlatform()),
);

describe('the platform of Node', () => {
  it('has the wall clock, and crypto that works', () => {
    const platform = nodePlatform();
    expect(platform.unixMs()).toBeGreaterThan(1_700_000_000_000);
    expect(platform.crypto.hash(new Uint8Array(0)).length).toBe(32);
  });

  it('forgets everything without a state directory, and keeps it with one', async () => {
    expect(nodePlatform().store).toBeInstanceOf(MemoryStore);
    const stateDirectory = scratchDirectory();
    const platform = nodePlatform({ stateDirectory });
    await platform.store.load();
    await platform.store.write('key', Uint8Array.of(1));
    await platform.close();
    const again = nodePlatform({ stateDirectory });
    expect(again.store).toBeInstanceOf(FileStore);
    expect((await again.store.load()).get('key')).toEqual(Uint8Array.of(1));
    await again.close();
  });

  it('takes another store', () => {
    const store = new MemoryStore();
    expect(nodePlatform({ store }).store).toBe(store);
  });
});
