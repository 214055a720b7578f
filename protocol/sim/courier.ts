import { BROADCAST, type LinkAddress } from '@fogwisp/protocol';
import type { Microseconds } from './clock.js';
import { insist } from './failure.js';
import type { Flight } from './medium.js';
import { Port } from './port.js';

const LENT_BYTES_MIN = 65_536;
const SPOILT = 0xa5;
/** Lent packets never begin where their buffer does, as in drivers: whoever forgets `byteOffset` is found. */
const OFFSET = 7;

/** Where flights are put, to be given back by `deliver` at their time. */
interface Calendar {
  add(at: Microseconds, flight: Flight): unknown;
}

/** Between nodes and media: holds nodes to the rules of links, and hands packets over on loan. */
export class Courier {
  readonly #calendar: Calendar;
  readonly #spoilsBorrowed: boolean;
  #lent = new Uint8Array(LENT_BYTES_MIN);

  constructor(calendar: Calendar, spoilsBorrowed: boolean) {
    this.#calendar = calendar;
    this.#spoilsBorrowed = spoilsBorrowed;
  }

  /** A node sends; what breaks a rule here is a bug of the node. */
  accept(now: Microseconds, port: Port, to: LinkAddress, bytes: Uint8Array): void {
    const { medium } = port;
    const { info } = medium;
    insist(port.isUp, `link ${port.link} is up when something is sent`);
    insist(bytes.length > 0, 'a packet has bytes');
    insist(bytes.length <= info.mtu, `a packet of ${bytes.length} bytes fits the MTU of ${info.mtu}`);
    insist(info.cast !== 'point' || to === '', `the only address of a point link is '', not '${to}'`);
    insist(info.cast !== 'address' || to !== BROADCAST, 'nothing reaches all stations of this link');
    port.counters.sentPackets++;
    port.counters.sentBytes += bytes.length;
    medium.send(now, port, to, bytes);
    for (let flight = medium.shift(); flight !== undefined; flight = medium.shift()) {
      this.#calendar.add(flight.at, flight);
    }
  }

  /** The end of a flight. */
  deliver(now: Microseconds, flight: Flight): void {
    const { medium, goal, from, bytes } = flight;
    if (!medium.isAlive(flight)) {
      medium.counters.blocked++;
      return;
    }
    const port = goal instanceof Port ? goal : goal.end(now);
    if (port === undefined) return medium.refuse(now, flight);
    const { framing } = port;
    if (framing === undefined) return this.#hand(now, port, from, bytes);
    framing.push(bytes);
    for (let packet = framing.shift(); packet !== undefined; packet = framing.shift()) {
      this.#hand(now, port, from, packet);
    }
  }

  lend(bytes: Uint8Array): Uint8Array {
    if (!this.#spoilsBorrowed) return bytes;
    const end = OFFSET + bytes.length;
    if (end > this.#lent.length) this.#lent = new Uint8Array(2 * end);
    const lent = this.#lent.subarray(OFFSET, end);
    lent.set(bytes);
    return lent;
  }

  takeBack(bytes: Uint8Array): void {
    if (this.#spoilsBorrowed) bytes.fill(SPOILT);
  }

  #hand(now: Microseconds, port: Port, from: LinkAddress, bytes: Uint8Array): void {
    const isHeard = port.isUp && port.host.isRunning;
    port.medium.tap?.({ at: now, fate: isHeard ? 'arrived' : 'missed', port, address: from, bytes });
    if (!isHeard) {
      port.medium.counters.missed++;
      return;
    }
    port.counters.receivedPackets++;
    port.counters.receivedBytes += bytes.length;
    port.host.packet(port.link, from, bytes);
  }
}
