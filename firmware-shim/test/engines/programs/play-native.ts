import { nativeSuite } from '@fogwisp/firmware-shim';
import type { EngineHost } from './engine-host.js';
import { Player } from './play.js';

declare const host: EngineHost;

const suite = nativeSuite(host);

/** The script on the cryptography of the firmware. */
export function main(): void {
  new Player(host, suite).play();
}
