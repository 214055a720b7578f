import {
  type CryptoSuite,
  createNetworkKey,
  formatNetworkKey,
  INVITATION_PREFIX,
  isInvitedAddress,
  type NetworkKey,
  parseInvitation,
  parseNetworkKey,
  type Random,
} from '@fogwisp/protocol';
import { host } from '#host';
import { FogError } from './errors.js';

/** The part of a platform that a new key needs. */
export interface NetworkPlatform {
  readonly crypto: CryptoSuite;
  readonly random: Random;
}

const TEXT_START = 'fog1-';

/** The text of a new network: whoever has it is in. */
export function createNetwork(platform: NetworkPlatform = host.platform('', false)): string {
  return formatNetworkKey(createNetworkKey(platform.crypto, platform.random));
}

/** The key of a network, and where some of it can be reached. */
export interface NetworkDoor {
  readonly key: NetworkKey;
  /** 'HOST:PORT', or with udp:// or tcp:// before it. */
  readonly addresses: readonly string[];
}

/** What a network text is read with. */
export interface Reading {
  readonly crypto: CryptoSuite;
  /** Where there is a clock. */
  readonly unixMs: number | undefined;
  readonly readText: (path: string) => Promise<string | undefined>;
}

/** `network`: a file, or the text itself, or a join ticket. */
export async function readNetwork(network: string, reading: Reading): Promise<NetworkDoor> {
  const isText = [TEXT_START, INVITATION_PREFIX].some((start) => network.toLowerCase().startsWith(start));
  if (isText) return parse([network], 'the network text', reading);
  const text = await reading.readText(network);
  if (text === undefined) {
    throw new FogError(
      'networkMissing',
      `there is no network file "${network}": make one with \`fogwisp network create ${network}\` ` +
        'on one machine and copy it to the others',
    );
  }
  return parse(linesOf(text), `"${network}"`, reading);
}

function parse([first = '', ...addresses]: readonly string[], what: string, reading: Reading): NetworkDoor {
  if (first.toLowerCase().startsWith(INVITATION_PREFIX)) return doorOf(first, reading);
  const key = parseNetworkKey(reading.crypto, first.trim());
  if (key !== undefined) return { key, addresses: addresses.filter(isInvitedAddress) };
  throw new FogError(
    'networkInvalid',
    `${what} holds no network key (a line that starts with "${TEXT_START}"): was it cut? Copy it again`,
  );
}

function doorOf(text: string, { crypto, unixMs }: Reading): NetworkDoor {
  const parsed = parseInvitation(crypto, text);
  if (!parsed.ok) {
    const what = parsed.why === 'forged' ? 'nobody signed this join ticket' : 'this join ticket is not whole';
    throw new FogError('networkInvalid', `${what}: copy it again, or ask for another one`);
  }
  const { network, addresses, expiresAt } = parsed.invitation;
  if (unixMs === undefined || expiresAt === 0 || expiresAt * 1000 > unixMs)
    return { key: network, addresses };
  const since = new Date(expiresAt * 1000).toISOString();
  throw new FogError('networkInvalid', `this join ticket expired at ${since}: ask for another one`);
}

/** Lines that start with '#' are for people. */
function linesOf(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}
