import { nobleSuite } from '@fogwisp/protocol/noble';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { EngineHost } from './engine-host.js';
import { Player } from './play.js';

declare const host: EngineHost;

// No table of multiples of the base point: the default one takes 1.5 MB.
ed25519.Point.BASE.precompute(1);

const suite = nobleSuite();

/** The script on cryptography in JavaScript. */
export function main(): void {
  new Player(host, suite).play();
}
