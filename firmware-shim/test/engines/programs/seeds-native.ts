import { nativeSuite } from '@fogwisp/firmware-shim';
import type { EngineHost } from './engine-host.js';
import { hashOfSeeds } from './seeds.js';

declare const host: EngineHost;

/** The ten worlds in an engine of boards. */
export function main(): void {
  const hash = hashOfSeeds(nativeSuite(host));
  host.measure('seeds');
  host.print(JSON.stringify({ result: { hash } }));
}
