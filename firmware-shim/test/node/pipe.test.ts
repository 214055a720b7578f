import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex, PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linkConformance } from '../../src/conformance/index.js';
import { pipeLink } from '../../src/node/index.js';
import { conform, until } from '../conform.js';
import { bytesOf, TestSink } from '../sink.js';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Answers each packet in capitals. */
const CHILD = `
  import { fdPipeLink, pipeLink } from '@fogwisp/firmware-shim/node';
  const fd = Number(process.argv[1]);
  const link = fd > 2 ? fdPipeLink(fd) : pipeLink(process.stdin, process.stdout);
  link.open({
    up() {},
    packet(from, bytes) {
      link.send(from, new Uint8Array(Buffer.from(Buffer.from(bytes).toString().toUpperCase())));
    },
    down() { process.exitCode = 7; },
  });
`;

conform(
  'a pipe over streams',
  linkConformance(() => {
    const there = new PassThrough();
    const back = new PassThrough();
    return { near: pipeLink(back, there), far: pipeLink(there, back) };
  }),
);

function spawnChild(fd: number): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CHILD, String(fd)], {
    cwd: REPOSITORY,
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('a pipe link', () => {
  it('reaches a child process by its standard streams', async () => {
    const child = spawnChild(0);
    if (child.stdout === null || child.stdin === null) throw new Error('no pipes');
    const link = pipeLink(child.stdout, child.stdin, { name: 'child' });
    const sink = new TestSink();
    link.open(sink);
    await until(() => sink.info !== undefined);
    expect(sink.info).toMatchObject({
      kind: 'serial (pipe)',
      name: 'child',
      mtu: 1200,
      flow: 'stream',
      cast: 'point',
    });
    link.send('', bytesOf('hello'));
    await until(() => sink.has('HELLO'));
    child.kill('SIGKILL');
    await until(() => sink.downs.length > 0);
    expect(sink.downs[0]?.error).toMatchObject({
      code: 'pipeClosed',
      message: expect.stringMatching(
        /^serial \(pipe\) child ended: .*; start the program at its other end again$/,
      ),
    });
    expect(link.send('', bytesOf('x'))).toBe(false);
  });

  it('reaches a child process by a descriptor of its own, and the child sees the end', async () => {
    const child = spawnChild(3);
    const stream = child.stdio[3];
    if (!(stream instanceof Duplex)) throw new Error('no pipe');
    const link = pipeLink(stream, stream);
    const sink = new TestSink();
    link.open(sink);
    await until(() => link.send('', bytesOf('hello')));
    await until(() => sink.has('HELLO'));
    const code = new Promise((resolve) => child.once('exit', resolve));
    link.close();
    expect(await code).toBe(7);
  });

  it('over streams that have ended goes down instead of up', async () => {
    const ended = new PassThrough();
    ended.destroy();
    const sink = new TestSink();
    pipeLink(ended, new PassThrough()).open(sink);
    await until(() => sink.downs.length > 0);
    expect(sink.ups).toEqual([]);
  });
});
