import type { Device } from '@fogwisp/device-sdk';
import { type Link, type TraceEntry, tracedLink } from '@fogwisp/firmware-shim';
import { fdPipeLink, lanLink, serialLink, tcpLink, tcpListener, udpLink } from '@fogwisp/firmware-shim/node';
import { toHex } from '@fogwisp/protocol';
import { unreachable } from '../../src/unreachable.js';
import { isHandshake } from '../sizes/packets.js';
import { type EndLink, PIPE_FD } from './orders.js';

const HOST = '127.0.0.1';
/** Those of a crowd would count as the memory of its nodes. */
const HANDSHAKES_KEPT_MAX = 16;

/** The link of an end, and what it saw. */
export class EndPort {
  /** The first handshake packets sent, in hexadecimal. */
  readonly handshakes: string[] = [];

  /** Resolves with the address once the link is up, or listens. */
  open(device: Device, link: EndLink): Promise<string> {
    switch (link.kind) {
      case 'udp': {
        const { connect, ...options } = link;
        return this.#add(device, udpLink({ ...options, bind: HOST }), connect);
      }
      case 'lan':
        return this.#add(device, lanLink({ port: link.port, loopbackOnly: true }));
      case 'tcp':
        return this.#add(device, tcpLink({ ...link, host: HOST }));
      case 'tcpListen':
        return listen(device, link);
      case 'serial':
        return this.#add(device, serialLink(link));
      case 'pipe':
        return this.#add(device, fdPipeLink(PIPE_FD, { mtu: link.mtu }));
      default:
        return unreachable(link);
    }
  }

  #add(device: Device, link: Link, connect?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const watched = tracedLink(link, (entry) => {
        this.#note(entry);
        if (entry.kind === 'up') resolve(entry.info.name);
        if (entry.kind === 'down') reject(new Error(entry.reason));
      });
      const id = device.addLink(watched);
      if (connect !== undefined) device.connect(id, connect);
    });
  }

  #note(entry: TraceEntry): void {
    if (entry.kind !== 'sent' || this.handshakes.length === HANDSHAKES_KEPT_MAX) return;
    if (isHandshake(entry.bytes)) this.handshakes.push(toHex(entry.bytes));
  }
}

async function listen(device: Device, link: { readonly mtu?: number }): Promise<string> {
  const source = tcpListener({ ...link, bind: HOST, port: 0 });
  device.addSource(source);
  while (source.address === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  return source.address;
}
