import { freemem, loadavg, totalmem, uptime } from 'node:os';
import { readNetwork, readTemperatures } from '@fogwisp/device-sdk/machine';

/** What this machine can tell about itself, by topic. A counter that a machine lacks is absent. */
export type CounterName = 'load' | 'memory' | 'uptime' | 'temperature' | 'received' | 'sent';

export type Counters = ReadonlyMap<CounterName, () => number>;

/** The counters of the machine this runs on; what every system has comes from Node, the rest from Linux. */
export function hostCounters(): Counters {
  const counters = new Map<CounterName, () => number>([
    ['load', () => rounded(loadavg()[0] ?? 0, 2)], // of the last minute, as `uptime` prints it; 0 on Windows
    ['memory', () => rounded((1 - freemem() / totalmem()) * 100, 1)], // used, in percent
    ['uptime', () => Math.floor(uptime())],
  ]);
  if (celsius() !== undefined) counters.set('temperature', () => celsius() ?? 0);
  if (readNetwork().length > 0) {
    counters.set('received', () => sum(readNetwork().map((each) => each.receivedBytes)));
    counters.set('sent', () => sum(readNetwork().map((each) => each.sentBytes)));
  }
  return counters;
}

/** The first thermometer of the machine. */
function celsius(): number | undefined {
  const value = readTemperatures()[0]?.celsius;
  return value === undefined ? undefined : rounded(value, 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
