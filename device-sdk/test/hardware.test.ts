import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ioPins, type PinIo } from '../src/hardware/io-pins.js';
import {
  readLoad,
  readMemory,
  readNetwork,
  readTemperatures,
  readUptimeSeconds,
} from '../src/hardware/machine.js';
import { Newest } from '../src/hardware/newest.js';

describe('Newest', () => {
  it('keeps order, skips what is out of date and ends with the last value', async () => {
    const sent: number[] = [];
    const finish: (() => void)[] = [];
    const newest = new Newest<number>(
      (value) => {
        sent.push(value);
        return new Promise<void>((resolve) => finish.push(resolve));
      },
      () => undefined,
    );
    for (const value of [1, 2, 3]) newest.put(value);
    expect(sent).toEqual([1]);
    finish[0]?.();
    await vi.waitUntil(() => sent.length === 2, { timeout: 5000 });
    expect(sent).toEqual([1, 3]);
    finish[1]?.();
    await Promise.resolve();
    await Promise.resolve();
    newest.put(4);
    expect(sent).toEqual([1, 3, 4]);
  });

  it('goes on after a failure', async () => {
    const failures: unknown[] = [];
    const newest = new Newest<number>(
      (value) => (value === 1 ? Promise.reject('lost') : Promise.resolve()),
      (thrown) => failures.push(thrown),
    );
    newest.put(1);
    newest.put(2);
    await vi.waitUntil(() => failures.length === 1, { timeout: 5000 });
    expect(failures).toEqual(['lost']);
  });
});

/** Writes down what an IO plugin is asked to do. */
function recordedIo(): { io: PinIo; calls: string[]; inputs: Map<string, (value: number) => void> } {
  const calls: string[] = [];
  const inputs = new Map<string, (value: number) => void>();
  const note = (name: string) => (pin: number, value: number, more?: number) => {
    calls.push([name, pin, value, more].filter((each) => each !== undefined).join(' '));
  };
  const io: PinIo = {
    MODES: { INPUT: 0, OUTPUT: 1, ANALOG: 2, PWM: 3, SERVO: 4, PULLUP: 11 },
    pins: [
      { supportedModes: [], analogChannel: 127 },
      { supportedModes: [0, 1, 3, 4, 11], analogChannel: 127 },
      { supportedModes: [0, 2], analogChannel: 0 },
    ],
    pinMode: note('pinMode'),
    digitalWrite: note('digitalWrite'),
    analogWrite: note('analogWrite'),
    servoWrite: note('servoWrite'),
    servoConfig: note('servoConfig'),
    digitalRead: (pin, listener) => inputs.set(`pin ${pin}`, listener),
    analogRead: (channel, listener) => inputs.set(`A${channel}`, listener),
  };
  return { io, calls, inputs };
}

describe('ioPins', () => {
  it('describes what the board can do', () => {
    expect(ioPins(recordedIo().io).descriptions).toEqual([
      { pin: 1, modes: ['input', 'pullUp', 'output', 'pwm', 'servo'] },
      { pin: 2, modes: ['input', 'analog'], analogChannel: 0 },
    ]);
  });

  it('writes in the way of the mode, which it sets once', () => {
    const { io, calls } = recordedIo();
    const pins = ioPins(io);
    void pins.setMode(1, 'output');
    void pins.write(1, 1);
    void pins.setMode(1, 'pwm');
    void pins.write(1, 128);
    void pins.setMode(1, 'pwm');
    void pins.write(1, 129);
    void pins.setMode(1, 'servo', { minUs: 600, maxUs: 2400 });
    void pins.write(1, 90);
    expect(calls).toEqual([
      'pinMode 1 1',
      'digitalWrite 1 1',
      'pinMode 1 3',
      'analogWrite 1 128',
      'analogWrite 1 129',
      'servoConfig 1 600 2400',
      'pinMode 1 4',
      'servoWrite 1 90',
    ]);
  });

  it('tells changes of inputs, analog ones by their channel', async () => {
    const { io, inputs } = recordedIo();
    const pins = ioPins(io);
    const heard: string[] = [];
    void pins.setMode(1, 'input');
    const digital = await pins.watch(1, (value) => heard.push(`digital ${value}`));
    void pins.setMode(2, 'analog');
    await pins.watch(2, (value) => heard.push(`analog ${value}`));
    for (const value of [0, 1, 1]) inputs.get('pin 1')?.(value);
    for (const value of [512, 512, 513]) inputs.get('A0')?.(value);
    digital.stop();
    inputs.get('pin 1')?.(0);
    expect(heard).toEqual(['digital 1', 'analog 512', 'analog 513']);
  });
});

describe('machine readings', () => {
  const roots: string[] = [];

  function machine(files: Readonly<Record<string, string>>): string {
    const root = mkdtempSync(join(tmpdir(), 'fogwisp-machine-'));
    roots.push(root);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return root;
  }

  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true });
  });

  it('come from the files of the kernel', () => {
    const root = machine({
      'proc/loadavg': '0.42 0.31 0.20 1/123 456\n',
      'proc/uptime': '3600.5 7000.1\n',
      'proc/meminfo': 'MemTotal:        1024 kB\nMemFree: 1 kB\nMemAvailable:     512 kB\n',
      'sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
      'sys/class/thermal/thermal_zone0/temp': '48312\n',
      'sys/class/thermal/cooling_device0/type': 'fan\n',
      'sys/bus/w1/devices/28-0316a2/temperature': '-1500\n',
      'sys/bus/w1/devices/w1_bus_master1/temperature': '1\n',
      'sys/class/net/eth0/statistics/rx_bytes': '1000\n',
      'sys/class/net/eth0/statistics/tx_bytes': '200\n',
      'sys/class/net/lo/statistics/rx_bytes': '5\n',
      'sys/class/net/lo/statistics/tx_bytes': '5\n',
    });
    expect(readLoad(root)).toBe(0.42);
    expect(readUptimeSeconds(root)).toBe(3600.5);
    expect(readMemory(root)).toEqual({ totalBytes: 1_048_576, availableBytes: 524_288 });
    expect(readTemperatures(root)).toEqual([
      { name: 'cpu-thermal', celsius: 48.312 },
      { name: '28-0316a2', celsius: -1.5 },
    ]);
    expect(readNetwork(root)).toEqual([{ name: 'eth0', receivedBytes: 1000, sentBytes: 200 }]);
  });

  it('are absent where the machine has none, and where a sensor gives nonsense', () => {
    const root = machine({
      'sys/class/thermal/thermal_zone0/temp': '',
      'proc/loadavg': 'broken',
      'sys/class/net/eth0/statistics/rx_bytes': '1',
    });
    expect([readLoad(root), readUptimeSeconds(root), readMemory(root)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([readTemperatures(root), readNetwork(root)]).toEqual([[], []]);
  });
});
