import {
  Driver,
  type DriverCounters,
  type DriverFault,
  type DriverNotice,
  type Link,
  type LinkSource,
  type Platform,
  ShimError,
} from '@fogwisp/firmware-shim';
import {
  type Command,
  type CommandId,
  createIdentity,
  formatInvitation,
  type Identity,
  type Instant,
  identityFromSeed,
  type LinkId,
  Node,
  type NodeEvent,
  type NodeKey,
  toHex,
} from '@fogwisp/protocol';
import { host } from '#host';
import { anything, list, optional, record, text } from './check.js';
import { FogError } from './errors.js';
import type { HostPlatform, LinkPort } from './host/host.js';
import { checkName } from './name.js';
import { readNetwork } from './network.js';
import type { DeviceOptions, Logger } from './options.js';
import type { Value } from './value.js';

/** Where the seed of the identity is kept in the host's store. */
const IDENTITY_KEY = 'identity';

/** What a device asks of its driver. */
export interface DeviceDriver {
  readonly counters: DriverCounters;
  start(): void;
  addLink(link: Link): LinkId;
  removeLink(link: LinkId): void;
  addSource(source: LinkSource): void;
  removeSource(source: LinkSource): void;
  submit(command: Command): CommandId;
  stop(): Promise<void>;
}

/** What a driver tells its device. */
export interface DriverListener {
  onEvent(event: NodeEvent): void;
  onFault(fault: DriverFault): void;
  onNotice(notice: DriverNotice): void;
}

/** Everything a `Device` is made of; `Device.start` composes it from the options. */
export interface DeviceParts {
  readonly id: NodeKey;
  readonly name: string;
  /** 16 hex digits. */
  readonly networkId: string;
  /** Where others of the network can be reached, as its file or a ticket says. */
  readonly introductions: readonly string[];
  /** The largest body, encoded, in bytes. */
  readonly messageBytesMax: number;
  /** Peers to remember, those included that are gone. */
  readonly peerCountMax: number;
  readonly logger: Logger;
  /** Monotonic ms. */
  now(): Instant;
  makeDriver(listener: DriverListener): DeviceDriver;
  makeAbort(): AbortController;
  /** The text of a join ticket that this device signs. */
  invite(addresses: readonly string[], expiresAt: number): string;
  /** After the driver has stopped. */
  close(): Promise<void>;
}

/** Programs in JavaScript have no compiler that tells them what is missing. */
const GIVEN = record({ name: text(), network: text(), links: optional(list(anything())) });

function checkGiven(options: DeviceOptions): void {
  const fault = GIVEN.fault(options as unknown as Value); // only looked at
  if (fault === undefined) return;
  const advice = `for example { name: 'attic', network: 'fog.network', links: [{ kind: 'lan' }] }`;
  throw new FogError('misuse', `Device.start(): ${fault}: ${advice}`);
}

export async function composeDevice(options: DeviceOptions): Promise<DeviceParts> {
  checkGiven(options);
  const name = checkName(options.name);
  const { limits = host.limits, wakeEveryMs } = options;
  const platform: HostPlatform = options.platform ?? host.platform(name, stateOf(options));
  const close = async () => (options.platform === undefined ? platform.close?.() : undefined);
  try {
    const { crypto, random } = platform;
    const reading = { crypto, unixMs: platform.unixMs?.(), readText: host.readText };
    const { key: network, addresses: introductions } = await readNetwork(options.network, reading);
    const restored = await loadState(platform);
    const identity = await identityOf(options, platform, restored.get(IDENTITY_KEY));
    return {
      id: identity.key,
      name,
      networkId: toHex(network.id),
      introductions,
      invite: (addresses, expiresAt) => formatInvitation(crypto, identity, { network, addresses, expiresAt }),
      messageBytesMax: limits.messageBytesMax,
      peerCountMax: limits.recordCountMax + limits.sessionCountMax,
      logger: options.logger ?? host.logger,
      now: () => platform.now(),
      makeAbort: host.makeAbort,
      close,
      makeDriver(listener) {
        const node = new Node({
          now: platform.now(),
          identity,
          network,
          name,
          crypto,
          random,
          limits,
          restored,
          ...(wakeEveryMs !== undefined && { wakeEveryMs }),
        });
        return new Driver({ platform, node, ...callbacksOf(listener) });
      },
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function callbacksOf(listener: DriverListener): DriverListener {
  return {
    onEvent: (event) => listener.onEvent(event),
    onFault: (fault) => listener.onFault(fault),
    onNotice: (notice) => listener.onNotice(notice),
  };
}

/** Its errors already say what is wrong and what to do. */
async function loadState(platform: Platform): ReturnType<Platform['store']['load']> {
  try {
    return await platform.store.load();
  } catch (thrown) {
    if (!(thrown instanceof ShimError)) throw thrown;
    throw new FogError('stateUnusable', thrown.message, { cause: thrown });
  }
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

/**
 * Opens what the options ask for; what cannot be opened by its description fails here, not in silence. Where
 * others can be reached is tried from the UDP socket that is there, or else from one of its own.
 */
export async function openLinks(
  links: DeviceOptions['links'],
  port: LinkPort,
  introductions: readonly string[],
): Promise<void> {
  let left = introductions;
  for (const link of links ?? host.defaultLinks) {
    if (typeof link !== 'object' || link === null) {
      const advice = `write one as { kind: 'lan' }`;
      throw new FogError('linkInvalid', `a link is no ${link === null ? 'null' : typeof link}: ${advice}`);
    }
    if ('send' in link) port.addLink(link);
    else if ('open' in link) port.addSource(link);
    else {
      const isByUdp = link.kind === 'stations' || link.kind === 'udp';
      await host.openLink(link, port, isByUdp ? left : []);
      if (isByUdp) left = [];
    }
  }
  if (left.length > 0) await host.openLink({ kind: 'stations', connect: [] }, port, left);
}
