import { readdirSync, readFileSync } from 'node:fs';
import { freemem, loadavg, totalmem, uptime } from 'node:os';
import { join } from 'node:path';

/** What this machine can tell about itself, by topic. A counter that a machine lacks is absent. */
export type CounterName = 'load' | 'memory' | 'uptime' | 'temperature' | 'received' | 'sent';

export type Counters = ReadonlyMap<CounterName, () => number>;

const THERMAL = '/sys/class/thermal';
const NETWORK = '/proc/net/dev';

/** The counters of the machine this runs on. */
export function hostCounters(): Counters {
  const counters = new Map<CounterName, () => number>([
    ['load', loadOfMinute],
    ['memory', memoryPercent],
    ['uptime', () => Math.floor(uptime())],
  ]);
  const thermometer = findThermometer();
  if (thermometer !== undefined) counters.set('temperature', () => readCelsius(thermometer) ?? 0);
  if (networkBytes() !== undefined) {
    counters.set('received', () => networkBytes()?.received ?? 0);
    counters.set('sent', () => networkBytes()?.sent ?? 0);
  }
  return counters;
}

/** Units, for people. */
export const COUNTER_UNITS: Record<CounterName, string> = {
  load: '',
  memory: '%',
  uptime: 's',
  temperature: '°C',
  received: 'B',
  sent: 'B',
};

/** The load average of the last minute, as `uptime` prints it. Windows has none and says 0. */
function loadOfMinute(): number {
  return rounded(loadavg()[0] ?? 0, 2);
}

/** Used, in percent. Linux counts its caches as free in MemAvailable, which os.freemem may not. */
function memoryPercent(): number {
  return rounded((1 - freemem() / totalmem()) * 100, 1);
}

function findThermometer(): string | undefined {
  const zones = entriesOf(THERMAL).filter((zone) => zone.startsWith('thermal_zone'));
  return zones.map((zone) => join(THERMAL, zone, 'temp')).find((path) => readCelsius(path) !== undefined);
}

function readCelsius(path: string): number | undefined {
  const text = textOf(path)?.trim();
  if (text === undefined || !/^-?\d+$/.test(text)) return undefined;
  return rounded(Number(text) / 1000, 1);
}

/** Bytes of all interfaces but the loopback since start; undefined where there is no /proc. */
export function networkBytes(text = textOf(NETWORK)): { received: number; sent: number } | undefined {
  if (text === undefined) return undefined;
  let received = 0;
  let sent = 0;
  for (const line of text.split('\n')) {
    const [name, numbers] = line.split(':');
    if (numbers === undefined || name?.trim() === 'lo') continue;
    const fields = numbers.trim().split(/\s+/).map(Number);
    received += fields[0] ?? 0;
    sent += fields[8] ?? 0;
  }
  return { received, sent };
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
