import type { LinkId } from '@fogwisp/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Driver, type DriverNotice } from '../../src/index.js';
import { nodePlatform, tcpLink, tcpListener, udpLink } from '../../src/node/index.js';
import { until } from '../conform.js';
import { bytesOf } from '../sink.js';
import { ToyMachine, transmit } from '../toy.js';

const LOOPBACK = '127.0.0.1';

/** A driver on the real platform whose machine answers what does not begin with '>'. */
function startedDriver() {
  const machine = new ToyMachine();
  const notices: DriverNotice[] = [];
  machine.react = (input, outbox) => {
    if (input.kind !== 'packet') return;
    const text = Buffer.from(input.bytes).toString();
    if (!text.startsWith('>')) outbox.push(transmit(input.link, input.from, ...bytesOf(`> ${text}`)));
  };
  const driver = new Driver({
    platform: nodePlatform(),
    node: machine,
    onEvent: () => {},
    onFault: (fault) => {
      throw fault;
    },
    onNotice: (notice) => notices.push(notice),
  });
  driver.start();
  onTestFinished(() => driver.stop());
  const isUp = (link: LinkId) =>
    driver.counters.links.some((each) => each.id === link && each.info !== undefined);
  const heard = () =>
    machine.inputs.flatMap(({ input }) =>
      input.kind === 'packet' ? [Buffer.from(input.bytes).toString()] : [],
    );
  return { driver, machine, notices, isUp, heard };
}

describe('the driver on the platform of Node', () => {
  it('carries question and answer over real sockets, and wakes its node', async () => {
    const asker = startedDriver();
    const answerer = startedDriver();
    const udp = udpLink({ bind: LOOPBACK });
    answerer.driver.addLink(udp);
    const own = asker.driver.addLink(udpLink({ bind: LOOPBACK }));
    await until(() => asker.isUp(own) && udp.address !== undefined);
    asker.machine.react = (input, outbox) => {
      if (input.kind === 'timeout') outbox.push(transmit(own, udp.address ?? '', ...bytesOf('hello')));
    };
    asker.machine.timeoutAt = nodePlatform().now() + 5;
    asker.driver.submit({ kind: 'cancel', command: 1 }); // lets the driver look at the deadline
    await until(() => asker.heard().includes('> hello'));
    expect(answerer.driver.counters.links[0]?.counters).toMatchObject({ receivedPackets: 1, sentPackets: 1 });
  });

  it('takes links from a listener and drops them when they go', async () => {
    const host = startedDriver();
    const guest = startedDriver();
    const listener = tcpListener({ bind: LOOPBACK });
    host.driver.addSource(listener);
    await until(() => listener.address !== undefined);
    expect(host.notices).toContainEqual({ kind: 'sourceUp', address: listener.address });
    const port = Number(listener.address?.split(':').at(-1));
    const id = guest.driver.addLink(tcpLink({ host: LOOPBACK, port }));
    await until(() => guest.isUp(id) && host.driver.counters.links.length === 1);
    guest.driver.removeLink(id);
    await until(() => host.driver.counters.links.length === 0);
    expect(host.machine.kinds.filter((kind) => kind.startsWith('link'))).toEqual(['linkUp', 'linkDown']);
  });
});
