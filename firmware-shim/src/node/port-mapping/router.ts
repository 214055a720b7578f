import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** The router on the way to everybody else, and this machine on the network of that router. */
export interface RouterFacts {
  readonly router: string;
  readonly own: string;
}

const ROUTES = '/proc/net/route';
const IS_UP = 1;
const IS_GATEWAY = 2;

/** Undefined where there is none, or the system does not say. */
export function findRouter(
  routes: string | undefined = readRoutes(),
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): RouterFacts | undefined {
  const rows = (routes ?? '').split('\n').map((line) => line.trim().split(/\s+/));
  const defaults = rows.flatMap(([name = '', to, via = '', flags = '', , , metric, mask]) => {
    const isWay = (Number.parseInt(flags, 16) & (IS_UP | IS_GATEWAY)) === (IS_UP | IS_GATEWAY);
    const router = to === '00000000' && mask === '00000000' && isWay ? addressOf(via) : undefined;
    return router === undefined ? [] : [{ name, router, metric: Number(metric) }];
  });
  defaults.sort((a, b) => a.metric - b.metric);
  for (const { name, router } of defaults) {
    const own = interfaces[name]?.find(({ family }) => family === 'IPv4')?.address;
    if (own !== undefined) return { router, own };
  }
  return undefined;
}

/** Whether there is anywhere to look. */
export function canFindRouter(): boolean {
  return process.platform === 'linux';
}

/** '010200C0' is 192.0.2.1: as it lies in the memory of a little-endian machine. */
function addressOf(hex: string): string | undefined {
  if (!/^[0-9A-F]{8}$/i.test(hex)) return undefined;
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

function readRoutes(): string | undefined {
  try {
    return readFileSync(ROUTES, 'utf8');
  } catch {
    return undefined; // not Linux, or hidden from this process
  }
}
