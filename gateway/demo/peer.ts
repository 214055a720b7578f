import { Device } from '@fogwisp/device-sdk';
import { fdPipeLink } from '@fogwisp/firmware-shim/node';
import type { Json } from '../src/bridge/json.js';
import { toJson } from '../src/bridge/json.js';
import { hostCounters } from '../src/host/counters.js';
import { viewPath } from '../src/peer-view.js';
import { unreachable } from '../src/unreachable.js';
import type { Role, RoleLink } from './cast.js';
import { BoxLink } from './nat/box-link.js';
import { Upgrades } from './upgrades.js';

/**
 * One peer of the demo, as its own process: nothing here knows of the gateway. It lives as long as its
 * parent: when that ends in any way, the channel between them closes.
 */
const LOOPBACK = '127.0.0.1';
const PUBLISH_MS = 1000;
const ASK_MS = 2000;

interface Answer {
  readonly path: string;
  readonly value: Json;
  readonly at: number;
}

async function play(role: Role): Promise<void> {
  const device = await Device.start({
    name: role.name,
    network: role.network,
    links: [],
    stateDirectory: false,
    logger: { warn: () => undefined }, // the table shows what is down, and why
  });
  const upgrades = new Upgrades(device);
  for (const link of role.links) await openLink(device, link);
  servePublish(device, role);
  serveLed(device);
  const answers = askRegularly(device, role);
  device.serve('paths', () => JSON.parse(JSON.stringify(pathsOf(device, answers, upgrades))));
  process.once('message', () => void device.stop().finally(() => process.exit(0)));
}

async function openLink(device: Device, link: RoleLink): Promise<void> {
  switch (link.kind) {
    case 'lan':
      return device.openLink({ kind: 'lan', port: link.port, loopbackOnly: true });
    case 'udp':
      return device.openLink({ kind: 'udp', bind: link.bind ?? LOOPBACK, port: 0, connect: link.connect });
    case 'box': {
      const id = device.addLink(new BoxLink(link.port));
      for (const address of link.connect) device.connect(id, address);
      return;
    }
    case 'serial':
      return device.openLink({ kind: 'serial', path: link.path });
    case 'pipe':
      device.addLink(fdPipeLink(link.fd, link.mtu === undefined ? {} : { mtu: link.mtu }));
      return;
    default:
      unreachable(link);
  }
}

/** Serves every counter of this machine; publishes those of the role in turn. */
function servePublish(device: Device, role: Role): void {
  const counters = hostCounters();
  for (const [name, read] of counters) device.serve(name, () => read());
  const topics = role.topics.filter((topic) => counters.has(topic));
  let turn = 0;
  setInterval(() => {
    const topic = topics[turn++ % topics.length];
    const read = topic === undefined ? undefined : counters.get(topic);
    if (topic !== undefined && read !== undefined) device.publish(topic, read()).catch(() => undefined);
  }, PUBLISH_MS);
}

/** Something to switch from the broker: fog/<name>/set {"led": true}. */
function serveLed(device: Device): void {
  let isOn = false;
  device.serve('led', (wanted) => {
    if (typeof wanted === 'boolean') isOn = wanted;
    return isOn;
  });
}

function askRegularly(device: Device, role: Role): ReadonlyMap<string, Answer> {
  const answers = new Map<string, Answer>();
  const { asks } = role;
  if (asks === undefined) return answers;
  const ask = async () => {
    try {
      const value = toJson(await device.request(asks.name, asks.path, undefined, { timeoutMs: ASK_MS }));
      answers.set(asks.name, { path: asks.path, value, at: device.now() });
    } catch {
      // the age of the last answer tells it
    }
  };
  setInterval(() => void ask(), ASK_MS);
  void ask();
  return answers;
}

/** What this peer knows of its paths, the last answer over each, and how one became direct. */
function pathsOf(device: Device, answers: ReadonlyMap<string, Answer>, upgrades: Upgrades): object[] {
  const now = device.now();
  return device.peers().map((peer) => {
    const answer = answers.get(peer.name);
    const reading = answer && { topic: answer.path, value: answer.value, msAgo: now - answer.at };
    const { id, name, status } = peer;
    return { id, name, status, path: viewPath(peer.path, now), reading, upgrade: upgrades.of(id) };
  });
}

// Ctrl-C reaches the whole group of processes; the parent decides what it means.
process.on('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));
// Not in the arguments, which every user of the machine can read: the network is in it.
process.once('message', (role) => {
  // The parent is of the same version, so this is a role.
  play(role as Role).catch((thrown: unknown) => {
    process.send?.(thrown instanceof Error ? thrown.message : String(thrown), () => process.exit(1));
  });
});
