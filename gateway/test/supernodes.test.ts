import { afterEach, describe, expect, it } from 'vitest';
import { LivingGateway } from '../demo/living-gateway.js';
import { Supernodes } from '../demo/supernodes.js';
import type { RoleReport } from '../src/mesh.js';
import type { RoleView } from '../src/roles.js';
import { FakeMesh, idOf, until } from './fake-mesh.js';
import { endAll, startBridge, startBroker, url } from './test-broker.js';

afterEach(endAll);

function view(name: string, facts: Partial<RoleView>): RoleView {
  const nothing = { sinceMs: 0, score: 9, parts: {}, termEndsMs: undefined, serves: [], supernodes: [] };
  return { id: idOf(name), name, state: 'leaf', wanted: 1, ...nothing, ...facts };
}

function report(facts: Partial<RoleReport>): RoleReport {
  const parts = { energy: 100, availability: 50, memory: 80, bandwidth: 60, reachability: 50 };
  const nothing = { debt: 0, termEndsAt: undefined, serves: [], isNeedy: false, supernodes: [] };
  return { state: 'leaf', since: 0, score: 9, parts, wanted: 1, ...nothing, ...facts };
}

/** What was published there. */
function jsonOf(got: readonly string[], topic: string): unknown[] {
  const payloads = got.filter((each) => each.startsWith(`${topic} `));
  return payloads.map((each) => JSON.parse(each.substring(topic.length + 1)));
}

describe('a killed supernode, on the screen of the demo', () => {
  const supernodes = () => new Supernodes(new LivingGateway(() => undefined));

  it('is replaced when everybody who answers has another one', () => {
    const seen = supernodes();
    const porch = view('porch', { state: 'super', serves: ['attic'], termEndsMs: 600_000 });
    seen.onViews(0, [porch, view('attic', { supernodes: ['porch'] })]);
    expect(seen.lines).toEqual([{ name: 'porch', count: 1, text: 'serves 1, score 9, 10 m to go' }]);
    expect(seen.lossAt(0)).toBe('');
    seen.onKilled(1000, 'porch');
    expect(seen.lossAt(1500)).toBe('supernode porch killed: it served 1, others are elected ... 0.5 s');
    seen.onViews(900, [view('attic', { supernodes: ['hearth'] })]); // asked before
    seen.onViews(2000, [view('attic', { supernodes: ['porch'] })]); // has not noticed
    seen.onViews(3000, [view('attic', {}), view('porch', { state: undefined })]);
    expect(seen.lossAt(3000)).toMatch(/2.0 s$/);
    const hearth = view('hearth', { state: 'super', serves: ['attic'] });
    seen.onViews(8000, [hearth, view('attic', { supernodes: ['hearth'] })]);
    expect(seen.lossAt(99_000)).toBe(
      'supernode porch killed: it served 1; all have what they need again after 7.0 s',
    );
  });

  it('was none when it served nobody', () => {
    const seen = supernodes();
    seen.onViews(0, [view('porch', {})]);
    seen.onKilled(1000, 'porch');
    expect(seen.lossAt(2000)).toBe('');
  });
});

describe('supernodes on the broker', () => {
  it('are retained, and told as events when they change', async () => {
    const broker = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(broker));
    const porch = { id: idOf('porch'), name: 'porch' };
    mesh.role = report({ supernodes: [{ peer: porch, since: 0, until: 90_000, bytesPerMinute: 60_000 }] });
    bridge.handleRole();
    const isTold = (what: string) => () => broker.got.some((each) => each.includes(what));
    await until('its coming', isTold('supernode_up'));
    mesh.role = report({ state: 'super', termEndsAt: 61_000, serves: [porch], wanted: 0 });
    bridge.handleRole();
    await until('its going', isTold('"supernode_up","peer":"hearth"'));
    expect(jsonOf(broker.got, 'fog/bridge/event')).toEqual([
      { type: 'supernode_up', peer: 'porch' },
      { type: 'supernode_down', peer: 'porch' },
      { type: 'supernode_up', peer: 'hearth' },
    ]);
    expect(jsonOf(broker.got, 'fog/bridge/supernodes').at(-1)).toMatchObject({
      from: 'hearth',
      state: 'super',
      supernodes: [{ name: 'hearth', serves: ['porch'], score: 9, termEnds: expect.any(Number) }],
    });
  });
});
