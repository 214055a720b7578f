import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a Linux machine says about itself: real readings, with nothing to wire. `root` is for tests. */

export interface Memory {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

export interface Temperature {
  readonly name: string;
  readonly celsius: number;
}

export interface NetworkCounters {
  readonly name: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Processes that want to run, averaged over the last minute. */
export function readLoad(root = '/'): number | undefined {
  return finite(read(root, 'proc/loadavg')?.split(' ')[0]);
}

export function readUptimeSeconds(root = '/'): number | undefined {
  return finite(read(root, 'proc/uptime')?.split(' ')[0]);
}

export function readMemory(root = '/'): Memory | undefined {
  const text = read(root, 'proc/meminfo');
  const totalBytes = kibibytes(text, 'MemTotal');
  const availableBytes = kibibytes(text, 'MemAvailable');
  return totalBytes === undefined || availableBytes === undefined
    ? undefined
    : { totalBytes, availableBytes };
}

/** Thermal zones (any Raspberry Pi has one) and 1-wire sensors; empty on a machine without either. */
export function readTemperatures(root = '/'): readonly Temperature[] {
  const zones = entries(root, 'sys/class/thermal')
    .filter((entry) => entry.startsWith('thermal_zone'))
    .map((entry) => {
      const folder = `sys/class/thermal/${entry}`;
      return { name: read(root, `${folder}/type`) ?? entry, milli: finite(read(root, `${folder}/temp`)) };
    });
  const wires = entries(root, 'sys/bus/w1/devices')
    .filter((entry) => /^(10|22|28|3b|42)-/.test(entry)) // family codes of thermometers
    .map((entry) => ({ name: entry, milli: finite(read(root, `sys/bus/w1/devices/${entry}/temperature`)) }));
  const readings: Temperature[] = [];
  for (const { name, milli } of [...zones, ...wires]) {
    if (milli !== undefined) readings.push({ name, celsius: milli / 1000 });
  }
  return readings;
}

/** Since the interface came up, loopback left out. */
export function readNetwork(root = '/'): readonly NetworkCounters[] {
  const counters: NetworkCounters[] = [];
  for (const name of entries(root, 'sys/class/net')) {
    const folder = `sys/class/net/${name}/statistics`;
    const receivedBytes = finite(read(root, `${folder}/rx_bytes`));
    const sentBytes = finite(read(root, `${folder}/tx_bytes`));
    if (name === 'lo' || receivedBytes === undefined || sentBytes === undefined) continue;
    counters.push({ name, receivedBytes, sentBytes });
  }
  return counters;
}

/** undefined when the machine does not have it: sensors come and go. */
function read(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function entries(root: string, path: string): readonly string[] {
  try {
    return readdirSync(join(root, path)).sort();
  } catch {
    return [];
  }
}

function kibibytes(text: string | undefined, key: string): number | undefined {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text ?? '');
  return found === null ? undefined : Number(found[1]) * 1024;
}

function finite(text: string | undefined): number | undefined {
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
