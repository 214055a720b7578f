import { createNetworkText } from '@fogwisp/device-sdk';
import { nodeRandom, nodeSuite } from '@fogwisp/firmware-shim/node';

/** The text of a network that nobody is in yet. */
export function newNetworkText(): string {
  return createNetworkText(nodeSuite(), nodeRandom);
}
