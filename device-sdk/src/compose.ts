import { Driver, type Link, type Platform } from '@fogwisp/firmware-shim';
import {
  type Command,
  type CommandId,
  createIdentity,
  type Identity,
  type Instant,
  identityFromSeed,
  type LinkId,
  Node,
  type NodeEvent,
  type NodeKey,
} from '@fogwisp/protocol';
import { host } from '#host';
import { FogError } from './errors.js';
import type { LinkPort } from './host/host.js';
import { checkName } from './name.js';
import { readNetwork } from './network.js';
import type { DeviceOptions, LinkSpec, Logger } from './options.js';

/** Where the seed of the identity is kept in the host's store. */
const IDENTITY_KEY = 'identity';

/** What a device asks of its driver. */
export interface DeviceDriver {
  start(): void;
  addLink(link: Link): LinkId;
  removeLink(link: LinkId): void;
  submit(command: Command): CommandId;
  stop(): Promise<void>;
}

/** Everything a `Device` is made of; `Device.start` composes it from the options. */
export interface DeviceParts {
  readonly id: NodeKey;
  readonly name: string;
  readonly messageBytesMax: number;
  readonly logger: Logger;
  now(): Instant;
  makeDriver(onEvent: (event: NodeEvent) => void): DeviceDriver;
  makeAbort(): AbortController;
}

export async function composeDevice(options: DeviceOptions): Promise<DeviceParts> {
  const name = checkName(options.name);
  const limits = options.limits ?? host.limits;
  const platform = options.platform ?? host.platform(name, stateOf(options));
  const network = await readNetwork(options.network, platform.crypto, host.readText);
  const restored = await platform.store.load();
  const identity = await identityOf(options, platform, restored.get(IDENTITY_KEY));
  return {
    id: identity.key,
    name,
    messageBytesMax: limits.messageBytesMax,
    logger: options.logger ?? host.logger,
    now: () => platform.now(),
    makeAbort: host.makeAbort,
    makeDriver(onEvent) {
      const { crypto, random } = platform;
      const node = new Node({
        now: platform.now(),
        identity,
        network,
        name,
        crypto,
        random,
        limits,
        restored,
      });
      return new Driver({ platform, node, onEvent });
    },
  };
}

/** An identity that is given is not kept, unless a directory is named. */
function stateOf(options: DeviceOptions): string | false | undefined {
  if (options.stateDirectory === undefined && options.identitySeed !== undefined) return false;
  return options.stateDirectory;
}

async function identityOf(
  options: DeviceOptions,
  platform: Platform,
  stored: Uint8Array | undefined,
): Promise<Identity> {
  const seed = options.identitySeed ?? stored;
  if (seed === undefined) {
    const created = createIdentity(platform.crypto, platform.random);
    await platform.store.write(IDENTITY_KEY, created.seed);
    return created;
  }
  const identity = identityFromSeed(platform.crypto, seed);
  if (identity !== undefined) return identity;
  if (options.identitySeed === undefined) {
    throw new FogError(
      'stateUnusable',
      'the stored identity is damaged: remove the state directory to become a new peer',
    );
  }
  throw new FogError(
    'misuse',
    'identitySeed must be 32 bytes of a usable key: half of all seeds are, try another one',
  );
}

/** Opens what the options ask for; a link that cannot be opened fails the start, so that nobody waits in vain. */
export async function openLinks(links: DeviceOptions['links'], port: LinkPort): Promise<void> {
  for (const link of links ?? host.defaultLinks) {
    if (isLink(link)) port.addLink(link);
    else await host.openLink(link, port);
  }
}

function isLink(link: Link | LinkSpec): link is Link {
  return 'send' in link;
}
