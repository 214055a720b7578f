import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { SerialPort } from 'serialport';
import { ShimError } from '../shim-error.js';

/** One serial port of this machine. */
export interface SerialPortListing {
  /** What to give to `serialLink`: a path that stays the same over replugging, where there is one. */
  readonly path: string;
  /** What the kernel calls it now: '/dev/ttyUSB0'. */
  readonly device: string;
  /** What is known of the board, '' if nothing. */
  readonly description: string;
}

/** Links that udev names after the board, not after the order of plugging in. */
const BY_ID = '/dev/serial/by-id';
const TTY_CLASS = '/sys/class/tty';

/** `serialport` is optional: a node without a serial line needs no native code. */
export async function loadSerialPort(): Promise<typeof SerialPort> {
  try {
    return (await import('serialport')).SerialPort;
  } catch (error) {
    const message = 'serial links need the package serialport: run npm install serialport@13';
    throw new ShimError('serialportMissing', message, error);
  }
}

/** The ports of this machine, also where the package is missing or udevadm is (slim containers). */
export async function listSerialPorts(
  listed: () => Promise<
    readonly { readonly path: string; readonly manufacturer?: string | undefined }[]
  > = listByPackage,
): Promise<readonly SerialPortListing[]> {
  const stable = await stablePaths();
  const byPackage = await listed().catch(() => []); // its only failures are a missing package or udevadm
  const descriptions = new Map(byPackage.map((port) => [port.path, port.manufacturer ?? '']));
  const devices = new Set([...descriptions.keys(), ...(await ttyDevices()), ...stable.keys()]);
  return [...devices].sort().map((device) => {
    const path = stable.get(device) ?? device;
    const description = descriptions.get(device) || (path === device ? '' : path.slice(BY_ID.length + 1));
    return { path, device, description };
  });
}

async function listByPackage(): Promise<readonly { path: string; manufacturer: string | undefined }[]> {
  return (await loadSerialPort()).list();
}

/** From device to the name by id. */
async function stablePaths(): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const name of await namesIn(BY_ID)) {
    const path = join(BY_ID, name);
    const device = await realpath(path).catch(() => undefined); // unplugged this moment
    if (device !== undefined) paths.set(device, path);
  }
  return paths;
}

/** Ports with hardware behind them: the kernel makes many names for which there is none. */
async function ttyDevices(): Promise<readonly string[]> {
  const names = (await namesIn(TTY_CLASS)).filter((name) => /^tty(USB|ACM|AMA|S|O|mxc)\d+$/.test(name));
  const devices: string[] = [];
  for (const name of names) {
    const driver = await realpath(join(TTY_CLASS, name, 'device', 'driver')).catch(() => undefined);
    if (driver !== undefined && !driver.endsWith('/serial8250')) devices.push(`/dev/${name}`);
  }
  return devices;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []); // none there: another system, or nothing plugged in
}
