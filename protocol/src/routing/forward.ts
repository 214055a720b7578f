import type { CryptoSuite } from '../crypto/suite.js';
import { readU32 } from '../kernel/bytes.js';
import type { DropReason } from '../kernel/fault.js';
import type { DirectVia, ShortKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import type { Limits } from '../limits.js';
import { decodeForward, LABEL_HOPS_MAX } from '../packet/forward.js';
import type { Label, LabelUnknown, RelayRefused } from '../packet/message.js';
import { expandCounter } from '../packet/session-header.js';
import type { RouterOutput } from './doors.js';
import type { RouteExchange } from './exchange.js';
import {
  finishFrame,
  isAuthentic,
  newFrame,
  PACKET_AT,
  writeByIdHead,
  writeLabelHead,
} from './frame-buffer.js';
import type { Epoch } from './hop-keys.js';
import { DESTINATION, FLOW_LENGTH, type Flow, GivenLabels, GotLabels, SOURCE } from './label.js';
import type { LossMeter } from './loss.js';
import { type NeighborTable, NONE } from './neighbor.js';
import { RefusedRelay } from './refused-relay.js';
import { RelayQueue } from './relay-queue.js';
import { RelayShare } from './relay-share.js';
import { highOf, lowOf, shortIdBytes, shortKey } from './short-id.js';

/**
 * Forwarding (SPEC §8.4). A frame is accepted only from a live neighbour and only with its MIC, so this node
 * is no open relay. It goes to the next hop of its destination, by label where that neighbour gave one for
 * (source, destination), else by id. A frame whose next hop is where it came from is dropped: feasible routes
 * make that pass within moments.
 */

/** A frame by id may be forwarded so often; a frame by label LABEL_HOPS_MAX times. */
const TTL_MAX = 255;
/** Faster links have room for what comes, or a queue of their own (SPEC §8.11). */
const SLOW_BITRATE_MAX = 1_000_000;

export interface ForwarderOptions {
  readonly id: Uint8Array;
  readonly suite: CryptoSuite;
  readonly limits: Limits;
  readonly neighbors: NeighborTable;
  readonly exchange: RouteExchange;
  readonly loss: LossMeter;
  readonly outbox: Outbox<RouterOutput>;
}

export class Forwarder {
  readonly #suite: CryptoSuite;
  readonly #neighbors: NeighborTable;
  readonly #exchange: RouteExchange;
  readonly #loss: LossMeter;
  readonly #outbox: Outbox<RouterOutput>;
  readonly #ownHigh: number;
  readonly #ownLow: number;
  readonly #given: GivenLabels;
  readonly #got: GotLabels;
  /** Of the frame at hand; one for all, so that a frame allocates none. */
  readonly #flow: Flow = new Uint32Array(FLOW_LENGTH);
  readonly #share: RelayShare;
  readonly #refused: RefusedRelay;
  readonly #queueBytesMax: number;
  /** By neighbour, from the first frame to it over a slow link. */
  readonly #queues: (RelayQueue | undefined)[] = [];

  constructor(options: ForwarderOptions) {
    this.#suite = options.suite;
    this.#neighbors = options.neighbors;
    this.#exchange = options.exchange;
    this.#loss = options.loss;
    this.#outbox = options.outbox;
    this.#ownHigh = readU32(options.id, 0);
    this.#ownLow = readU32(options.id, 4);
    this.#given = new GivenLabels(options.limits.labelCountMax, options.neighbors.cells);
    this.#got = new GotLabels(options.limits.labelCountMax);
    this.#refused = new RefusedRelay(options);
    this.#share = new RelayShare(options.limits.relayBytesPerSecondMax);
    this.#queueBytesMax = options.limits.relayBytesMax;
  }

  /** The neighbour may have forgotten which labels it gave and got; what was given keeps its meaning. */
  renew(neighbor: number): void {
    this.#given.renew(neighbor);
    this.#got.close(neighbor);
  }

  /** The session with that neighbour is over, and the labels with it. */
  close(neighbor: number): void {
    this.#given.close(neighbor);
    this.#got.close(neighbor);
    this.#queues[neighbor] = undefined;
  }

  nextTimeout(): Instant {
    let at = Infinity;
    for (const queue of this.#queues) if (queue !== undefined) at = Math.min(at, queue.nextTimeout());
    return at;
  }

  /** Frames that waited for their link. */
  onTimeout(now: Instant): void {
    for (let next = 0; next < this.#queues.length; next++) {
      const queue = this.#queues[next];
      if (queue === undefined || queue.isEmpty) continue;
      if (!this.#neighbors.isLive(next)) {
        this.#queues[next] = undefined;
        continue;
      }
      for (let waiting = queue.shift(now); waiting !== undefined; waiting = queue.shift(now)) {
        this.#flow.set(waiting.flow);
        this.#transmit(now, next, waiting.frame, waiting.hopsLeft);
      }
    }
  }

  onFrame(now: Instant, via: DirectVia, bytes: Uint8Array): void {
    const neighbor = this.#neighbors.findVia(via);
    if (neighbor === NONE) {
      this.#drop('notNeighbor');
      return;
    }
    const received = decodeForward(bytes);
    if (typeof received === 'string') {
      this.#drop(received);
      return;
    }
    const frame = newFrame(received.packet);
    const epoch = this.#epochOf(neighbor, received.counter, frame, bytes);
    if (epoch === undefined) {
      this.#drop('authentication');
      return;
    }
    const { hopKeys } = this.#neighbors;
    const counter = expandCounter(received.counter, 2, hopKeys.expected(neighbor, epoch));
    const missing = counter - hopKeys.expected(neighbor, epoch);
    if (!hopKeys.accept(neighbor, epoch, counter)) {
      this.#drop('replay');
      return;
    }
    this.#neighbors.heard(now, neighbor);
    this.#loss.onFrame(neighbor, missing);

    if (received.kind === 'byId') {
      this.#readFlow(received.source, received.destination);
      this.#route(now, neighbor, frame, received.ttl, true);
    } else if (this.#given.resolve(now, neighbor, received.label, this.#flow)) {
      this.#route(now, neighbor, frame, received.hopsLeft, false);
    } else {
      this.#refuseLabel(neighbor, received.label);
    }
  }

  send(now: Instant, to: ShortKey, packet: Uint8Array): void {
    const flow = this.#flow;
    flow[SOURCE] = this.#ownHigh;
    flow[SOURCE + 1] = this.#ownLow;
    flow[DESTINATION] = highOf(to);
    flow[DESTINATION + 1] = lowOf(to);
    const next = this.#nextHop(now, highOf(to), lowOf(to), NONE);
    const stopgap = next === NONE ? this.#exchange.stopgapFor(now, highOf(to), lowOf(to)) : NONE;
    if (stopgap !== NONE) {
      const hopsLeft = this.#exchange.offeredHops(stopgap, highOf(to), lowOf(to));
      this.#transmit(now, stopgap, newFrame(packet), hopsLeft);
      return;
    }
    if (next === NONE) {
      const { search } = this.#exchange;
      // The way back to one that searched for this node is on its way.
      if (!search.isSought(highOf(to), lowOf(to)))
        search.seek(now, highOf(to), lowOf(to), { landmarks: [], near: [] });
      this.#drop('noRoute');
      return;
    }
    this.#transmit(now, next, newFrame(packet), TTL_MAX);
  }

  onLabel(now: Instant, neighbor: number, message: Label): void {
    this.#readFlow(message.source, message.destination);
    this.#got.learn(now, neighbor, message.label, this.#flow);
  }

  onRelayRefused(now: Instant, neighbor: number, message: RelayRefused): void {
    if (!this.#refused.onRefused(now, neighbor, message)) this.#drop('unexpected');
  }

  onLabelUnknown(neighbor: number, message: LabelUnknown): void {
    this.#got.forget(neighbor, message.label);
  }

  /** Under which key of that neighbour the frame is authentic. */
  #epochOf(neighbor: number, counter: number, frame: Uint8Array, bytes: Uint8Array): Epoch | undefined {
    const { hopKeys } = this.#neighbors;
    const first = hopKeys.likely(neighbor);
    if (this.#isUnder(neighbor, first, counter, frame, bytes)) return first;
    const second = hopKeys.unlikely(neighbor);
    if (second === undefined) return undefined;
    return this.#isUnder(neighbor, second, counter, frame, bytes) ? second : undefined;
  }

  #isUnder(neighbor: number, epoch: Epoch, counter: number, frame: Uint8Array, bytes: Uint8Array): boolean {
    const { hopKeys } = this.#neighbors;
    const whole = expandCounter(counter, 2, hopKeys.expected(neighbor, epoch));
    return isAuthentic(this.#suite, hopKeys.receiveKey(neighbor, epoch), whole, frame, bytes);
  }

  /** An authentic frame; its flow is in #flow. */
  #route(now: Instant, from: number, frame: Uint8Array, hopsLeft: number, isById: boolean): void {
    const flow = this.#flow;
    const high = flow[DESTINATION] ?? 0;
    const low = flow[DESTINATION + 1] ?? 0;
    if (high === this.#ownHigh && low === this.#ownLow) {
      if (isById) this.#giveLabel(now, from);
      const source = shortKey(flow[SOURCE] ?? 0, flow[SOURCE + 1] ?? 0);
      this.#outbox.push({ kind: 'deliver', from: source, bytes: frame.subarray(PACKET_AT) });
      return;
    }
    const next = this.#nextHop(now, high, low, from);
    if (next === NONE || next === from) {
      this.#drop('noRoute');
      return;
    }
    if (hopsLeft === 0) {
      this.#drop('hopLimit');
      return;
    }
    if (!this.#share.take(now, flow[SOURCE] ?? 0, flow[SOURCE + 1] ?? 0, frame.length)) {
      this.#refused.tell(now, from, flow);
      this.#drop('overLimit');
      return;
    }
    if (isById) this.#giveLabel(now, from);
    this.#relay(now, from, next, frame, hopsLeft - 1);
  }

  /** While the next hop is in doubt another one stands in for it, not the one the frame came from. */
  #nextHop(now: Instant, high: number, low: number, from: number): number {
    const next = this.#exchange.nextHopFor(now, high, low);
    if (next === NONE || !this.#neighbors.isDoubtful(now, next)) return next;
    const other = this.#exchange.detour(high, low, next);
    return other === from ? next : other;
  }

  /** Over a slow link frames of others wait for their turn. */
  #relay(now: Instant, from: number, next: number, frame: Uint8Array, hopsLeft: number): void {
    const queue = this.#queueTo(next);
    if (queue === undefined || queue.isFree(now)) {
      this.#transmit(now, next, frame, hopsLeft);
      return;
    }
    const lost = queue.push({ from, frame, flow: new Uint32Array(this.#flow), hopsLeft });
    for (let i = 0; i < lost; i++) this.#drop('overLimit');
  }

  #queueTo(next: number): RelayQueue | undefined {
    const bitrate = this.#neighbors.bitrate(next);
    if (bitrate === 0 || bitrate > SLOW_BITRATE_MAX) return undefined;
    const queue = this.#queues[next] ?? new RelayQueue(this.#queueBytesMax);
    this.#queues[next] = queue;
    return queue;
  }

  /** `hopsLeft` is what the next hop may still do. */
  #transmit(now: Instant, next: number, frame: Uint8Array, hopsLeft: number): void {
    const flow = this.#flow;
    const hops = this.#exchange.hops(flow[DESTINATION] ?? 0, flow[DESTINATION + 1] ?? 0);
    const label = hops <= LABEL_HOPS_MAX ? this.#got.use(now, next, flow) : NONE;
    const headBytes =
      label === NONE
        ? writeByIdHead(frame, hopsLeft, flow)
        : writeLabelHead(frame, Math.min(hopsLeft, LABEL_HOPS_MAX), label);
    const counter = this.#neighbors.hopKeys.takeCounter(next);
    const key = this.#neighbors.hopKeys.sendKey(next);
    const bytes = finishFrame(this.#suite, key, counter, frame, headBytes);
    this.#queueTo(next)?.spend(now, bytes.length, this.#neighbors.bitrate(next));
    this.#outbox.push({ kind: 'transmit', via: this.#neighbors.via(next), bytes });
    if (this.#neighbors.sent(now, next)) {
      this.#outbox.push({ kind: 'neighborDoubted', neighbor: this.#neighbors.session(next) });
    }
  }

  #giveLabel(now: Instant, neighbor: number): void {
    const flow = this.#flow;
    const label = this.#given.give(now, neighbor, flow);
    if (label === NONE) return;
    const source = shortIdBytes(flow[SOURCE] ?? 0, flow[SOURCE + 1] ?? 0);
    const destination = shortIdBytes(flow[DESTINATION] ?? 0, flow[DESTINATION + 1] ?? 0);
    this.#outbox.push({
      kind: 'message',
      neighbor: this.#neighbors.session(neighbor),
      message: { kind: 'label', label, source, destination },
      reliable: false,
    });
  }

  /** Such frames are lost, so the sender is told at once; the flow goes by id until a label is told again. */
  #refuseLabel(neighbor: number, label: number): void {
    const session = this.#neighbors.session(neighbor);
    const message = { kind: 'labelUnknown', label } as const;
    this.#outbox.push({ kind: 'message', neighbor: session, message, reliable: false });
    this.#drop('noRoute');
  }

  #readFlow(source: Uint8Array, destination: Uint8Array): void {
    this.#flow[SOURCE] = readU32(source, 0);
    this.#flow[SOURCE + 1] = readU32(source, 4);
    this.#flow[DESTINATION] = readU32(destination, 0);
    this.#flow[DESTINATION + 1] = readU32(destination, 4);
  }

  #drop(reason: DropReason): void {
    this.#outbox.push({ kind: 'dropped', reason });
  }
}
