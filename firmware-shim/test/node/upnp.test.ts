import { afterEach, describe, expect, it } from 'vitest';
import { isNearby, parseIpv4 } from '../../src/node/port-mapping/ip.js';
import { PortMapping, type PortMappingReport } from '../../src/node/port-mapping/port-mapping.js';
import { decodeAnswer } from '../../src/node/port-mapping/ssdp.js';
import { Upnp, type UpnpAnswer } from '../../src/node/port-mapping/upnp.js';
import { parseXml } from '../../src/node/port-mapping/xml.js';
import { nodeRandom } from '../../src/node/random.js';
import { freePort } from './free-port.js';
import { type Asked, type Describe, envelope, Igd, type Reply } from './igd.js';

const HERE = '127.0.0.1';
const PORT = 4747;
const LIFE_S = 7200;
const WANTED = { port: PORT, externalPort: PORT, lifetimeS: LIFE_S };
const SERVICE = 'urn:schemas-upnp-org:service:';
const NONE = 'what it says of itself makes no sense';
const STRANGE = 'what it answers makes no sense';
const NO_ADDRESS = 'its own address makes no sense';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

async function startIgd(options: Parameters<typeof Igd.start>[0] = {}): Promise<Igd> {
  const igd = await Igd.start(options);
  ends.push(igd.close);
  return igd;
}

function client({ ssdpPort }: { readonly ssdpPort: number }, router = HERE): Upnp {
  return new Upnp(nodeRandom, { own: HERE, router, port: ssdpPort });
}

/** It answers this action so, and all others as it should. */
function replying(to: string, ...replies: readonly Reply[]): (asked: Asked) => Reply | undefined {
  let count = 0;
  return ({ action }) => (action === to ? replies[count++] : undefined);
}

const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 600 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(holds()).toBe(true);
};

describe('a port of a gateway, asked for by UPnP', () => {
  it('is asked for as WANIPConnection:1 §2.4 has it, renewed, and given back', async () => {
    const igd = await startIgd();
    const upnp = client(igd);
    const answer: UpnpAnswer = { kind: 'granted', external: '203.0.113.5', externalPort: PORT };
    expect(await upnp.ask(WANTED)).toEqual(answer);
    expect(igd.gets).toEqual(['/root.xml']);
    expect(igd.asked[1]).toEqual({
      action: 'AddPortMapping',
      type: `${SERVICE}WANIPConnection:1`,
      words: {
        ...{ NewRemoteHost: '', NewExternalPort: '4747', NewProtocol: 'UDP', NewInternalPort: '4747' },
        ...{ NewInternalClient: HERE, NewEnabled: '1' },
        ...{ NewPortMappingDescription: 'fogwisp', NewLeaseDuration: '7200' },
      },
    });
    expect(await upnp.ask(WANTED)).toEqual(answer);
    upnp.close();
    await until(() => igd.asked.length === 5);
    expect(igd.asked[4]).toEqual({
      action: 'DeletePortMapping',
      type: `${SERVICE}WANIPConnection:1`,
      words: { NewRemoteHost: '', NewExternalPort: '4747', NewProtocol: 'UDP' },
    });
  });

  it.each(['WANPPPConnection:1', 'WANIPConnection:2'])('is had of %s', async (type) => {
    const igd = await startIgd({ types: ['WANDSLLinkConfig:1', type] });
    expect(await client(igd).ask(WANTED)).toMatchObject({ kind: 'granted', externalPort: PORT });
    expect(igd.asked.every((asked) => asked.type === SERVICE + type)).toBe(true);
  });

  it('is any that is free of a gateway of the second version, and afterwards that one', async () => {
    const reply = replying('AddAnyPortMapping', { NewReservedPort: 40_123 });
    const igd = await startIgd({ types: ['WANIPConnection:2'], reply });
    const upnp = client(igd);
    expect(await upnp.ask(WANTED)).toMatchObject({ kind: 'granted', externalPort: 40_123 });
    await upnp.ask({ ...WANTED, externalPort: 40_123 });
    expect(igd.asked.at(-1)).toMatchObject({ action: 'AddPortMapping', words: { NewExternalPort: '40123' } });
  });

  it('is asked for by number of one that says it has no such action', async () => {
    const igd = await startIgd({ types: ['WANIPConnection:2'], reply: replying('AddAnyPortMapping', 401) });
    expect(await client(igd).ask(WANTED)).toMatchObject({ kind: 'granted', externalPort: PORT });
  });

  it('is had of the connection that is up, where there are two', async () => {
    const reply = replying('GetExternalIPAddress', { NewExternalIPAddress: '0.0.0.0' });
    const igd = await startIgd({ types: ['WANPPPConnection:1', 'WANIPConnection:1'], reply });
    expect(await client(igd).ask(WANTED)).toMatchObject({ kind: 'granted' });
    expect(igd.asked.at(-1)?.type).toBe(`${SERVICE}WANIPConnection:1`);
  });

  it('is had for ever where there is nothing else (725), and given back', async () => {
    const igd = await startIgd({ reply: replying('AddPortMapping', 725) });
    const upnp = client(igd);
    expect(await upnp.ask(WANTED)).toMatchObject({ kind: 'granted' });
    expect(igd.asked.slice(1).map(({ words }) => words['NewLeaseDuration'])).toEqual(['7200', '0']);
    upnp.close();
    await until(() => igd.actions().at(-1) === 'DeletePortMapping');
  });

  it.each([718, 727, 729])('is another one where somebody else has that (%i)', async (code) => {
    const igd = await startIgd({ reply: replying('AddPortMapping', code, code) });
    const answer = await client(igd).ask(WANTED);
    const ports = igd.asked.slice(1).map(({ words }) => Number(words['NewExternalPort']));
    expect(new Set(ports).size).toBe(3);
    expect(answer).toMatchObject({ kind: 'granted', externalPort: ports[2] });
    for (const { words } of igd.asked.slice(1)) expect(words['NewInternalPort']).toBe('4747');
  });

  it('is asked for six times at most, and what others have by now is not taken from them', async () => {
    const conflicts = Array.from({ length: 99 }, () => 718);
    const igd = await startIgd({ reply: replying('AddPortMapping', {}, ...conflicts) });
    const upnp = client(igd);
    await upnp.ask(WANTED);
    const reason = 'it has given that port to somebody else';
    expect(await upnp.ask(WANTED)).toEqual({ kind: 'refused', reason });
    expect(igd.asked).toHaveLength(2 + 7);
    upnp.close();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(igd.actions()).not.toContain('DeletePortMapping');
  });

  it('is given back when it comes after the end', async () => {
    const ending: { close?: () => void } = {};
    const reply = ({ action }: Asked): undefined => {
      if (action === 'AddPortMapping') ending.close?.();
    };
    const igd = await startIgd({ reply });
    const upnp = client(igd);
    ending.close = () => upnp.close();
    await upnp.ask(WANTED);
    expect(igd.actions().at(-1)).toBe('DeletePortMapping');
  });
});

describe('a gateway that is of no help', () => {
  it('says nothing: it is waited for, and not for long', async () => {
    const beginning = performance.now();
    expect(await client({ ssdpPort: await freePort() }).ask(WANTED)).toEqual({ kind: 'absent' });
    expect(performance.now() - beginning).toBeGreaterThan(2000);
  });

  it.each([
    [606, 'it does not allow that'],
    [501, 'its answer is the error 501'],
  ])('refuses: %i', async (code, reason) => {
    const igd = await startIgd({ reply: replying('AddPortMapping', code) });
    expect(await client(igd).ask(WANTED)).toEqual({ kind: 'refused', reason });
    expect(igd.asked).toHaveLength(2);
  });

  it.each(['0.0.0.0', '127.0.0.1', '239.1.1.1', '256.1.1.1', '1.2.3', '01.2.3.4', '::1', '', 'a.example'])(
    'has an address that makes no sense: %s',
    async (address) => {
      const reply = replying('GetExternalIPAddress', { NewExternalIPAddress: address });
      const igd = await startIgd({ reply });
      expect(await client(igd).ask(WANTED)).toEqual({ kind: 'refused', reason: NO_ADDRESS });
      expect(igd.asked).toHaveLength(1);
    },
  );

  it.each(['0', '65536', '1.5', '-1', 'x', ''])('gives a port that makes no sense: %s', async (port) => {
    const reply = replying('AddAnyPortMapping', { NewReservedPort: port });
    const igd = await startIgd({ types: ['WANIPConnection:2'], reply });
    const reason = 'the port that it gives makes no sense';
    expect(await client(igd).ask(WANTED)).toEqual({ kind: 'refused', reason });
  });

  it.each([
    ['no XML', 'yes'],
    ['half of it', envelope('<u:AddPortMappingResponse>').slice(0, 80)],
    ['the answer to something else', envelope('<u:OtherResponse></u:OtherResponse>')],
    ['too much', envelope(`<u:AddPortMappingResponse>${' '.repeat(70_000)}</u:AddPortMappingResponse>`)],
  ])('answers with %s', async (_, reply) => {
    const igd = await startIgd({ reply: replying('AddPortMapping', reply) });
    expect(await client(igd).ask(WANTED)).toEqual({ kind: 'refused', reason: STRANGE });
  });
});

describe('who describes itself', () => {
  it.each<[string, (port: number) => string]>([
    ['another host', (port) => `http://127.0.0.2:${port}/root.xml`],
    ['a name', (port) => `http://localhost:${port}/root.xml`],
    ['with a password', (port) => `http://a:b@127.0.0.1:${port}/root.xml`],
    ['a file', () => 'file:///etc/passwd'],
    ['with TLS', (port) => `https://127.0.0.1:${port}/`],
    ['nothing', () => ''],
  ])('is not followed to elsewhere: %s', async (_, location) => {
    const igd = await startIgd({ location });
    expect(await client(igd).ask(WANTED)).toEqual({ kind: 'absent' });
    expect([igd.gets, igd.asked]).toEqual([[], []]);
  });

  it('is not asked elsewhere either', async () => {
    const igd = await startIgd({ control: '//127.0.0.2/control' });
    expect(await client(igd).ask(WANTED)).toEqual({ kind: 'refused', reason: NONE });
    expect(igd.asked).toEqual([]);
  });

  it.each<[string, Describe]>([
    ['sends elsewhere', (answer) => answer.writeHead(302, { Location: '/other.xml' }).end()],
    ['is not there', (answer, body) => answer.writeHead(404).end(body)],
    ['never ends', (answer, body) => void answer.write(body.slice(0, 100))],
    ['is too long', (answer, body) => void answer.end(body + ' '.repeat(70_000))],
    ['breaks off', (answer, body) => void answer.write(body.slice(0, 100), () => answer.destroy())],
    ['declares entities', (answer, body) => void answer.end(`<!DOCTYPE a [<!ENTITY b "c">]>${body}`)],
    ['has no service of that kind', (answer, body) => void answer.end(body.replace('WANIP', 'LANIP'))],
  ])('is not believed when the description %s', async (_, describe) => {
    const igd = await startIgd({ describe });
    const beginning = performance.now();
    expect(await client(igd).ask(WANTED)).toEqual({ kind: 'refused', reason: NONE });
    expect(igd.gets).toHaveLength(1);
    expect(performance.now() - beginning).toBeLessThan(15_000);
  });

  it('is heard beside the router when that says nothing', async () => {
    const igd = await startIgd();
    const beginning = performance.now();
    expect(await client(igd, '127.0.0.77').ask(WANTED)).toMatchObject({ kind: 'granted' });
    expect(igd.searchCount).toBe(4);
    expect(performance.now() - beginning).toBeGreaterThan(2000);
  });

  it('is on a network of one’s own', () => {
    const device = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1';
    const answer = (host: string) =>
      new TextEncoder().encode(`HTTP/1.1 200 OK\r\nST: ${device}\r\nLocation: http://${host}/\r\n\r\n`);
    for (const host of ['10.0.0.1', '172.16.0.1', '172.31.9.9', '192.168.1.1', '169.254.1.1']) {
      expect(decodeAnswer(answer(host), host)?.hostname).toBe(host);
    }
    for (const host of ['203.0.113.1', '172.32.0.1', '11.0.0.1', '192.169.1.1']) {
      expect(decodeAnswer(answer(host), host)).toBeUndefined();
      expect(isNearby(host)).toBe(false);
    }
    expect(decodeAnswer(answer('10.0.0.1'), '10.0.0.2')).toBeUndefined();
    const long = new Uint8Array([...answer('10.0.0.1'), ...new Uint8Array(2048)]);
    expect(decodeAnswer(long, '10.0.0.1')).toBeUndefined();
  });

  it('is not harmed by, nor harms with, bytes of any kind', () => {
    for (let i = 0; i < 2000; i++) {
      const bytes = crypto.getRandomValues(new Uint8Array(i % 200));
      expect(decodeAnswer(bytes, '10.0.0.1')).toBeUndefined();
    }
    expect(parseIpv4('203.0.113.5')).toBe('203.0.113.5');
  });
});

describe('XML as routers write it', () => {
  it('is a tree of elements and text', () => {
    const tree = parseXml(`<?xml version="1.0"?><a:b x="<" y='1'/>`.replace('<"', '1"'));
    expect(tree).toEqual({ name: 'b', children: [], text: '' });
    expect(parseXml('<a> &lt;&amp;&constructor; <b>1</b></a>\n')).toMatchObject({
      text: ' <&&constructor; ',
      children: [{ name: 'b', text: '1' }],
    });
  });

  it.each([
    '',
    'a',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a/>b',
    '<a',
    '<a b></a>',
    '<a><![CDATA[b]]></a>',
    '<!DOCTYPE a><a/>',
    '<a'.repeat(9),
    '<a>'.repeat(17) + '</a>'.repeat(17),
    `<a>${'<b/>'.repeat(2001)}</a>`,
  ])('is nothing when it is not: %s', (text) => {
    expect(parseXml(text)).toBeUndefined();
  });

  it.each([' ', '<', '<a ', '<a b="c" ', '<a b=" ', '<!--', '<?a', '<aa:', '&amp;', '<a b'])(
    'takes no long time, however it is repeated: %s',
    (part) => {
      const beginning = performance.now();
      for (const text of [
        part.repeat(65_536 / part.length),
        `<a${part.repeat(65_536 / part.length)}`,
        `<a${' '.repeat(60_000)}${part}`,
      ])
        parseXml(text);
      expect(performance.now() - beginning).toBeLessThan(1000);
    },
  );
});

describe('a node behind a router that speaks UPnP alone', () => {
  it('has a port, and tells it', async () => {
    const igd = await startIgd();
    const mapped: (readonly string[])[] = [];
    const reports: PortMappingReport[] = [];
    const mapping = new PortMapping({
      ...{ random: nodeRandom, port: PORT, servicePort: await freePort(), ssdpPort: igd.ssdpPort },
      find: () => ({ router: HERE, own: HERE }),
      onMapped: (addresses) => mapped.push(addresses),
      onReport: (report) => reports.push(report),
    });
    await until(() => mapped.length > 0);
    expect(mapped).toEqual([['203.0.113.5:4747']]);
    expect(reports.at(-1)).toMatchObject({ state: 'mapped', method: 'upnp', router: HERE });
    mapping.close();
    await until(() => igd.actions().at(-1) === 'DeletePortMapping');
  });
});
