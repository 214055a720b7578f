import type { LinkAddress } from '@fogwisp/protocol';
import { DatagramSocket } from './datagram-socket.js';
import { formatStation, parseStation, type Station } from './station.js';

/** As many as it takes (SPEC §7.11); a process may have 1,024 files as a rule. */
export const DOOR_COUNT = 256;

/** Doors that nobody answered at are shut after this; those in use when nothing came for long. */
const UNANSWERED_MS = 10_000;
const IDLE_MS = 5 * 60_000;
const SWEEP_MS = 5000;
/** What is said before the system has opened a door. */
const WAITING_MAX = 2;

const SIGN = '#';

interface Door {
  readonly socket: DatagramSocket;
  readonly waiting: { readonly to: Station; readonly bytes: Uint8Array }[];
  isOpen: boolean;
  isAnswered: boolean;
  heardAt: number;
}

/**
 * Further UDP sockets of one link, each with a port of its own, opened as something is sent by them:
 * 'a.b.c.d:port#7' is that station by the seventh of them.
 */
export class UdpDoors {
  readonly #bind: string;
  readonly #onPacket: (from: LinkAddress, bytes: Uint8Array) => void;
  readonly #doors = new Map<number, Door>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(bind: string, onPacket: (from: LinkAddress, bytes: Uint8Array) => void) {
    this.#bind = bind;
    this.#onPacket = onPacket;
  }

  /** How many are open. */
  get count(): number {
    return this.#doors.size;
  }

  send(name: LinkAddress, bytes: Uint8Array): boolean {
    const sign = name.lastIndexOf(SIGN);
    const number = Number(name.slice(sign + 1));
    if (sign < 0 || !(Number.isInteger(number) && number > 0 && number <= DOOR_COUNT)) return false;
    const to = parseStation(name.slice(0, sign));
    if (to === undefined) return false;
    const door = this.#doors.get(number) ?? this.#open(number);
    if (door.isOpen) return door.socket.send(to, bytes);
    if (door.waiting.length === WAITING_MAX) return false;
    door.waiting.push({ to, bytes: Uint8Array.from(bytes) });
    return true;
  }

  close(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    for (const { socket } of this.#doors.values()) socket.close();
    this.#doors.clear();
  }

  #open(number: number): Door {
    const family = this.#bind.includes(':') ? 6 : 4;
    const socket = new DatagramSocket(
      { family, address: this.#bind, port: 0, dual: this.#bind === '::' },
      {
        opened: () => {
          door.isOpen = true;
          for (const { to, bytes } of door.waiting.splice(0)) socket.send(to, bytes);
        },
        packet: (bytes, address, port) => {
          door.isAnswered = true;
          door.heardAt = performance.now();
          this.#onPacket(`${formatStation(address, port)}${SIGN}${number}`, bytes);
        },
        failed: () => this.#doors.delete(number),
      },
    );
    const door: Door = { socket, waiting: [], isOpen: false, isAnswered: false, heardAt: performance.now() };
    this.#doors.set(number, door);
    this.#sweep ??= setInterval(() => this.#shutIdle(), SWEEP_MS).unref();
    return door;
  }

  #shutIdle(): void {
    const now = performance.now();
    for (const [number, { socket, isAnswered, heardAt }] of this.#doors) {
      if (now - heardAt < (isAnswered ? IDLE_MS : UNANSWERED_MS)) continue;
      socket.close();
      this.#doors.delete(number);
    }
    if (this.#doors.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
