import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { LinkAddress } from '@fogwisp/protocol';
import { Nat, type NatOptions, Prng, type Station, toMicroseconds } from '@fogwisp/protocol/sim';
import { ownAddress } from '../stage.js';
import { splitAddress, withAddress } from './address-header.js';

const LOOPBACK = '127.0.0.1';
/** Beyond, the oldest is closed: who is reached by it does without. */
const DOORS_MAX = 32;

export type BoxOptions = Pick<NatOptions, 'mapping' | 'filtering'>;

/**
 * A router that one peer is behind, by the simulator's model of one, between real UDP sockets: the model says
 * which packets pass, and each port that it gives out is a socket here, a door to the others.
 */
export class NatBox {
  readonly #nat: Nat<Station>;
  readonly #inside: Socket;
  readonly #station: Station = { address: 'inside:1' };
  readonly #doors = new Map<LinkAddress, Socket>();
  /** Where the peer is, since it was heard. */
  #peer: RemoteInfo | undefined;
  #isClosed = false;

  private constructor(inside: Socket, options: BoxOptions) {
    // Its sockets have the ports that the system gives, so the model's are but names: also its own address.
    this.#nat = new Nat({ ip: 'outside', ...options }, new Prng(randomInt(2 ** 47)));
    this.#inside = inside;
    inside.on('message', (bytes, from) => this.#onInside(bytes, from));
    inside.on('error', () => undefined); // the peer was killed
  }

  static async open(options: BoxOptions): Promise<NatBox> {
    const inside = createSocket('udp4');
    inside.bind(0, LOOPBACK);
    await once(inside, 'listening');
    return new NatBox(inside, options);
  }

  /** Where the peer sends its packets, each with the address that it is for. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** As if its power had gone for a moment: it knows nothing of before, and gives out other ports. */
  restart(): void {
    this.#nat.reboot();
    for (const external of [...this.#doors.keys()]) this.#closeDoor(external);
  }

  close(): void {
    this.restart();
    this.#isClosed = true;
    this.#inside.close();
  }

  #onInside(bytes: Buffer, from: RemoteInfo): void {
    const to = splitAddress(bytes);
    if (to === undefined) return;
    this.#peer = from;
    const external = this.#nat.outbound(now(), this.#station, `${to.ip}:${to.port}`);
    if (external !== undefined) this.#doorOf(external).send(to.packet, to.port, to.ip);
  }

  #onOutside(external: LinkAddress, bytes: Buffer, from: RemoteInfo): void {
    const source = `${from.address}:${from.port}`;
    const isIn = this.#nat.inbound(now(), source, external) !== undefined;
    const addressed = withAddress(source, bytes);
    if (!isIn || addressed === undefined || this.#peer === undefined || this.#isClosed) return;
    this.#inside.send(addressed, this.#peer.port, this.#peer.address);
  }

  #doorOf(external: LinkAddress): Socket {
    const known = this.#doors.get(external);
    if (known !== undefined) return known;
    const [oldest] = this.#doors.keys();
    if (oldest !== undefined && this.#doors.size >= DOORS_MAX) this.#closeDoor(oldest);
    const door = createSocket('udp4');
    door.on('message', (bytes, from) => this.#onOutside(external, bytes, from));
    door.on('error', () => undefined); // nobody is at that address
    door.bind(0, ownAddress()); // nobody tells others of loopback; what is sent before it is bound waits
    this.#doors.set(external, door);
    return door;
  }

  #closeDoor(external: LinkAddress): void {
    this.#doors.get(external)?.close();
    this.#doors.delete(external);
  }
}

function now(): number {
  return toMicroseconds(performance.now());
}
