import { describe, expect, it } from 'vitest';
import { ACCEPTING, RELIANT, RESTED, ROOMY, Standing, THROUGH } from '../../src/election/flags.js';
import { Lone, type LoneOptions } from './lone.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const OPEN = Standing.serving | ACCEPTING | ROOMY | THROUGH;

/** A leaf with neighbours 1, 2 and 3 that said something. */
function leaf(options: LoneOptions = {}): Lone {
  const lone = new Lone(options);
  lone.up(1, 2, 3);
  for (const neighbor of [1, 2, 3]) lone.advert(neighbor);
  lone.msUntil('leaf', 11 * SECOND_MS);
  return lone;
}

/** One that serves nobody itself and knows somebody out of reach. */
function needing(): Lone {
  const lone = leaf({ willingness: 0 });
  lone.input({ kind: 'beyond', isBeyond: true });
  return lone;
}

function grant(lone: Lone, peer: string): void {
  const message = { kind: 'reserved', lifetimeS: 600, bytesPerMinute: 60_000 } as const;
  lone.input({ kind: 'message', from: peer, message });
}

/** The flags of each asking since the outputs were emptied. */
function askedOf(lone: Lone, peer: string): readonly number[] {
  return lone.outputs.flatMap((o) =>
    o.kind === 'send' && o.to === peer && o.message.kind === 'reserve' ? [o.message.flags] : [],
  );
}

function holders(lone: Lone): readonly string[] {
  return lone.role?.supernodes.map(({ peer }) => peer) ?? [];
}

/** Supernodes that a neighbor lists, by one byte each. */
function listed(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes.flatMap((byte) => [byte, 0, 0, 0, 0, 0, 0, byte, OPEN & 15]));
}

function peerOf(byte: number): string {
  const digits = byte.toString(16).padStart(2, '0');
  return `${digits}000000000000${digits}`;
}

describe('two supernodes by two first hops (§8.5)', () => {
  it('are chosen where there are many by one of them', () => {
    for (let run = 0; run < 12; run++) {
      const lone = needing();
      const many = [1, 2, 3, 4].map((i) => 0x10 + 8 * run + i);
      const other = 0x10 + 8 * run;
      lone.advert(1, { supers: listed(...many) });
      for (const byte of many) grant(lone, peerOf(byte));
      const held = holders(lone);
      lone.advert(2, { supers: listed(other) });
      lone.run(3 * SECOND_MS);
      grant(lone, peerOf(other));
      lone.run(3 * SECOND_MS);
      expect(held).toHaveLength(2);
      expect(holders(lone)).toHaveLength(2);
      expect(holders(lone)).toContain(peerOf(other));
    }
  });

  it.each([
    [1, 2, 4],
    [2, 1, 4],
    [1, 3, 3],
    [3, 1, 3],
    [2, 3, 2],
    [3, 2, 2],
  ])('are chosen where all are in sight: one by %i is held, so one by %i is asked', (here, there, count) => {
    const lone = needing();
    const [held, ...many] = Array.from({ length: count }, (_, i) => 0xa0 + i) as [number, ...number[]];
    lone.advert(here, { supers: listed(held) });
    grant(lone, peerOf(held));
    lone.advert(here, { supers: listed(held, ...many) });
    lone.advert(there, { supers: listed(0xb0) });
    // All others are asked now, one after the other, and again at the same time.
    const message = { kind: 'busy', retryS: 30 } as const;
    for (const byte of [...many, 0xb0]) lone.input({ kind: 'message', from: peerOf(byte), message });
    lone.outputs.length = 0;
    for (let s = 0; s < 30; s++) {
      grant(lone, peerOf(held));
      lone.run(SECOND_MS);
    }
    const asked = [...many, 0xb0].filter((byte) => askedOf(lone, peerOf(byte)).length > 0);
    expect(asked).toEqual([0xb0]);
  });
});

describe('a crowd of supernodes of which none takes anybody (§8.8)', () => {
  const CROWD = Array.from({ length: 24 }, (_, i) => 0x10 + i);
  const MEMORY = 16;
  /** Far more than are there. */
  const ENDLESS = 1000;

  function facing() {
    const lone = needing();
    lone.up(4, 5, 6);
    for (const neighbor of [1, 2, 3, 4, 5, 6]) {
      lone.advert(neighbor, { supers: listed(...CROWD.slice(4 * (neighbor - 1), 4 * neighbor)) });
    }
    return lone;
  }

  it('is asked three times each, a second apart, while nobody knows a key of theirs', () => {
    const lone = facing();
    const asked = new Map<string, number>();
    for (let s = 0; s < 60; s++) {
      for (const output of lone.outputs.splice(0)) {
        if (output.kind !== 'send' || output.message.kind !== 'reserve') continue;
        asked.set(output.to, (asked.get(output.to) ?? 0) + 1);
        lone.input({ kind: 'unknownPeer', peer: output.to });
      }
      lone.run(SECOND_MS);
    }
    expect(asked.size).toBeGreaterThanOrEqual(MEMORY);
    for (const count of asked.values()) expect(count).toBeLessThanOrEqual(2 * 3);
  });

  it('is not asked round and round because all are full', () => {
    const lone = facing();
    const message = { kind: 'busy', retryS: 30 } as const;
    let askedCount = 0;
    for (let i = 0; i < lone.outputs.length && askedCount < ENDLESS; i++) {
      const output = lone.outputs[i];
      if (output?.kind !== 'send' || output.message.kind !== 'reserve') continue;
      askedCount++;
      lone.input({ kind: 'message', from: output.to, message });
    }
    expect(askedCount).toBeGreaterThanOrEqual(MEMORY);
    expect(askedCount).toBeLessThanOrEqual(CROWD.length);
    // Later the others have their turn as well.
    lone.outputs.length = 0;
    lone.run(31 * SECOND_MS);
    expect(CROWD.filter((byte) => askedOf(lone, peerOf(byte)).length > 0)).not.toEqual([]);
  });
});

describe('a reservation of whoever relies on it (§8.8)', () => {
  it('says so while no other in sight could do as well, and takes it back 5 s later', () => {
    const lone = needing();
    for (const neighbor of [1, 2]) {
      lone.advert(neighbor, { flags: OPEN });
      grant(lone, lone.short(neighbor));
    }
    lone.run(3 * SECOND_MS);
    for (const neighbor of [1, 2]) expect(askedOf(lone, lone.short(neighbor)).at(-1)).toBe(RELIANT);
    lone.outputs.length = 0;
    lone.advert(3, { flags: OPEN });
    lone.run(1900);
    expect(askedOf(lone, lone.short(1))).toEqual([]);
    lone.run(200);
    for (const neighbor of [1, 2]) {
      expect(askedOf(lone, lone.short(neighbor))).toEqual([0]);
      grant(lone, lone.short(neighbor));
    }
    lone.outputs.length = 0;
    lone.advert(3, { flags: OPEN & ~ACCEPTING });
    expect(askedOf(lone, lone.short(1))).toEqual([RELIANT]);
  });

  it('is not asked for again for 30 s where nobody answers', () => {
    const lone = needing();
    lone.advert(1, { flags: OPEN });
    lone.run(3 * SECOND_MS);
    expect(askedOf(lone, lone.short(1))).toHaveLength(3);
    lone.outputs.length = 0;
    lone.run(29 * SECOND_MS);
    expect(askedOf(lone, lone.short(1))).toHaveLength(0);
    lone.run(2 * SECOND_MS);
    expect(askedOf(lone, lone.short(1)).length).toBeGreaterThan(0);
  });
});

describe('turns (§8.7)', () => {
  /** When a node that owes six terms serves, among neighbors that owe so much. */
  function turnAmong(debt: number): number {
    const lone = new Lone({ stored: Uint8Array.from([128, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 4]) });
    lone.up(1, 2, 3);
    for (const neighbor of [1, 2, 3]) lone.advert(neighbor, { debt });
    lone.msUntil('leaf', 11 * SECOND_MS);
    lone.needy(1);
    return lone.msUntil('super', MINUTE_MS) ?? 0;
  }

  it('come first to those who owe least, whatever chance says', () => {
    const [owing, owed] = [turnAmong(0), turnAmong(255)];
    expect(owed).toBeGreaterThanOrEqual(2 * SECOND_MS);
    expect(owed).toBeLessThanOrEqual(4 * SECOND_MS + 50);
    expect(owing).toBeGreaterThanOrEqual(owed + 11 * SECOND_MS);
  });

  it('wait for 2 s when a supernode has come in sight just before', () => {
    const begun = (): Lone => {
      const lone = leaf();
      for (const neighbor of [1, 2, 3]) lone.advert(neighbor, { flags: THROUGH | RESTED });
      lone.needy(1);
      return lone;
    };
    const due = begun().msUntil('super', MINUTE_MS) ?? 0;
    const lone = begun();
    lone.run(due - 100);
    lone.advert(2, { flags: OPEN });
    lone.run(1900);
    expect(lone.role?.state).toBe('candidate');
    lone.run(200);
    expect(lone.role?.state).toBe('super');
  });
});

describe('one that is listed as a supernode and serves nobody (§8.8)', () => {
  it('is asked again after a second, then less and less often', () => {
    const lone = needing();
    lone.advert(1, { supers: listed(0x10) });
    let count = 0;
    for (let ms = 0; ms < MINUTE_MS; ms += 10) {
      const asked = askedOf(lone, peerOf(0x10)).length;
      count += asked;
      lone.outputs.length = 0;
      if (asked > 0) lone.input({ kind: 'message', from: peerOf(0x10), message: { kind: 'release' } });
      lone.run(10);
    }
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(10);
  });
});
