import { describe, expect, it } from 'vitest';
import { A, B, byId, frame, greeted, kinds } from './frames.js';
import { destination, entry, Lone } from './lone.js';

const SELF = Lone.stationId(0).subarray(0, 8);

/** `greeted` forwards to destination 5 by B. */
function refused(source: Uint8Array, to = 5) {
  return {
    kind: 'relayRefused',
    source,
    destination: destination(to),
    relay: destination(7),
    retryS: 1,
  } as const;
}

describe('a relay that forwards no more (§8.7)', () => {
  it('says so to the neighbor that the frame came from, eight times a second at most', () => {
    const lone = greeted({ relayBytesPerSecondMax: 60 });
    let told = 0;
    for (let counter = 0; counter < 100; counter++) {
      lone.input(frame(A, counter, byId(A, destination(5))));
      for (const output of lone.take()) {
        if (output.kind !== 'message' || output.message.kind !== 'relayRefused') continue;
        expect(output.neighbor).toBe(A);
        expect(output.message).toMatchObject({ destination: destination(5), relay: SELF, retryS: 1 });
        told++;
      }
    }
    expect(told).toBe(8);
  });

  it('is believed only by way of the next hop', () => {
    const lone = greeted();
    lone.from(A, refused(SELF));
    lone.from(B, refused(SELF, 6));
    expect(kinds(lone)).toEqual(['unexpected', 'unexpected']);
    lone.from(B, refused(SELF));
    expect(lone.take()).toMatchObject([{ kind: 'refused', retryMs: 1000 }]);
  });

  it('is told on to the next hop of the source, and never back', () => {
    const lone = greeted();
    lone.routes(A, entry(8, {}));
    lone.routes(B, entry(9, {}));
    lone.wait(100);
    lone.take();
    lone.from(B, refused(destination(8)));
    expect(lone.take()).toMatchObject([{ kind: 'message', neighbor: A, message: { kind: 'relayRefused' } }]);
    lone.from(B, refused(destination(9)));
    expect(kinds(lone)).toEqual(['unexpected']);
  });
});
