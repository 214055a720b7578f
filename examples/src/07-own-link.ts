/**
 * A medium of your own is one class of four methods: here the two ends of a MessageChannel. Whatever carries
 * whole packets, or loses them whole, will do; everything above it (keys, paths, forwarding) stays as it is.
 * Run: node examples/dist/07-own-link.js
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createNetwork, Device, type Link, type LinkAddress, type LinkSink } from '@fogwisp/device-sdk';
import { type Print, runAsProgram } from './program.js';

class PortLink implements Link {
  readonly #port: MessagePort;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Says when it is up and what it can do. Nothing is told inside `open` itself, so it waits a moment. */
  open(sink: LinkSink): void {
    this.#port.on('message', (bytes: Uint8Array) => sink.packet('', bytes)); // '': there is one far end
    this.#port.on('close', () => sink.down('the other end is gone'));
    setImmediate(() =>
      sink.up({
        kind: 'port',
        name: 'worker',
        mtu: 1200,
        flow: 'datagram',
        cast: 'point',
        reliable: true,
        bitrate: 0,
      }),
    );
  }

  send(_to: LinkAddress, bytes: Uint8Array): boolean {
    this.#port.postMessage(bytes);
    return true;
  }

  close(): void {
    this.#port.removeAllListeners();
    this.#port.close();
  }
}

export async function run(print: Print): Promise<void> {
  const network = createNetwork();
  const { port1, port2 } = new MessageChannel();
  const left = await Device.start({
    name: 'left',
    network,
    links: [new PortLink(port1)],
    stateDirectory: false,
  });
  const right = await Device.start({
    name: 'right',
    network,
    links: [new PortLink(port2)],
    stateDirectory: false,
  });

  left.serve('double', (value) => (typeof value === 'number' ? 2 * value : 0));
  print(`right: twice 21 is ${await right.request('left', 'double', 21)}`);
  const { path } = await right.ping('left');
  print(`right: left is ${path.kind}, over ${path.link?.kind}`);

  await left.stop();
  await right.stop();
}

await runAsProgram(import.meta.url, run);
