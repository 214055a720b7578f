import { BROADCAST, type LinkAddress, type LinkInfo } from '@fogwisp/protocol';
import { type Microseconds, toMicroseconds } from './clock.js';
import { insist } from './failure.js';
import { airtime, Lane, type LinkQuality, PERFECT, RETRANSMIT_MS } from './link.js';
import { Crossing, type Nat } from './nat.js';
import { Port } from './port.js';
import type { Prng } from './prng.js';
import { addNoise, CHUNK_BYTES_MAX, damage, lineBytes, type StreamOptions } from './stream.js';

export interface MediumOptions extends Partial<LinkQuality> {
  /** What nodes are told: LinkInfo. */
  readonly kind?: string;
  readonly name?: string;
  readonly mtu?: number;
  readonly cast?: LinkInfo['cast'];
  /** As TCP: nothing is lost or reordered while it is up. Point media only. */
  readonly isReliable?: boolean;
  /** Ends notice that the other end went away; the default for reliable media. */
  readonly hasCarrier?: boolean;
  /** One transmission at a time among all stations (radio, bus); else each has a lane of its own. */
  readonly isShared?: boolean;
  /** Packets travel as framed bytes, in chunks. Point media only. */
  readonly stream?: StreamOptions;
}

/** A packet, or a chunk of a stream, on its way to one station. */
export interface Flight {
  readonly kind: 'flight';
  readonly at: Microseconds;
  readonly medium: Medium;
  readonly goal: Goal;
  readonly from: LinkAddress;
  readonly bytes: Uint8Array;
  /** The life of the medium that it belongs to: a cut loses what is in flight. */
  readonly life: number;
}

/** A station, or the way to it past boxes that decide on arrival. */
export type Goal = Port | Crossing;

export type Fate = 'sent' | 'arrived' | 'lost' | 'queueFull' | 'blocked' | 'nobody' | 'missed' | 'corrupted';

/** What a tap sees: the fate of one packet at one port. */
export interface Sighting {
  readonly at: Microseconds;
  readonly fate: Fate;
  readonly port: Port;
  readonly address: LinkAddress;
  readonly bytes: Uint8Array;
}
export type Tap = (sighting: Sighting) => void;

/**
 * One medium and everything it does to packets. A machine in spirit: `send` goes in with the time, flights
 * come out of `shift` with the time at which each arrives, and nothing else happens in between.
 */
export class Medium {
  readonly info: LinkInfo;
  readonly options: MediumOptions;
  readonly ports: Port[] = [];
  /** Boxes with stations behind them, where packets have addresses. */
  readonly nats: Nat[] = [];
  readonly counters = {
    lost: 0,
    queueFull: 0,
    blocked: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    missed: 0,
  };
  tap: Tap | undefined = undefined;
  readonly #random: Prng;
  readonly #byAddress = new Map<LinkAddress, Port>();
  readonly #air: Lane | undefined;
  readonly #quality: LinkQuality;
  readonly #flights: Flight[] = [];
  #head = 0;
  #life = 0;
  #isUp = true;
  #isCut = false;

  constructor(options: MediumOptions, random: Prng) {
    this.options = options;
    this.#random = random;
    this.#quality = { ...PERFECT, ...options };
    this.#air = options.isShared ? new Lane() : undefined;
    this.info = describe(options, this.#quality);
    const isPoint = this.info.cast === 'point';
    insist(isPoint || !options.isReliable, 'a reliable medium joins two stations');
    insist(isPoint || options.stream === undefined, 'a byte stream joins two stations');
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get hasCarrier(): boolean {
    return this.options.hasCarrier ?? this.info.reliable;
  }

  /** Time on the air of all stations together. */
  get airtimeUs(): Microseconds {
    if (this.#air !== undefined) return this.#air.airtimeUs;
    let sum = 0;
    for (const port of this.ports) sum += port.lane.airtimeUs;
    return sum;
  }

  attach(port: Omit<ConstructorParameters<typeof Port>[0], 'medium' | 'lane' | 'quality'>): Port {
    const isPoint = this.info.cast === 'point';
    insist(!isPoint || this.ports.length < 2, 'a point medium has two ends');
    const lane = this.#air ?? new Lane();
    const added = new Port({ ...port, medium: this, lane, quality: this.#quality });
    insist(isPoint === (added.address === ''), 'only the ends of a point medium have no address');
    this.ports.push(added);
    if (isPoint) return added;
    if (added.behind !== undefined) this.#admit(added.behind, added);
    else {
      insist(!this.#byAddress.has(added.address), `one station per address: ${added.address}`);
      this.#byAddress.set(added.address, added);
    }
    return added;
  }

  /** Another quality from now on, of one station's transmissions or of all. */
  change(quality: Partial<LinkQuality>, from?: Port): void {
    for (const port of from === undefined ? this.ports : [from])
      port.quality = { ...port.quality, ...quality };
  }

  /** Silently carries nothing, both ways; what is in flight is lost. Nobody is told. */
  cut(now: Microseconds): void {
    this.#isCut = true;
    this.#drop(now);
  }

  heal(): void {
    this.#isCut = false;
    for (const port of this.ports) port.deafTo.clear();
  }

  /** `deaf` no longer hears `mute`; the other way is as before. */
  block(mute: Port, deaf: Port): void {
    deaf.deafTo.add(mute);
  }

  unblock(mute: Port, deaf: Port): void {
    deaf.deafTo.delete(mute);
  }

  /** Ports are told by the world. */
  switchTo(isUp: boolean, now: Microseconds): void {
    this.#isUp = isUp;
    if (!isUp) this.#drop(now);
  }

  /** One end went away: a stream starts afresh, a datagram medium does not care. */
  restart(now: Microseconds): void {
    if (this.info.reliable || this.options.stream !== undefined) this.#drop(now);
  }

  isAlive(flight: Flight): boolean {
    return this.#isUp && !this.#isCut && flight.life === this.#life;
  }

  /** Whether anything that `from` sends can be heard at `to`, leaving chance aside. */
  carries(from: Port, to: Port): boolean {
    return this.#isUp && !this.#isCut && !to.deafTo.has(from) && from.reaches(to) && from.quality.loss < 1;
  }

  send(now: Microseconds, from: Port, to: LinkAddress, bytes: Uint8Array): void {
    this.#see(now, 'sent', from, to, bytes);
    from.firewall?.sent(now, to);
    const { stream } = this.options;
    if (stream !== undefined) return this.#sendStream(now, from, bytes, stream);
    const startsAt = from.lane.take(now, bytes.length, from.quality);
    if (startsAt === undefined) return this.#lose(now, 'queueFull', from, to, bytes);
    const length = bytes.length + from.quality.overheadBytes;
    const sentAt = startsAt + Math.ceil(airtime(length, from.quality));
    if (this.info.cast === 'point') return this.#spread(sentAt, from, this.#otherEnd(from), bytes);
    if (to === BROADCAST) {
      for (const port of from.reach ?? this.ports) if (port !== from) this.#spread(sentAt, from, port, bytes);
      return;
    }
    const goal = this.#goalOf(now, from, to);
    if (goal === undefined) this.#see(now, 'nobody', from, to, bytes);
    else this.#spread(sentAt, from, goal, bytes);
  }

  /** A box did not let a packet in. */
  refuse(now: Microseconds, { from, bytes }: Flight): void {
    this.counters.blocked++;
    const [port] = this.ports;
    if (port !== undefined) this.#see(now, 'blocked', port, from, bytes);
  }

  /** The next flight to put on the calendar. */
  shift(): Flight | undefined {
    if (this.#head === this.#flights.length) return undefined;
    const flight = this.#flights[this.#head++];
    if (this.#head === this.#flights.length) {
      this.#flights.length = 0;
      this.#head = 0;
    }
    return flight;
  }

  /** Counts a packet that did not make it, and shows it to the tap. */
  #lose(
    at: Microseconds,
    fate: 'lost' | 'queueFull' | 'blocked',
    port: Port,
    to: LinkAddress,
    bytes: Uint8Array,
  ): void {
    this.counters[fate]++;
    this.#see(at, fate, port, to, bytes);
  }

  #see(at: Microseconds, fate: Fate, port: Port, address: LinkAddress, bytes: Uint8Array): void {
    this.tap?.({ at, fate, port, address, bytes });
  }

  #admit(nat: Nat, port: Port): void {
    insist(this.info.cast === 'address', 'boxes stand where packets have addresses');
    if (!this.nats.includes(nat)) this.nats.push(nat);
    nat.admit(port);
  }

  #goalOf(now: Microseconds, from: Port, to: LinkAddress): Goal | undefined {
    const { behind } = from;
    const near = behind === undefined ? this.#byAddress.get(to) : behind.station(to);
    if (near !== undefined) return from.reaches(near) ? near : undefined;
    const source = behind === undefined ? from.address : behind.outbound(now, from, to);
    const far = this.#byAddress.get(to) ?? this.nats.find((nat) => nat.owns(to));
    return source === undefined || far === undefined ? undefined : new Crossing(source, far, to);
  }

  #otherEnd(port: Port): Port {
    const other = this.ports[0] === port ? this.ports[1] : this.ports[0];
    insist(other !== undefined, 'a point medium has two ends');
    return other;
  }

  #spread(sentAt: Microseconds, from: Port, to: Goal, bytes: Uint8Array): void {
    const random = this.#random;
    const { quality } = from;
    const heard = to instanceof Port ? to : from;
    const isKeptOut = to instanceof Port && to.firewall?.admits(sentAt, from.address) === false;
    if (this.#isCut || isKeptOut || heard.deafTo.has(from)) {
      return this.#lose(sentAt, 'blocked', heard, from.address, bytes);
    }
    if (this.info.reliable) {
      const wait = random.chance(quality.loss) ? toMicroseconds(RETRANSMIT_MS) : 0;
      return this.#fly(this.#inOrder(sentAt + wait + this.#travel(quality), from), from, to, bytes);
    }
    if (random.chance(quality.loss)) return this.#lose(sentAt, 'lost', heard, from.address, bytes);
    const isTwice = random.chance(quality.duplicate);
    if (isTwice) this.counters.duplicated++;
    for (let copies = isTwice ? 2 : 1; copies > 0; copies--) this.#propagate(sentAt, from, to, bytes);
  }

  #propagate(sentAt: Microseconds, from: Port, to: Goal, bytes: Uint8Array): void {
    const { quality } = from;
    let at = sentAt + this.#travel(quality);
    if (this.#random.chance(quality.reorder)) {
      this.counters.reordered++;
      at += this.#random.between(1, toMicroseconds(quality.reorderMs));
    } else if (this.info.cast === 'point') at = this.#inOrder(at, from);
    if (!this.#random.chance(quality.corrupt)) return this.#fly(at, from, to, bytes);
    this.counters.corrupted++;
    const damaged = damage(bytes, this.#random);
    this.#see(sentAt, 'corrupted', to instanceof Port ? to : from, from.address, damaged);
    this.#fly(at, from, to, damaged);
  }

  #travel(quality: LinkQuality): Microseconds {
    const jitterUs = toMicroseconds(quality.jitterMs);
    return toMicroseconds(quality.delayMs) + (jitterUs === 0 ? 0 : this.#random.below(jitterUs + 1));
  }

  #inOrder(at: Microseconds, from: Port): Microseconds {
    from.lastArrivalAt = Math.max(from.lastArrivalAt, at);
    return from.lastArrivalAt;
  }

  #fly(at: Microseconds, from: Port, goal: Goal, bytes: Uint8Array): void {
    const source = goal instanceof Port ? from.address : goal.source;
    this.#flights.push({ kind: 'flight', at, medium: this, goal, from: source, bytes, life: this.#life });
  }

  #sendStream(now: Microseconds, from: Port, packet: Uint8Array, stream: StreamOptions): void {
    insist(from.framing !== undefined, 'each end of a stream has its framing');
    const frame = lineBytes(
      from.framing.encodeFrame(packet),
      stream.makeFraming === undefined && from.lane.isIdle(now),
    );
    const to = this.#otherEnd(from);
    const startsAt = from.lane.take(now, frame.length, from.quality);
    if (startsAt === undefined) return this.#lose(now, 'queueFull', from, '', packet);
    if (this.#isCut || to.deafTo.has(from)) return this.#lose(now, 'blocked', to, '', packet);
    if (this.#random.chance(from.quality.loss)) return this.#lose(now, 'lost', to, '', packet);
    const heard = addNoise(frame, stream, this.#random);
    const travelUs = this.#travel(from.quality);
    for (let at = 0; at < heard.length; ) {
      const length = this.#random.between(1, stream.chunkBytesMax ?? CHUNK_BYTES_MAX);
      const chunk = heard.subarray(at, Math.min(at + length, heard.length));
      at += chunk.length;
      const arrivesAt = startsAt + Math.ceil(airtime(at, from.quality)) + travelUs;
      this.#fly(this.#inOrder(arrivesAt, from), from, to, chunk);
    }
  }

  /** Whatever was on its way is gone, and so is half a frame. */
  #drop(now: Microseconds): void {
    this.#life++;
    for (const port of this.ports) {
      port.lane.clear(now);
      port.lastArrivalAt = 0;
      port.renewFraming();
    }
  }
}

function describe(options: MediumOptions, quality: LinkQuality): LinkInfo {
  return {
    kind: options.kind ?? 'sim',
    name: options.name ?? '',
    mtu: options.mtu ?? 1200,
    flow: options.stream === undefined ? 'datagram' : 'stream',
    cast: options.cast ?? 'point',
    reliable: options.isReliable ?? false,
    bitrate: quality.bitrate,
  };
}
