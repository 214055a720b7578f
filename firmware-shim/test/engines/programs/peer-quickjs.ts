import { type QuickJsOs, QuickJsPlatform, quickJsLine } from '@fogwisp/firmware-shim/quickjs';
import type { EngineHost } from './engine-host.js';
import { EnginePeer } from './engine-peer.js';
import { STDIO_LINE } from './stdio-line.js';

declare const host: EngineHost;
declare const os: QuickJsOs;

export function main(): void {
  const platform = new QuickJsPlatform(host, os);
  const line = quickJsLine(os, { input: 0, output: 1, info: STDIO_LINE });
  const peer = new EnginePeer(platform, line, host.next());
  const tick = (): void => {
    if (!peer.isRunning) return;
    peer.tick();
    os.setTimeout(tick, peer.nextTickAt - platform.now());
  };
  peer.start();
  os.setTimeout(tick, peer.nextTickAt - platform.now());
}
