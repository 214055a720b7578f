import { type Device, FogError } from '@fogwisp/device-sdk';
import { ECHO_PATH } from './traffic.js';
import { type Exchange, machineMs } from './wire.js';

const AGAIN_MS = 200;

/** A request to each of those at once, again to those that cannot be reached until the time is over. */
export async function exchange(device: Device, names: readonly string[], forMs: number): Promise<Exchange> {
  const firstAt = machineMs();
  const endAt = firstAt + forMs;
  const answered = await Promise.all(names.map((name) => ask(device, name, endAt)));
  return {
    firstAt,
    lastAt: Math.max(firstAt, ...answered.filter((at) => at !== undefined)),
    unanswered: names.filter((_, index) => answered[index] === undefined),
  };
}

/** When the answer came. */
async function ask(device: Device, name: string, endAt: number): Promise<number | undefined> {
  for (let leftMs = endAt - machineMs(); leftMs > 0; leftMs = endAt - machineMs()) {
    try {
      await device.request(name, ECHO_PATH, null, { timeoutMs: Math.ceil(leftMs) });
      return machineMs();
    } catch (thrown) {
      if (!(thrown instanceof FogError)) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
  return undefined;
}
