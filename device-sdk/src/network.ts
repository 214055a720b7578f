import {
  type CryptoSuite,
  createNetworkKey,
  formatNetworkKey,
  type NetworkKey,
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

/** `network`: a file, or the text itself. */
export async function readNetwork(
  network: string,
  crypto: CryptoSuite,
  readText: (path: string) => Promise<string | undefined>,
): Promise<NetworkKey> {
  if (network.toLowerCase().startsWith(TEXT_START)) return parse(network, 'the network text', crypto);
  const text = await readText(network);
  if (text === undefined) {
    throw new FogError(
      'networkMissing',
      `there is no network file "${network}": make one with \`fogwisp network create ${network}\` ` +
        'on one machine and copy it to the others',
    );
  }
  return parse(firstLine(text), `"${network}"`, crypto);
}

function parse(text: string, what: string, crypto: CryptoSuite): NetworkKey {
  const key = parseNetworkKey(crypto, text.trim());
  if (key !== undefined) return key;
  throw new FogError(
    'networkInvalid',
    `${what} holds no network key (a line that starts with "${TEXT_START}"): was it cut? Copy it again`,
  );
}

/** Lines that start with '#' are for people. */
function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? '';
}
