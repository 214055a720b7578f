import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SerialPort } from 'serialport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linkConformance } from '../../src/conformance/index.js';
import { listSerialPorts, serialLink } from '../../src/node/index.js';
import { conform, until } from '../conform.js';
import { needs } from '../needs.js';
import { bytesOf, TestSink } from '../sink.js';
import { Cable } from './pty.js';
import { scratchDirectory } from './scratch.js';

const socat = needs('socat', 'a serial link on a cable');

async function pluggedCable(): Promise<Cable> {
  const cable = new Cable(scratchDirectory());
  await cable.plug();
  onTestFinished(() => cable.unplug());
  return cable;
}

function openedOn(path: string) {
  const link = serialLink({ path, retryMsMin: 10 });
  const sink = new TestSink();
  link.open(sink);
  onTestFinished(() => link.close());
  return { link, sink };
}

/** A program at the other end that is not ours. */
async function rawPort(path: string): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
  onTestFinished(() => {
    if (port.isOpen) port.close();
  });
  return port;
}

describe.skipIf(socat.isMissing)(socat.title, () => {
  conform(
    'over a pseudo-terminal',
    linkConformance(async () => {
      const directory = mkdtempSync(join(tmpdir(), 'fogwisp-test-'));
      const cable = new Cable(directory);
      await cable.plug();
      const [near, far] = cable.ends;
      return {
        near: serialLink({ path: near }),
        far: serialLink({ path: far }),
        release: async () => {
          await cable.unplug();
          rmSync(directory, { recursive: true });
        },
      };
    }),
  );

  it('describes itself, with the baud rate as what the line carries', async () => {
    const cable = await pluggedCable();
    const { sink } = openedOn(cable.ends[0]);
    await until(() => sink.info !== undefined);
    expect(sink.info).toEqual({
      kind: 'serial',
      name: cable.ends[0],
      mtu: 1200,
      flow: 'stream',
      cast: 'point',
      reliable: false,
      bitrate: 115_200,
    });
  });

  it('comes back after the cable was pulled in the middle of a transfer', async () => {
    const cable = await pluggedCable();
    const near = openedOn(cable.ends[0]);
    const far = openedOn(cable.ends[1]);
    for (let round = 1; round <= 3; round++) {
      await until(() => near.sink.ups.length === round && far.sink.ups.length === round);
      let sent = 0;
      await until(() => {
        for (let i = 0; i < 5; i++)
          if (near.link.send('', bytesOf(`${round}:${sent} `.padEnd(900, 'x')))) sent++;
        return far.sink.packets.some((packet) => packet.text.startsWith(`${round}:`));
      });
      near.link.send('', bytesOf('y'.repeat(1200))); // under way when the cable goes
      await cable.unplug();
      await until(() => near.sink.info === undefined && far.sink.info === undefined);
      expect(near.link.send('', bytesOf('x'))).toBe(false);
      await until(() => near.sink.downs.at(-1)?.error?.code === 'noSuchPort');
      await cable.plug();
    }
    await until(() => near.sink.ups.length === 4 && far.sink.ups.length === 4);
    const whole = /^(\d+:\d+ x+|y{1200})$/;
    expect(far.sink.packets.every((packet) => whole.test(packet.text))).toBe(true);
    far.link.send('', bytesOf('and back'));
    await until(() => near.sink.has('and back'));
  });

  it('waits for a port that is not there yet, and says what to do', async () => {
    const cable = new Cable(scratchDirectory());
    const { link, sink } = openedOn(cable.ends[0]);
    await until(() => sink.downs.length > 0);
    expect(sink.downs[0]?.error).toMatchObject({
      code: 'noSuchPort',
      message:
        `no serial port ${cable.ends[0]}: plug the board in, or see /dev/serial/by-id for another path; ` +
        'opens when it is there',
    });
    await cable.plug();
    onTestFinished(() => cable.unplug());
    await until(() => sink.info !== undefined);
    expect(sink.downs).toHaveLength(1); // told once, however often it was tried
    expect(link.damagedFrames).toBe(0);
  });

  it('says when another program has the port, and opens once it is free', async () => {
    const cable = await pluggedCable();
    const other = await rawPort(cable.ends[0]);
    const { sink } = openedOn(cable.ends[0]);
    await until(() => sink.downs.length > 0);
    expect(sink.downs[0]?.error).toMatchObject({
      code: 'portBusy',
      message: expect.stringMatching(/^serial port .* is in use: close the program that has it \('fuser /),
    });
    other.close();
    await until(() => sink.info !== undefined);
  });

  it('counts what a wrong baud rate makes of frames, asks about it, and still finds good ones', async () => {
    const cable = await pluggedCable();
    const other = await rawPort(cable.ends[1]);
    const { link, sink } = openedOn(cable.ends[0]);
    await until(() => sink.info !== undefined);
    other.write(Buffer.from('\x80\xf0\x00'.repeat(20), 'latin1'));
    await until(() => sink.notices.length > 0);
    expect(link.damagedFrames).toBeGreaterThanOrEqual(8);
    expect(sink.notices[0]).toMatch(
      /damaged frames from .* and not one whole: is 115200 the rate of the other end/,
    );
    await new Promise<void>((resolve) => other.close(() => resolve()));
    const far = openedOn(cable.ends[1]);
    await until(() => far.link.send('', bytesOf('good')));
    await until(() => sink.has('good'));
  });

  it('closed while it opens is silent, and leaves the port free', async () => {
    const cable = await pluggedCable();
    const { link, sink } = openedOn(cable.ends[0]);
    link.close();
    const second = openedOn(cable.ends[0]);
    await until(() => second.sink.info !== undefined);
    expect([sink.ups, sink.downs]).toEqual([[], []]);
  });

  it('gets out what was sent last before it closed', async () => {
    const cable = await pluggedCable();
    const near = openedOn(cable.ends[0]);
    const far = openedOn(cable.ends[1]);
    await until(() => near.sink.info !== undefined && far.sink.info !== undefined);
    near.link.send('', bytesOf('goodbye'.padEnd(1200, '!')));
    near.link.close();
    await until(() => far.sink.packets.length === 1);
  });
});

describe('a serial link', () => {
  it('on something that is no serial port says so', async () => {
    const path = join(scratchDirectory(), 'file');
    writeFileSync(path, '');
    const { sink } = openedOn(path);
    await until(() => sink.downs.length > 0);
    expect(sink.downs[0]?.error).toMatchObject({
      code: 'portFailed',
      message: expect.stringMatching(
        /^serial port .* at 115200: .*; check that it is a serial port and knows this/,
      ),
    });
  });
});

describe('the list of serial ports', () => {
  it('survives a missing udevadm', async () => {
    const failing = () => Promise.reject(new Error('spawn udevadm ENOENT'));
    expect(Array.isArray(await listSerialPorts(failing))).toBe(true);
    expect(Array.isArray(await listSerialPorts())).toBe(true);
  });

  it('tells the board, if it is known', async () => {
    const listed = async () => [
      { path: '/dev/ttyUSB7', manufacturer: 'Silicon Labs' },
      { path: '/dev/ttyACM3', manufacturer: undefined },
    ];
    const ports = await listSerialPorts(listed);
    expect(ports).toContainEqual({
      path: '/dev/ttyUSB7',
      device: '/dev/ttyUSB7',
      description: 'Silicon Labs',
    });
    expect(ports).toContainEqual({ path: '/dev/ttyACM3', device: '/dev/ttyACM3', description: '' });
  });
});
