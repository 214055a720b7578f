import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { LinkAddress } from '@fogwisp/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linkConformance } from '../../src/conformance/index.js';
import type { Link, LinkSink, LinkSource, LinkSourceSink } from '../../src/index.js';
import { type TcpListenerOptions, type TcpOptions, tcpLink, tcpListener } from '../../src/node/index.js';
import { conform, until } from '../conform.js';
import { bytesOf, TestSink } from '../sink.js';

const LOOPBACK = '127.0.0.1';

/** What a listener tells. */
class SourceRecorder implements LinkSourceSink {
  readonly links: Link[] = [];
  readonly sinks = new Map<Link, TestSink>();
  readonly removed: Link[] = [];
  readonly ups: LinkAddress[] = [];
  readonly downs: { readonly reason: string; readonly error: unknown }[] = [];
  readonly notices: string[] = [];

  add(link: Link): void {
    const sink = new TestSink();
    this.links.push(link);
    this.sinks.set(link, sink);
    link.open(sink);
  }

  remove(link: Link): void {
    this.removed.push(link);
  }

  up(address: LinkAddress): void {
    this.ups.push(address);
  }

  down(reason: string, error?: unknown): void {
    this.downs.push({ reason, error });
  }

  notice(text: string): void {
    this.notices.push(text);
  }
}

async function listening(options: TcpListenerOptions = {}) {
  const listener = tcpListener({ bind: LOOPBACK, ...options });
  const recorder = new SourceRecorder();
  listener.open(recorder);
  onTestFinished(() => {
    listener.close();
    for (const link of recorder.links) link.close();
  });
  await until(() => recorder.ups.length + recorder.downs.length > 0);
  return { listener, recorder, port: Number(listener.address?.split(':').at(-1)) };
}

function dialing(options: Partial<TcpOptions> & { readonly port: number }) {
  const link = tcpLink({ host: LOOPBACK, retryMsMin: 20, ...options });
  const sink = new TestSink();
  link.open(sink);
  onTestFinished(() => link.close());
  return { link, sink };
}

/** The first link that a listener accepts, as a link that can be opened before it is there. */
class FirstAccepted implements Link {
  readonly #source: LinkSource;
  #link: Link | undefined;

  constructor(source: LinkSource) {
    this.#source = source;
  }

  open(sink: LinkSink): void {
    this.#source.open({
      add: (link) => {
        this.#link = link;
        link.open(sink);
      },
      remove: () => {},
      up: () => {},
      down: (reason, error) => sink.down(reason, error),
    });
  }

  send(to: LinkAddress, bytes: Uint8Array): boolean {
    return this.#link?.send(to, bytes) ?? false;
  }

  close(): void {
    this.#source.close();
    this.#link?.close();
  }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function accepted() {
  const port = await freePort();
  const near = tcpLink({ host: LOOPBACK, port, retryMsMin: 5 });
  return { near, far: new FirstAccepted(tcpListener({ bind: LOOPBACK, port })) };
}

conform('TCP, dialled', linkConformance(accepted));
conform(
  'TCP, accepted',
  linkConformance(async () => {
    const { near, far } = await accepted();
    return { near: far, far: near };
  }),
);

describe('a TCP listener', () => {
  it('makes a link of each connection, and says when it is gone', async () => {
    const { recorder, port } = await listening();
    const dialers = [dialing({ port }), dialing({ port })];
    await until(() => [...recorder.sinks.values()].filter((sink) => sink.info !== undefined).length === 2);
    for (const { link } of dialers) link.send('', bytesOf('hello'));
    await until(() => [...recorder.sinks.values()].every((sink) => sink.has('hello')));
    dialers[0]?.link.close();
    await until(() => recorder.removed.length === 1);
    const [gone] = recorder.removed;
    const sink = gone && recorder.sinks.get(gone);
    expect(sink?.downs[0]?.reason).toMatch(/^tcp 127\.0\.0\.1:\d+ ended: the other end closed it/);
    expect(sink?.downs[0]?.error?.code).toBe('pipeClosed');
  });

  it('delivers what a peer said last before it closed', async () => {
    const { recorder, port } = await listening();
    const { link, sink } = dialing({ port });
    await until(() => sink.info !== undefined);
    link.send('', bytesOf('goodbye'));
    link.close();
    await until(() => recorder.removed.length === 1);
    expect([...recorder.sinks.values()][0]?.has('goodbye')).toBe(true);
  });

  it('accepts no more than it may, and says so once', async () => {
    const { recorder, port } = await listening({ acceptedCountMax: 2 });
    const sockets = Array.from({ length: 4 }, () => connect(port, LOOPBACK).on('error', () => {}));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await until(() => sockets.filter((socket) => socket.destroyed).length === 2);
    expect(recorder.links).toHaveLength(2);
    expect(recorder.notices).toHaveLength(1);
    expect(recorder.notices[0]).toMatch(/has 2 peers and accepts no more/);
  });

  it('says when its port is in use, and listens once it is free', async () => {
    const first = await listening();
    const second = await listening({ port: first.port });
    expect(second.recorder.downs[0]?.error).toMatchObject({
      code: 'addressInUse',
      message: expect.stringContaining(`TCP port ${first.port} on 127.0.0.1 is in use: stop the program`),
    });
    first.listener.close();
    await until(() => second.recorder.ups.length === 1);
  });

  it('outlives peers that send rubbish or vanish', async () => {
    const { recorder, port } = await listening();
    for (let i = 0; i < 10; i++) {
      const socket = connect(port, LOOPBACK);
      await once(socket, 'connect');
      socket.write(Buffer.alloc(100_000, i));
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.end();
    }
    await until(() => recorder.removed.length === 10);
    expect([...recorder.sinks.values()].every((sink) => sink.packets.length === 0)).toBe(true);
    const { link } = dialing({ port });
    await until(() => link.send('', bytesOf('hello')));
    await until(() => [...recorder.sinks.values()].some((sink) => sink.has('hello')));
  });
});

describe('a TCP dialler', () => {
  it('says that nobody listens, once, and gets through when somebody does', async () => {
    const port = await freePort();
    const { link, sink } = dialing({ port });
    await until(() => sink.downs.length > 0);
    expect(sink.downs[0]?.error).toMatchObject({
      code: 'refused',
      message:
        `nobody listens on TCP 127.0.0.1:${port}: ` +
        'start the other node or correct the address; trying again',
    });
    const { recorder } = await listening({ port });
    await until(() => sink.info !== undefined);
    expect(sink.downs).toHaveLength(1);
    link.send('', bytesOf('hello'));
    await until(() => [...recorder.sinks.values()].some((each) => each.has('hello')));
  });

  it('dials again after the connection broke', async () => {
    const { recorder, port } = await listening();
    const { link, sink } = dialing({ port });
    for (let count = 1; count <= 3; count++) {
      await until(() => sink.ups.length === count && recorder.links.length === count);
      link.send('', bytesOf(`hello ${count}`));
      await until(
        () =>
          recorder.links.at(-1) !== undefined &&
          [...recorder.sinks.values()].at(-1)?.has(`hello ${count}`) === true,
      );
      recorder.links.at(-1)?.close();
    }
    expect(sink.info?.mtu).toBe(16_384);
  });

  it('closed while it dials is silent', async () => {
    const { recorder, port } = await listening();
    const { link, sink } = dialing({ port });
    link.close();
    const other = dialing({ port });
    await until(() => other.sink.info !== undefined);
    expect([sink.ups, sink.downs]).toEqual([[], []]);
    expect(recorder.notices).toEqual([]);
  });

  it('drops what a peer that does not read leaves no room for', async () => {
    const server = createServer((socket) => socket.pause()).listen(0, LOOPBACK);
    await once(server, 'listening');
    const sockets: import('node:net').Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    const { link, sink } = dialing({
      port: typeof address === 'object' && address !== null ? address.port : 0,
    });
    await until(() => sink.info !== undefined);
    let taken = 0;
    for (let i = 0; i < 4000 && link.send('', new Uint8Array(16_384).fill(1)); i++) taken++;
    expect(taken).toBeGreaterThan(100);
    expect(taken).toBeLessThan(1000); // the queue is 4 MiB; the system has not been asked yet
    expect(link.send('', new Uint8Array(16_384).fill(1))).toBe(false);
  });
});
