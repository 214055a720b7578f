import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createNetwork } from '@fogwisp/device-sdk';
import { pipeLink } from '@fogwisp/firmware-shim/node';
import { commandName } from '../src/cli/command-name.js';
import { ExitCode } from '../src/cli/exit.js';
import { untilEnd } from '../src/cli/until.js';
import type { Call } from '../src/cli/verb.js';
import { type GatewayConfig, type LinkConfig, MQTT_DEFAULT } from '../src/config/config.js';
import type { Gateway } from '../src/gateway.js';
import { type Launched, launch } from '../src/launch.js';
import { castOf, GATEWAY_NAME, type RoleLink, SERIAL_NAME, UDP_NAME } from './cast.js';
import { EnginePeers } from './engine-peers.js';
import { openPtyLine, type PtyLine } from './line.js';
import { Pairs } from './pairs.js';
import { type Scene, type Step, screenFor } from './screen.js';
import { makeFolder, ownAddress, removeFolder } from './stage.js';
import { PIPE_FD, Troupe } from './troupe.js';

const SHOW_MS = 500;
const TROUBLES_MAX = 3;
const UDP_OPEN_MS_MAX = 3000;

/** Everything that is started, so that it can all be ended. */
interface Stage {
  readonly folder: string;
  readonly network: string;
  readonly lanPort: number;
  readonly line: PtyLine | undefined;
  readonly troupe: Troupe;
  readonly troubles: Troubles;
}

/** What went wrong lately, for the lower end of the screen. */
class Troubles {
  readonly #onNew: (trouble: string) => void;
  #latest: readonly string[] = [];
  #isClosed = false;

  constructor(onNew: (trouble: string) => void) {
    this.#onNew = onNew;
  }

  /** What breaks while all is being ended is meant to. */
  close(): void {
    this.#isClosed = true;
  }

  get latest(): readonly string[] {
    return this.#latest;
  }

  add(trouble: string): void {
    if (this.#isClosed) return;
    this.#latest = [...this.#latest, trouble].slice(-TROUBLES_MAX);
    this.#onNew(trouble);
  }
}

export async function demo(call: Call): Promise<ExitCode> {
  const forMs = call.duration('for', 0);
  const end = untilEnd(forMs === 0 ? undefined : forMs);
  const folder = makeFolder();
  const line = await openPtyLine(folder);
  // A port of its own, so that two demos side by side do not even hear each other.
  const lanPort = randomInt(20_000, 60_000);
  const troubles = new Troubles((trouble) => {
    if (call.stdout.isTTY !== true) call.talk(trouble);
  });
  const troupe = new Troupe((trouble) => troubles.add(trouble));
  const stage = { folder, line, network: createNetwork(), lanPort, troupe, troubles };
  try {
    await perform(call, stage, end);
  } finally {
    strike(stage);
  }
  return ExitCode.done;
}

async function perform(call: Call, stage: Stage, end: Promise<unknown>): Promise<void> {
  const { gateway, failed } = await startGateway(stage);
  const engines = new EnginePeers(gateway, stage.folder);
  try {
    await startPeers(stage, gateway);
    engines.start(stage.network);
    const processCount = () => 1 + stage.troupe.pids.size + engines.count;
    await show(call, gateway, stage, processCount, Promise.race([end, failed]));
  } finally {
    stage.troubles.close();
    await Promise.all([stage.troupe.stop(), engines.stop()]);
    await gateway.stop();
  }
}

async function startGateway(stage: Stage): Promise<Launched> {
  const links: LinkConfig[] = [
    { kind: 'lan', port: stage.lanPort, loopbackOnly: true },
    { kind: 'udp', port: 0, connect: [] },
  ];
  if (stage.line !== undefined)
    links.push({ kind: 'serial', path: stage.line.gatewayPath, baudRate: 115_200 });
  const config: GatewayConfig = { links, mqtt: MQTT_DEFAULT, share: false };
  const { network } = stage;
  const state = join(stage.folder, 'state');
  return launch({
    config,
    name: GATEWAY_NAME,
    network,
    state,
    kind: 'demo',
    onTrouble: (trouble) => stage.troubles.add(trouble),
  });
}

async function startPeers(stage: Stage, gateway: Gateway): Promise<void> {
  const { network, lanPort, line, troupe } = stage;
  const serial: RoleLink =
    line === undefined ? { kind: 'pipe', fd: PIPE_FD } : { kind: 'serial', path: line.peerPath };
  const udpAddress = `127.0.0.1:${await udpPortOf(gateway)}`;
  for (const role of castOf({ network, lanPort, udpAddress, serial })) troupe.start(role);
  const pipe = troupe.pipeOf(SERIAL_NAME);
  if (pipe !== undefined)
    gateway.links.add(pipeLink(pipe, pipe, { name: SERIAL_NAME }), 'serial (pipe)', SERIAL_NAME);
}

async function udpPortOf(gateway: Gateway): Promise<number> {
  const until = performance.now() + UDP_OPEN_MS_MAX;
  while (performance.now() < until) {
    const port = gateway.links.udpPort;
    if (port !== undefined) return port;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('no UDP socket could be opened on this machine');
}

async function show(
  call: Call,
  gateway: Gateway,
  stage: Stage,
  processCount: () => number,
  end: Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now();
  const pairs = new Pairs(gateway);
  const screen = screenFor(call);
  const steps = stepsFor(stage.network, gateway.links.udpPort ?? 0);
  const words = wordsFor(stage, gateway);
  const sceneNow = (): Scene => ({
    processCount: processCount(),
    pairs: pairs.all(),
    ...words,
    steps,
    runningMs: performance.now() - startedAt,
    troubles: stage.troubles.latest,
  });
  pairs.start();
  const timer = setInterval(() => screen.show(sceneNow()), SHOW_MS);
  screen.show(sceneNow());
  try {
    await end;
  } finally {
    clearInterval(timer);
    pairs.stop();
    screen.close();
  }
}

function wordsFor(stage: Stage, gateway: Gateway): Pick<Scene, 'brokerUrl' | 'story' | 'explanation'> {
  const line = stage.line === undefined ? 'a pipe (no socat)' : 'a serial line';
  const [gate, serial, udp] = [GATEWAY_NAME, SERIAL_NAME, UDP_NAME];
  return {
    brokerUrl: gateway.bridge?.report.url ?? 'none',
    story: `${gate} is the gateway; attic, greenhouse: LAN; ${udp}: UDP; ${serial}: ${line}`,
    explanation: `${serial} and ${udp} share no link: ${gate} forwards for them, and cannot read it`,
  };
}

function stepsFor(network: string, udpPort: number): readonly Step[] {
  const fogwisp = commandName();
  return [
    {
      command: `${fogwisp} request attic load`,
      meaning: 'ask a peer',
    },
    { command: `${fogwisp} listen 'fog/#'`, meaning: 'hear the broker' },
    {
      command: `${fogwisp} up --network ${network} --name mine --connect udp://${ownAddress()}:${udpPort}`,
      meaning: 'join, from here or from another machine that has this folder',
    },
  ];
}

function strike(stage: Stage): void {
  stage.line?.close();
  removeFolder(stage.folder);
}
