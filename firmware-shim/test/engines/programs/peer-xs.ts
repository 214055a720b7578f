import { type XsDoors, XsPlatform, xsLine } from '@fogwisp/firmware-shim/xs';
import type { EngineHost } from './engine-host.js';
import { EnginePeer } from './engine-peer.js';
import { STDIO_LINE } from './stdio-line.js';

declare const host: EngineHost & XsDoors;

const TICKS = 1;

export function main(): void {
  const platform = new XsPlatform(host);
  const peer = new EnginePeer(platform, xsLine(host, STDIO_LINE), host.next());
  const tick = (): void => {
    if (!peer.isRunning) return;
    peer.tick();
    platform.setTimer(TICKS, peer.nextTickAt, tick);
  };
  peer.start();
  platform.setTimer(TICKS, peer.nextTickAt, tick);
}
