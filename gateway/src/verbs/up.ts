import { existsSync } from 'node:fs';
import { createNetwork } from '@fogwisp/device-sdk';
import { commandName } from '../cli/command-name.js';
import { readConfigFile } from '../cli/config-file.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import { untilEnd } from '../cli/until.js';
import type { Call } from '../cli/verb.js';
import { BAUD_RATE_DEFAULT, CONFIG_DEFAULT, type GatewayConfig, type LinkConfig } from '../config/config.js';
import { brokerOf } from '../config/mqtt.js';
import { type StationConfig, stationOf, withStations, withWaysIn } from '../config/stations.js';
import type { Gateway } from '../gateway.js';
import { launch } from '../launch.js';
import type { PeerReport } from '../mesh.js';
import { nameOf, pathText, reasonText, viewPath } from '../peer-view.js';
import { defaultName, type NetworkDoor, networkIn, ownNetwork, stateDirectoryOf } from '../setup.js';
import { openTicket } from '../ticket.js';

const FILE_DEFAULT = 'fogwisp.yaml';

/** Runs a gateway until it is told to end; both ways of telling it so are an ordinary end. */
export async function up(call: Call): Promise<ExitCode> {
  const given = withFlags(call, fileConfig(call));
  const name = given.name ?? defaultName();
  const state = given.state ?? stateDirectoryOf(name, call.environment);
  const { text: network, addresses } = networkOf(call, given, state);
  const introductions = addresses.flatMap((address) => stationOf(address) ?? []);
  const config = { ...given, links: withWaysIn(given.links, introductions, 'introduction') };
  const onTrouble = (trouble: string) => call.talk(trouble);
  const { gateway, failed } = await launch({ config, name, network, state, kind: 'up', onTrouble });
  for (const line of greeting(gateway, state)) call.print(line);
  const follow = pathFollower(gateway, (line) => call.print(line));
  const dispose = gateway.mesh.on('peer', follow);
  const forMs = call.duration('for', 0);
  try {
    await Promise.race([untilEnd(forMs === 0 ? undefined : forMs), failed]);
  } finally {
    dispose();
    await gateway.stop();
  }
  return ExitCode.done;
}

function fileConfig(call: Call): GatewayConfig {
  const file = call.text('config');
  if (file !== undefined) return readConfigFile(file);
  if (!existsSync(FILE_DEFAULT)) return { ...CONFIG_DEFAULT, share: true };
  call.talk(`reading ${FILE_DEFAULT}`);
  return readConfigFile(FILE_DEFAULT);
}

function withFlags(call: Call, config: GatewayConfig): GatewayConfig {
  const links = call.flag('lan') ? config.links : config.links.filter((link) => link.kind !== 'lan');
  const serials = call
    .texts('serial')
    .map((path): LinkConfig => ({ kind: 'serial', path, baudRate: BAUD_RATE_DEFAULT }));
  return {
    ...config,
    name: call.text('name') ?? config.name,
    network: call.text('network') ?? config.network,
    state: call.text('state') ?? config.state,
    socket: call.text('socket') ?? config.socket,
    share: config.share || call.flag('share'),
    mqtt: { ...config.mqtt, broker: flaggedBroker(call) ?? config.mqtt.broker },
    links: withWaysIn(
      withStations([...links, ...serials], call.texts('connect').map(connectOf)),
      call.texts('bootstrap').map(bootstrapOf),
      'bootstrap',
    ),
  };
}

function flaggedBroker(call: Call): GatewayConfig['mqtt']['broker'] | undefined {
  const text = call.text('broker');
  const broker = text === undefined ? undefined : brokerOf(text);
  if (text === undefined || broker !== undefined) return broker;
  throw new CommandError(
    ExitCode.usage,
    `--broker "${text}" is no broker`,
    'write mqtt://HOST:PORT, embedded or none',
  );
}

function connectOf(text: string): StationConfig {
  const station = stationOf(text);
  if (station !== undefined) return station;
  throw new CommandError(
    ExitCode.usage,
    `--connect "${text}" is no address`,
    'write HOST:PORT, udp://HOST:PORT or tcp://HOST:PORT',
  );
}

function bootstrapOf(text: string): StationConfig {
  const station = stationOf(text);
  if (station?.media.includes('udp')) return station;
  throw new CommandError(
    ExitCode.usage,
    `--bootstrap "${text}" is no address`,
    'write HOST:PORT or udp://HOST:PORT',
  );
}

/** A network that is named, else the gateway's own. */
function networkOf(call: Call, config: GatewayConfig, state: string): NetworkDoor {
  const { network } = config;
  if (network?.startsWith('fog1-')) return { text: network, addresses: [] };
  if (network?.startsWith('fogjoin1-')) return openTicket(network);
  if (network !== undefined) return networkFile(network);
  try {
    const own = ownNetwork(state, createNetwork);
    if (own.isNew) {
      call.talk(
        `a new network was made; \`${commandName()} network show\` prints the text that others join with`,
      );
    }
    return own;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CommandError(
      ExitCode.permission,
      `state directory ${state} cannot be used: ${why}`,
      '--state names another',
    );
  }
}

function networkFile(file: string): NetworkDoor {
  if (!existsSync(file)) {
    const next = `make one with \`${commandName()} network create ${file}\`, or copy it from another machine`;
    throw new CommandError(ExitCode.usage, `there is no network file ${file}`, next);
  }
  return networkIn(file);
}

function greeting(gateway: Gateway, state: string): string[] {
  const { name, id, broker, links } = gateway.status();
  const brokerText = broker === undefined ? 'none' : `${broker.url}${broker.embedded ? ' (embedded)' : ''}`;
  return [
    `${name} ${id} is up`,
    `links   ${links.map((link) => `${link.kind} ${link.name}`.trim()).join(', ') || 'none'}`,
    `broker  ${brokerText}`,
    `state   ${state}`,
    `next    ${commandName()} status`,
  ];
}

/** Says each change of a path, and nothing twice. */
function pathFollower(gateway: Gateway, print: (line: string) => void): (peer: PeerReport) => void {
  const told = new Map<string, string>();
  return (peer) => {
    if (peer.name === '') return; // it follows in a moment
    const path = viewPath(peer.path, gateway.mesh.now());
    const reason = reasonText(path);
    const text = `${nameOf(peer)}  ${peer.status}  ${pathText(path)}${reason === '' ? '' : `  (${reason})`}`;
    if (told.get(peer.id) === text) return;
    told.set(peer.id, text);
    print(text);
  };
}
