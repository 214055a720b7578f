import { afterEach, describe, expect, it } from 'vitest';
import { FakeMesh, idOf, until } from './fake-mesh.js';
import { endAll, reading, startBridge, startBroker, startListener, url } from './test-broker.js';

afterEach(endAll);

describe('a broker that is away', () => {
  it('at the start gets everything when it comes', async () => {
    const { port, kill } = await startBroker();
    await kill();
    const { bridge, troubles } = await startBridge(new FakeMesh(), {
      broker: { kind: 'url', url: `mqtt://127.0.0.1:${port}` },
    });
    for (let value = 0; value < 50; value++) bridge.handleReading(reading(value));
    await until('the reason', () => bridge.report.reason !== undefined);
    expect(bridge.report).toMatchObject({
      state: expect.stringMatching(/offline|connecting/),
      reason: 'nobody listens there',
    });
    expect(troubles[0]).toMatch(
      /^no broker at mqtt:\/\/127\.0\.0\.1:\d+: nobody listens there; readings wait here/,
    );
    const broker = await startBroker({ port });
    const readings = () => broker.got.filter((each) => each.startsWith('fog/attic {'));
    await until('all readings', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    expect(readings().slice(0, 50)).toEqual(
      Array.from({ length: 50 }, (_, value) => `fog/attic {"load":${value}}`),
    );
  });

  it('in the middle loses nothing that we have taken, and hears what is retained again', async () => {
    const first = await startBroker();
    const mesh = new FakeMesh();
    const { bridge } = await startBridge(mesh, url(first));
    bridge.handlePeer(mesh.tell('attic'));
    await until('online', () => bridge.report.state === 'online');
    for (let value = 0; value < 30; value++) bridge.handleReading(reading(value));
    await until('some of them', () => first.got.some((each) => each.startsWith('fog/attic {')));
    await first.kill();
    for (let value = 30; value < 60; value++) bridge.handleReading(reading(value));
    const second = await startBroker({ port: first.port });
    await until('the rest', () => bridge.report.state === 'online' && bridge.report.queued === 0);
    const got = new Set([...first.got, ...second.got]);
    expect([...Array(60).keys()].filter((value) => !got.has(`fog/attic {"load":${value}}`))).toEqual([]);
    const late = await startListener(second.url);
    await until(
      'what is retained',
      () => late.heard.has('fog/attic/availability') && late.heard.has('fog/bridge/state'),
    );
    expect(late.heard.get('fog/attic')).toEqual(['{"load":59}']);
  });

  it('for long fills a bounded queue, which says what it drops', async () => {
    const { port, kill } = await startBroker();
    await kill();
    const config = {
      broker: { kind: 'url', url: `mqtt://127.0.0.1:${port}` },
      queueMessagesMax: 20,
    } as const;
    const { bridge, troubles } = await startBridge(new FakeMesh(), config);
    for (let value = 0; value < 100; value++) bridge.handleReading(reading(value));
    expect(bridge.report).toMatchObject({ queued: 20, dropped: 80 });
    expect(troubles.join()).toMatch(/the queue to the broker is full \(20\): \d+ of the oldest were dropped/);
  });

  it('because of one message loses that one, and says so', async () => {
    const broker = await startBroker({ hangsUpOn: 'fog/big' });
    const { bridge, troubles } = await startBridge(new FakeMesh(), url(broker));
    bridge.handleReading({ peer: { id: idOf('big'), name: 'big' }, topic: 'page', value: 'x'.repeat(900) });
    bridge.handleReading(reading(1));
    await until('the other reading', () => broker.got.includes('fog/attic {"load":1}'), 25_000);
    expect(troubles.join()).toMatch(
      /the broker hung up 5 times in a row: fog\/big \(\d+ bytes\) was dropped/,
    );
    expect(bridge.report.dropped).toBe(1);
  });
});
