import { withEnds } from '../ends/end-process.js';
import { UdpProxy } from './udp-proxy.js';

/** What belongs to the beginning is over: records, first heartbeats, path checks. */
const SETTLE_MS = 5000;
const PROGRESS_MS = 15_000;

/** Two that have nothing to say, over UDP: bytes per 10 s, both ends together. */
export async function measureIdle(
  network: string,
  seconds: number,
  onProgress: (secondsLeft: number) => void,
): Promise<number> {
  return withEnds(async (start) => {
    const far = await start({ name: 'far', network, link: { kind: 'udp' } });
    const proxy = await UdpProxy.open(far.address);
    try {
      const near = await start({ name: 'near', network, link: { kind: 'udp', connect: proxy.address } });
      await near.ask({ kind: 'meet', peer: 'far' });
      await pause(SETTLE_MS);
      const mark = proxy.counted.mark;
      const startedAt = performance.now();
      const endAt = startedAt + seconds * 1000;
      for (let leftMs = endAt - startedAt; leftMs > 0; leftMs = endAt - performance.now()) {
        onProgress(Math.round(leftMs / 1000));
        await pause(Math.min(leftMs, PROGRESS_MS));
      }
      const tookMs = performance.now() - startedAt;
      return (proxy.counted.bytesSince(mark) * 10_000) / tookMs;
    } finally {
      proxy.close();
    }
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
