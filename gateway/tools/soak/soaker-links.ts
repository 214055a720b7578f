import type { Device, LinkId, LinkSource } from '@fogwisp/device-sdk';
import { fdPipeLink, lanLink, serialLink, tcpLink, tcpListener, udpLink } from '@fogwisp/firmware-shim/node';
import { unreachable } from '../../src/unreachable.js';
import { keepOneStation } from './one-station.js';
import { WalledLink } from './walled-link.js';
import { SOAK_PIPE_FD, type SoakLink } from './wire.js';

const HOST = '127.0.0.1';
const RETRY_MS_MIN = 300;

type Plugged =
  | { readonly kind: 'link'; readonly id: LinkId }
  | { readonly kind: 'source'; readonly source: LinkSource };

/** The links of one peer, which are pulled and plugged again. */
export class SoakerLinks {
  readonly #device: Device;
  readonly #links: readonly SoakLink[];
  readonly #plugged = new Map<number, Plugged>();

  constructor(device: Device, links: readonly SoakLink[]) {
    this.#device = device;
    this.#links = links;
  }

  plugAll(): void {
    for (const index of this.#links.keys()) this.plug(index);
  }

  plug(index: number): void {
    const link = this.#links[index];
    if (link === undefined || this.#plugged.has(index)) return;
    this.#plugged.set(index, this.#open(link));
  }

  pull(index: number): void {
    const plugged = this.#plugged.get(index);
    this.#plugged.delete(index);
    if (plugged?.kind === 'link') this.#device.removeLink(plugged.id);
    if (plugged?.kind === 'source') this.#device.removeSource(plugged.source);
  }

  #open(link: SoakLink): Plugged {
    const device = this.#device;
    switch (link.kind) {
      case 'lan':
        return added(device.addLink(lanLink({ port: link.port, loopbackOnly: true })));
      case 'udp': {
        const udp = udpLink({ bind: HOST, port: link.port });
        const walls = link.only === undefined ? undefined : new WalledLink(udp, link.only);
        const id = device.addLink(walls ?? udp);
        const { connect = [], spare } = link;
        for (const address of connect) device.connect(id, address);
        if (walls !== undefined && spare !== undefined)
          keepOneStation(device, { id, walls }, [...connect, ...spare]);
        return added(id);
      }
      case 'tcp':
        return added(device.addLink(tcpLink({ host: HOST, port: link.port, retryMsMin: RETRY_MS_MIN })));
      case 'tcpListen': {
        const source = tcpListener({ bind: HOST, port: link.port });
        device.addSource(source);
        return { kind: 'source', source };
      }
      case 'serial':
        return added(device.addLink(serialLink({ path: link.path, retryMsMin: RETRY_MS_MIN })));
      case 'pipe':
        return added(device.addLink(fdPipeLink(SOAK_PIPE_FD)));
      default:
        return unreachable(link);
    }
  }
}

function added(id: LinkId): Plugged {
  return { kind: 'link', id };
}
