import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  lanLink,
  nodePlatform,
  parseStation,
  serialLink,
  tcpLink,
  tcpListener,
  udpLink,
} from '@fogwisp/firmware-shim/node';
import { PI_LIMITS, unreachable } from '@fogwisp/protocol';
import { FogError, messageOf } from '../errors.js';
import type { LinkSpec } from '../options.js';
import type { Host, LinkPort } from './host.js';
import { checkLink } from './link-check.js';
import { hostAndPort, openStations } from './stations.js';

export const host: Host = {
  limits: PI_LIMITS,
  logger: { warn: (message) => console.warn(`fogwisp: ${message}`) },
  defaultLinks: [{ kind: 'lan' }],
  platform: (name, stateDirectory) =>
    stateDirectory === false
      ? nodePlatform()
      : nodePlatform({ stateDirectory: stateDirectory ?? defaultStateDirectory(name) }),
  readText,
  openLink,
  makeAbort: () => new AbortController(),
};

/** systemd names one for a service; else it is the user's state, by name, as several devices may run here. */
function defaultStateDirectory(name: string): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME } = process.env;
  if (STATE_DIRECTORY !== undefined) return join(STATE_DIRECTORY, name);
  return join(XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'fogwisp', name);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw new FogError('networkMissing', `"${path}" cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}

async function openLink(
  spec: LinkSpec,
  port: LinkPort,
  introductions: readonly string[] = [],
): Promise<void> {
  checkLink(spec);
  switch (spec.kind) {
    case 'lan': {
      const { interfaces, loopbackOnly } = spec;
      const mdns = spec.mdns === true ? { networkId: port.networkId } : undefined;
      port.addLink(lanLink(given({ interfaces, loopbackOnly, port: spec.port, mdns })));
      return;
    }
    case 'udp': {
      for (const address of spec.connect ?? []) checkAddress(address);
      if (introductions.length > 0) return openStations(spec, port, introductions);
      const { bind, portMapping } = spec;
      const link = port.addLink(udpLink(given({ bind, port: spec.port, portMapping })));
      for (const address of spec.connect ?? []) port.connect(link, address);
      return;
    }
    case 'stations':
      openStations(spec, port, introductions);
      return;
    case 'tcp':
      port.addLink(tcpLink(hostAndPort(spec.connect)));
      return;
    case 'tcp-listen':
      port.addSource(tcpListener(given({ bind: spec.bind, port: spec.port })));
      return;
    case 'serial':
      port.addLink(serialLink(given({ path: spec.path, baudRate: spec.baudRate })));
      return;
    default:
      unreachable(spec);
  }
}

function checkAddress(address: string): void {
  if (parseStation(address) !== undefined) return;
  throw new FogError('linkInvalid', `"${address}" is no address: write 192.168.1.4:4747 or [fe80::1]:4747`);
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the properties that are undefined: the adapters tell absent and undefined apart. */
function given<T extends object>(options: T): Given<T> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<T>; // the same properties, less those that are absent anyway
}
