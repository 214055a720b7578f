import type { Socket } from 'node:dgram';
import { fdPipeLink } from '@fogwisp/firmware-shim/node';
import { type GatewayConfig, type LinkConfig, MQTT_DEFAULT } from '../src/config/config.js';
import { launch } from '../src/launch.js';
import { SERIAL_NAME } from './cast.js';
import { SocketLink } from './nat/socket-link.js';
import { PIPE_FD } from './troupe.js';

/** What a gateway process of the demo is told. */
export interface GatewayRole {
  readonly name: string;
  readonly network: string;
  readonly state: string;
  readonly brokerUrl: string;
  readonly lanPort: number;
  /** 0: any free one. */
  readonly udpPort: number;
  /** Its end of a cable; undefined where a pipe stands in for that. */
  readonly serialPath: string | undefined;
}

/** What it answers. */
export interface GatewayPlace {
  readonly socket: string;
  readonly udpPort: number;
}

const UDP_OPEN_MS_MAX = 3000;

/** One gateway of the demo, as its own process: the same that `fogwisp up` runs. */
async function play(role: GatewayRole, openNet: Socket | undefined): Promise<void> {
  const { name, network, state, serialPath, lanPort, udpPort } = role;
  const links: LinkConfig[] = [
    { kind: 'lan', port: lanPort, loopbackOnly: true },
    { kind: 'udp', port: udpPort, connect: [], portMapping: false },
  ];
  if (serialPath !== undefined) links.push({ kind: 'serial', path: serialPath, baudRate: 115_200 });
  const mqtt = { ...MQTT_DEFAULT, broker: { kind: 'url', url: role.brokerUrl } } as const;
  const config: GatewayConfig = { links, mqtt, share: false };
  const onTrouble = (trouble: string) => process.send?.(trouble);
  const { gateway, failed } = await launch({ config, name, network, state, kind: 'demo', onTrouble });
  process.once('message', () => void gateway.stop().finally(() => process.exit(0)));
  failed.catch(fail);
  if (serialPath === undefined) gateway.links.add(fdPipeLink(PIPE_FD), 'serial (pipe)', SERIAL_NAME);
  const until = performance.now() + UDP_OPEN_MS_MAX;
  while (gateway.links.udpPort === undefined && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const port = gateway.links.udpPort;
  if (port === undefined) throw new Error('no UDP socket could be opened on this machine');
  if (openNet !== undefined) gateway.links.add(new SocketLink(openNet), 'udp', 'open net');
  process.send?.({ socket: gateway.socket, udpPort: port } satisfies GatewayPlace);
}

function fail(thrown: unknown): void {
  process.send?.(thrown instanceof Error ? thrown.message : String(thrown), () => process.exit(1));
}

process.on('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));
// The parent is of the same version, so this is a role.
process.once('message', (role, socket) => {
  play(role as GatewayRole, socket as Socket | undefined).catch(fail);
});
