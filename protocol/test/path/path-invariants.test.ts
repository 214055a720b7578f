import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameVia, type Via } from '../../src/kernel/link.js';
import { lan, ROUTE, relayed, SESSION, serial, World } from './harness.js';

const anyVia: fc.Arbitrary<Via> = fc.constantFrom<Via>(
  serial,
  relayed,
  ...['a', 'b', 'c', 'd', 'e'].map(lan),
);
const anyDirect = fc.constantFrom(serial, ...['a', 'b', 'c', 'd', 'e'].map(lan));

/** One thing that happens to a session, written so that a failing run can be read. */
type Step =
  | { readonly kind: 'heard'; readonly via: Via; readonly newest: boolean; readonly probing: boolean }
  | { readonly kind: 'send' | 'suspect' | 'route' | 'noRoute' | 'flapLan' }
  | { readonly kind: 'candidate'; readonly via: typeof serial }
  | { readonly kind: 'pong'; readonly via: Via; readonly roundTripMs: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'answering'; readonly vias: readonly Via[] };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('heard' as const),
    via: anyVia,
    newest: fc.boolean(),
    probing: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('send', 'suspect', 'route', 'noRoute', 'flapLan') }),
  fc.record({ kind: fc.constant('candidate' as const), via: anyDirect }),
  fc.record({ kind: fc.constant('pong' as const), via: anyVia, roundTripMs: fc.nat(500) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.nat(50), fc.nat(9000)) }),
  fc.record({ kind: fc.constant('answering' as const), vias: fc.array(anyVia, { maxLength: 7 }) }),
);

function take(world: World, step: Step): void {
  switch (step.kind) {
    case 'heard':
      world.heard(step.via, 40, step);
      break;
    case 'send': {
      const { chosen } = world;
      if (chosen?.via === undefined || (chosen.allowance ?? 21) < 21) break;
      world.input({ kind: 'sent', session: SESSION, via: chosen.via, bytes: 21 });
      break;
    }
    case 'suspect':
      world.suspect();
      break;
    case 'route':
      world.route({});
      break;
    case 'noRoute':
      world.route(undefined);
      break;
    case 'flapLan':
      world.flapLan();
      break;
    case 'candidate':
      world.candidate(step.via);
      break;
    case 'pong':
      world.input({ kind: 'pong', session: SESSION, via: step.via, roundTripMs: step.roundTripMs });
      break;
    case 'pass':
      world.pass(step.ms);
      break;
    case 'answering':
      world.answering = [...step.vias];
      break;
  }
}

describe('whatever happens to a session (§7.8)', () => {
  it('its path stays honest and its timers stay in the future', () => {
    const start = fc.record({
      via: anyVia,
      hasRoute: fc.boolean(),
      steps: fc.array(anyStep, { maxLength: 60 }),
    });
    fc.assert(
      fc.property(start, ({ via, hasRoute, steps }) => {
        const world = new World().open(via, hasRoute ? ROUTE : undefined);
        for (const step of steps) {
          take(world, step);
          if (world.isDead) return;
          expect(world.table.pollTimeout() ?? world.now + 1).toBeGreaterThan(world.now - 1);
          const { chosen, report } = world;
          if (report?.kind === 'direct') expect(chosen?.via?.kind).toBe('direct');
          if (report?.kind === 'relayed') expect(report.reason).toBeDefined();
          if (chosen?.via === undefined) expect(['unknown', 'none']).toContain(report?.kind);
          expect(chosen?.allowance ?? 1).toBeGreaterThan(0);
          if (!world.isLanUp) expect(chosen?.link?.kind).not.toBe('lan');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('settles on an address that answers, and on no path when nothing does', () => {
    const history = fc.record({ via: anyVia, steps: fc.array(anyStep, { maxLength: 40 }) });
    fc.assert(
      fc.property(history, ({ via, steps }) => {
        const world = new World().open(via);
        for (const step of steps) take(world, step);
        if (world.isDead) return;
        if (!world.isLanUp) world.flapLan();
        world.route(undefined);
        world.answering = [serial];
        world.candidate(serial);
        world.pass(20_000);
        world.suspect();
        world.pass(20_000);
        world.heard(serial);
        world.pass(2000);
        expect(world.report?.kind).toBe('direct');
        expect(world.chosen?.via !== undefined && sameVia(world.chosen.via, serial)).toBe(true);
        world.answering = [];
        world.pass(20_000);
        world.suspect();
        world.pass(40_000);
        expect(world.isDead).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
