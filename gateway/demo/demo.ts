import { randomInt } from 'node:crypto';
import { availableParallelism, freemem, loadavg } from 'node:os';
import { createNetwork } from '@fogwisp/device-sdk';
import { commandName } from '../src/cli/command-name.js';
import { ExitCode } from '../src/cli/exit.js';
import { untilEnd } from '../src/cli/until.js';
import type { Call } from '../src/cli/verb.js';
import { MQTT_DEFAULT } from '../src/config/config.js';
import {
  castOf,
  GATEWAY_NAMES,
  NAT_NAMES,
  type NatName,
  type PeerCount,
  peerCountFor,
  type Role,
  SERIAL_NAME,
  UDP_NAME,
} from './cast.js';
import { EnginePeers } from './engine-peers.js';
import { Handovers } from './handover.js';
import { AGAIN_MS, House } from './house.js';
import { listenForKeys } from './keys.js';
import { KILL_SUPERNODE, kill } from './kill.js';
import { Cables } from './line.js';
import { LivingGateway } from './living-gateway.js';
import { type Nats, natKindOf, openNats } from './nat/nats.js';
import { Pairs, upgradeText } from './pairs.js';
import { type Scene, type Step, screenFor } from './screen.js';
import { makeFolder, ownAddress, removeFolder } from './stage.js';
import { Supernodes } from './supernodes.js';
import { Troubles } from './troubles.js';
import { Troupe } from './troupe.js';
import { watchBroker } from './watch.js';

const SHOW_MS = 500;

/** Everything that is started, so that it can all be ended. */
interface Stage {
  readonly folder: string;
  readonly network: string;
  readonly lanPort: number;
  readonly peerCount: PeerCount;
  readonly cables: Cables;
  /** Undefined where there is no room for peers behind them. */
  readonly nats: Nats | undefined;
  readonly troupe: Troupe;
  readonly house: House;
  readonly pairs: Pairs;
  readonly handovers: Handovers;
  readonly supernodes: Supernodes;
  readonly troubles: Troubles;
  readonly engines: EnginePeers;
}

export async function demo(call: Call): Promise<ExitCode> {
  const victim = call.text('kill');
  if (victim !== undefined) return kill(call, victim);
  const forMs = call.duration('for', 0);
  const end = untilEnd(forMs === 0 ? undefined : forMs);
  const stage = await setStage(call);
  try {
    await perform(call, stage, end);
  } finally {
    stage.troubles.close();
    stage.house.stop();
    await Promise.all([stage.troupe.stop(), stage.engines.stop()]);
    await stage.nats?.close();
    stage.cables.close();
    removeFolder(stage.folder);
  }
  return ExitCode.done;
}

async function setStage(call: Call): Promise<Stage> {
  const natKind = natKindOf(call);
  const folder = makeFolder();
  const [load = 0] = loadavg();
  const peerCount = peerCountFor({ freeBytes: freemem(), coreCount: availableParallelism(), load });
  const laid = [
    Cables.lay(folder),
    peerCount.areSomeBehind ? openNats(natKind, call.flag('kernel-nat')) : undefined,
  ] as const;
  const [cables, nats] = await Promise.all(laid);
  const network = createNetwork();
  // A port of its own, so that two demos side by side do not even hear each other.
  const lanPort = randomInt(20_000, 60_000);
  const troubles = new Troubles((trouble) => {
    if (call.stdout.isTTY !== true) call.talk(trouble);
  });
  const troupe = new Troupe((trouble) => troubles.add(trouble));
  const handovers = new Handovers(MQTT_DEFAULT.base);
  const house: House = new House({
    troupe,
    folder,
    network,
    lanPort,
    cables,
    openSocket: nats?.openSocket?.bind(nats),
    onKilled: (name) => {
      handovers.onKilled(performance.now(), name, pairs.bridgedBy(name));
      supernodes.onKilled(performance.now(), name);
    },
  });
  const pairs = new Pairs(new LivingGateway(() => house.socket));
  const supernodes = new Supernodes(new LivingGateway(() => house.socket));
  return {
    folder,
    network,
    lanPort,
    peerCount,
    cables,
    nats,
    troupe,
    house,
    pairs,
    handovers,
    supernodes,
    troubles,
    engines: new EnginePeers(troupe, folder),
  };
}

async function perform(call: Call, stage: Stage, end: Promise<unknown>): Promise<void> {
  const { house, handovers } = stage;
  await house.start();
  startPeers(stage);
  stage.engines.start(stage.network);
  const watch = await watchBroker(house.brokerUrl, `${MQTT_DEFAULT.base}/+`, (topic) =>
    handovers.onMessage(performance.now(), topic),
  );
  const strike = () => killSupernode(stage);
  const restart = () => void stage.nats?.restart().catch(() => undefined); // it is being closed
  const keys = listenForKeys(call, { g: () => house.kill(), s: strike, n: restart });
  process.on(KILL_SUPERNODE, strike);
  try {
    await show(call, stage, end);
  } finally {
    keys();
    process.off(KILL_SUPERNODE, strike);
    watch();
  }
}

function startPeers(stage: Stage): void {
  const { network, lanPort, cables, troupe, house, nats, engines } = stage;
  const { udpPorts } = house;
  const udpAddresses = [...udpPorts.values()].map((port) => `127.0.0.1:${port}`);
  const serial = cables.peerLinks;
  const { hosts } = engines;
  const { count: peerCount } = stage.peerCount;
  const behind = new Map(nats && NAT_NAMES.map((name) => [name, nats.linksOf(name, udpPorts)]));
  for (const role of castOf({ network, lanPort, peerCount, udpAddresses, serial, behind, hosts }))
    startPeer(stage, role);
  for (const name of GATEWAY_NAMES) cables.plug(name, troupe);
}

/** One that is killed comes back after a while. */
function startPeer(stage: Stage, role: Role): void {
  const { troupe, troubles, supernodes, nats } = stage;
  const { name } = role;
  const pipeCount = role.links.filter(({ kind }) => kind === 'pipe').length;
  const onEnd = (signal: NodeJS.Signals | null) => {
    if (signal !== 'SIGKILL') return troubles.add(`the process of ${name} ended`);
    supernodes.onKilled(performance.now(), name);
    setTimeout(() => troupe.isStopping || startPeer(stage, role), AGAIN_MS).unref();
  };
  const spawn = isBehind(name) ? nats?.spawn?.bind(nats, name) : undefined;
  troupe.start({ name, program: 'peer.js', role, spawn, pipeCount, onEnd });
}

function isBehind(name: string): name is NatName {
  return NAT_NAMES.some((each) => each === name);
}

/** The one that serves most; a gateway only while the other one lives. */
function killSupernode({ supernodes, troupe, house }: Stage): void {
  const isLast = house.living.length < 2;
  const victim = supernodes.serving.find(
    ({ name }) => !isLast || !GATEWAY_NAMES.some((each) => each === name),
  );
  if (victim === undefined) return;
  const gateway = GATEWAY_NAMES.find((name) => name === victim.name);
  if (gateway === undefined) troupe.kill(victim.name);
  else house.kill(gateway);
}

async function show(call: Call, stage: Stage, end: Promise<unknown>): Promise<void> {
  const { pairs, house, handovers, supernodes } = stage;
  const startedAt = performance.now();
  const screen = screenFor(call);
  const words = wordsFor(call, stage);
  const sceneNow = (): Scene => {
    const now = performance.now();
    const all = inOrder(pairs.all());
    const losses = [handovers.textAt(now, house.living), supernodes.lossAt(now)];
    return {
      pairs: all,
      ...words,
      supernodes: supernodes.lines,
      events: [upgradeText(all), ...losses].filter((text) => text !== ''),
      runningMs: now - startedAt,
      troubles: stage.troubles.latest,
    };
  };
  pairs.start();
  supernodes.start();
  const timer = setInterval(() => screen.show(sceneNow()), SHOW_MS);
  screen.show(sceneNow());
  try {
    await end;
  } finally {
    clearInterval(timer);
    pairs.stop();
    supernodes.stop();
    screen.close();
  }
}

/** What is worth a look first: pairs that a gateway forwards for, gateways, then those that are all alike. */
function inOrder<T extends { readonly from: string; readonly peer: { readonly name: string } }>(
  pairs: readonly T[],
): T[] {
  const special: readonly string[] = [...GATEWAY_NAMES, SERIAL_NAME, UDP_NAME, ...NAT_NAMES];
  const rankOf = ({ from, peer }: T) => {
    if (isBehind(from)) return 0;
    if (from === SERIAL_NAME || from === UDP_NAME) return 1;
    return special.includes(peer.name) ? 2 : 3;
  };
  return [...pairs].sort((a, b) => rankOf(a) - rankOf(b));
}

function wordsFor(
  call: Call,
  stage: Stage,
): Pick<Scene, 'title' | 'story' | 'count' | 'explanation' | 'steps'> {
  const { peerCount, house, cables, nats } = stage;
  const line = cables.arePipes ? 'pipes (no socat)' : 'serial lines';
  const isLive = call.stdout.isTTY === true;
  const keys = isLive
    ? `keys: g kills a gateway, s a supernode${nats === undefined ? '' : ', n restarts both NATs'}`
    : 'demo --kill gateway, demo --kill supernode';
  return {
    title: `${peerCount.count} peers, 2 gateways, broker ${house.brokerUrl}`,
    story: [
      `hearth, porch: gateways; ${UDP_NAME}: UDP; ${SERIAL_NAME}: ${line}; the others: LAN`,
      nats === undefined
        ? 'nobody is behind a NAT: there is no memory for two more'
        : `${NAT_NAMES.join(', ')}: each behind a NAT, ${nats.text}`,
    ],
    count: peerCount.why,
    explanation: [
      `${SERIAL_NAME} and ${UDP_NAME} share no link: a gateway forwards for them, and cannot read it`,
      `BY: its gateway; ${keys}`,
    ],
    steps: stepsFor(stage),
  };
}

function stepsFor({ network, house, nats }: Stage): readonly Step[] {
  const fogwisp = commandName();
  const address = `udp://${ownAddress()}:${house.udpPorts.get(GATEWAY_NAMES[0]) ?? 0}`;
  return [
    { command: `${fogwisp} request attic load`, meaning: 'ask a peer' },
    nats === undefined
      ? { command: `${fogwisp} trace ${SERIAL_NAME}`, meaning: 'every hop to it' }
      : {
          command: `${fogwisp} ping ${NAT_NAMES[1]} --from ${NAT_NAMES[0]} --count 30`,
          meaning: 'and press n',
        },
    { command: `${fogwisp} listen 'fog/#'`, meaning: 'hear the broker' },
    {
      command: `${fogwisp} up --network ${network} --name mine --connect ${address}`,
      meaning: 'join, from here or from another machine that has this folder',
    },
  ];
}
