import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNetwork } from '@fogwisp/device-sdk';
import { describe, expect, it } from 'vitest';
import type { Ground } from '../../demo/nat/ground.js';
import { asChecks } from '../../src/cli/answers.js';
import type { CheckLine } from '../../src/netcheck/line.js';
import type { LabPeer } from '../../tools/natlab/lab-peer.js';
import { missingForLab } from '../../tools/natlab/needs.js';

const DIST = new URL('../../dist/', import.meta.url);
const PORT = 4747;
const WAIT_MS_MAX = 30_000;
const RELAYED_MS = 8000;

/** The server takes documentation's addresses for private ones: nothing gets out of these namespaces. */
const OUTSIDE = '44.1.1.11';

const hasServer = spawnSync('miniupnpd', ['--version'], { stdio: 'ignore' }).error === undefined;
const missing = missingForLab() ?? (hasServer ? undefined : 'apt-get install miniupnpd-nftables');
const isSkipped = missing !== undefined && process.env['CI'] !== 'true';
const because = isSkipped ? ` (skipped: ${missing})` : '';

async function built<T>(name: string): Promise<T> {
  return (await import(new URL(name, DIST).href)) as T; // of the same sources
}

/** A random port for each destination, nobody gets in unasked, and a table that miniupnpd writes into. */
const RULES = `
table ip lab {
  chain after { type nat hook postrouting priority 100; oifname "wan" masquerade fully-random; }
  chain through { type filter hook forward priority 0; policy accept;
    ct state established,related accept
    ct status dnat accept
    iifname "wan" drop
  }
}
table inet miniupnpd {
  chain upnp_forward { }
  chain upnp_pre { }
  chain upnp_post { }
  chain pre { type nat hook prerouting priority -100; jump upnp_pre; }
  chain post { type nat hook postrouting priority 90; jump upnp_post; }
}
`;

interface Speech {
  readonly name: string;
  /** What the server speaks. */
  readonly options: string;
}

const SPEECHES: readonly Speech[] = [
  { name: 'PCP', options: 'enable_natpmp=yes\nenable_upnp=no' },
  { name: 'UPnP', options: 'enable_natpmp=no\nenable_upnp=yes' },
];

const SERVER = `
ext_ifname=wan
listening_ip=lan
ipv6_disable=yes
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000001
upnp_table_name=miniupnpd
upnp_nat_table_name=miniupnpd
upnp_forward_chain=upnp_forward
upnp_nat_chain=upnp_pre
upnp_nat_postrouting_chain=upnp_post
allow 1024-65535 192.168.0.0/16 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`;

/** Two peers behind symmetric NATs, of which that of `a` serves ports to who asks. */
async function lay(ground: Ground, folder: string, { options }: Speech): Promise<ChildProcess> {
  const { namespaces } = ground;
  await ground.lay('symmetric', 'symmetric');
  await namespaces.configure('router-a', [
    'addr del 203.0.113.11/24 dev wan',
    `addr add ${OUTSIDE}/24 dev wan`,
    'route add 203.0.113.0/24 dev wan',
  ]);
  await namespaces.configure('relay', ['route add 44.1.1.0/24 dev wan']);
  await namespaces.configure('router-b', ['route add 44.1.1.0/24 dev wan']);
  await namespaces.setRules('router-a', RULES);
  const config = join(folder, 'miniupnpd.conf');
  writeFileSync(config, `${options}${SERVER}`);
  const words = ['-d', '-f', config, '-P', join(folder, 'pid')];
  return namespaces.spawn('router-a', 'miniupnpd', words, { stdio: 'ignore' });
}

async function hasMapping({ namespaces }: Ground): Promise<boolean> {
  const words = ['list', 'chain', 'inet', 'miniupnpd', 'upnp_pre'];
  const nft = namespaces.spawn('router-a', 'nft', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const rules: string[] = [];
  nft.stdout?.on('data', (chunk: Buffer) => rules.push(chunk.toString()));
  await once(nft, 'close');
  return rules.join('').includes('dnat');
}

async function checkOf(peer: LabPeer, check: string): Promise<CheckLine | undefined> {
  const lines = asChecks(await peer.ask({ verb: 'netcheck' }));
  return lines.find((line) => line.check.startsWith(check));
}

async function until(what: string, holds: () => Promise<boolean>, withinMs = WAIT_MS_MAX): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it did not come to: ${what}`);
    await sleep(100);
  }
}

async function isDirect(from: LabPeer, to: LabPeer): Promise<boolean> {
  await from.ask({ verb: 'ping', to: to.name, timeoutMs: 3000 }).catch(() => undefined);
  return (await from.peer(to.name))?.path.kind === 'direct';
}

describe.skipIf(isSkipped)(`a router that serves ports${because}`, () => {
  const promise = 'makes two peers behind random NATs direct by $name, which nothing else does';
  it.each(SPEECHES)(promise, { timeout: 240_000 }, async (speech) => {
    const { Ground } = await built<typeof import('../../demo/nat/ground.js')>('demo/nat/ground.js');
    const { LabPeer } =
      await built<typeof import('../../tools/natlab/lab-peer.js')>('tools/natlab/lab-peer.js');
    const folder = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
    const ground = await Ground.make('ports');
    const network = createNetwork();
    const peers: LabPeer[] = [];
    const start = async (space: string, name: string, links: string): Promise<LabPeer> => {
      const { namespaces } = ground;
      const own = join(folder, name);
      const peer = await LabPeer.start({ namespaces, space, name, network, folder: own, links });
      peers.push(peer);
      return peer;
    };
    let server: ChildProcess | undefined;
    try {
      server = await lay(ground, folder, speech);
      for (const [i, at] of ['203.0.113.1', '203.0.113.2'].entries())
        await start('relay', `relay-${i}`, `{ udp: { bind: "${at}", port: ${PORT + i} } }`);
      const connect = `connect: ["udp://203.0.113.1:${PORT}", "udp://203.0.113.2:${PORT + 1}"]`;
      const b = await start('b', 'b', `{ udp: { port: 0 }, ${connect} }`);
      const without = await start('a', 'without', `{ udp: { port: 0, portMapping: false }, ${connect} }`);
      await until('both know of each other', async () => (await without.peer('b'))?.status === 'online');
      await until('the router of b says nothing', async () => {
        return (await checkOf(b, 'port mapping'))?.evidence.endsWith('it does not answer') === true;
      });
      expect(await checkOf(without, 'port mapping')).toMatchObject({ state: 'n/a' });
      const end = performance.now() + RELAYED_MS;
      while (performance.now() < end) {
        expect(await isDirect(without, b)).toBe(false);
        await sleep(500);
      }
      await without.stop();

      const a = await start('a', 'a', `{ udp: { port: 0 }, ${connect} }`);
      await until('a is given a port', async () => (await checkOf(a, 'port mapping'))?.state === 'ok');
      const line = await checkOf(a, 'port mapping');
      expect(line?.evidence).toMatch(/^44\.1\.1\.11:\d+, given by 192\.168\.11\.1 with \w+; others see/);
      expect(line?.evidence).toContain(`with ${speech.name};`);
      expect(line?.ageMs).toBeLessThan(WAIT_MS_MAX);
      await until('they are direct', async () => (await isDirect(a, b)) && (await isDirect(b, a)));
      expect(await hasMapping(ground)).toBe(true);
      await a.stop();
      await until('the port is given back', async () => !(await hasMapping(ground)));
    } finally {
      await Promise.all(peers.map((peer) => peer.stop()));
      if (server !== undefined && server.exitCode === null) {
        server.kill('SIGKILL');
        await once(server, 'close');
      }
      await ground.remove();
      rmSync(folder, { recursive: true });
    }
  });
});
