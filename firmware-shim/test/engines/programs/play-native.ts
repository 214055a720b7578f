import { nativeSuite } from '@fogwisp/firmware-shim';
import type { EngineHost } from './engine-host.js';
import { Player } from './play.js';

declare const host: EngineHost;

/** The script on the cryptography of the firmware. */
export function main(): void {
  new Player(host, nativeSuite(host)).play();
}
