import { expect, it, vi } from 'vitest';
import { listSerialPorts, serialLink } from '../../src/node/index.js';
import { until } from '../conform.js';
import { TestSink } from '../sink.js';

vi.mock('serialport', () => {
  throw new Error("Cannot find package 'serialport'");
});

it('a serial link without the package says which one to install', async () => {
  const sink = new TestSink();
  serialLink({ path: '/dev/ttyUSB0' }).open(sink);
  await until(() => sink.downs.length > 0);
  expect(sink.downs[0]?.error).toMatchObject({
    code: 'serialportMissing',
    message: 'serial links need the package serialport: run npm install serialport@13',
  });
});

it('the list of serial ports needs no package', async () => {
  expect(Array.isArray(await listSerialPorts())).toBe(true);
});
