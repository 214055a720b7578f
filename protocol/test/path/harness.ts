import { expect } from 'vitest';
import type { PathReport } from '../../src/api.js';
import type { DirectVia, LinkInfo, Via } from '../../src/kernel/link.js';
import { sameVia } from '../../src/kernel/link.js';
import type { Random } from '../../src/kernel/random.js';
import type { Chosen, PathInput, PathOutput } from '../../src/path/doors.js';
import { PathTable } from '../../src/path/path-table.js';

export const SELF = '00112233445566778899aabbccddeeff';
export const PEER = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf';
export const SHORT = PEER.substring(0, 16);
export const SESSION = 7;

export const lan = (host: string): DirectVia => ({ kind: 'direct', link: 1, address: host });
export const serial: DirectVia = { kind: 'direct', link: 2, address: '' };
export const relayed: Via = { kind: 'relayed', peer: SHORT };
export const ROUTE = { hops: 2, firstHop: 'b0'.repeat(16), mtu: 1200 };

const LAN_INFO: LinkInfo = {
  kind: 'lan',
  name: 'eth0',
  mtu: 1200,
  flow: 'datagram',
  cast: 'broadcast',
  reliable: false,
  bitrate: 0,
};
const SERIAL_INFO: LinkInfo = {
  kind: 'serial',
  name: 'ttyUSB0',
  mtu: 250,
  flow: 'stream',
  cast: 'point',
  reliable: false,
  bitrate: 115_200,
};

/** Tokens that count up, so that a run repeats. */
class CountingRandom implements Random {
  #count = 0;

  fill(bytes: Uint8Array): void {
    bytes.fill(0);
    bytes[bytes.length - 1] = ++this.#count;
  }
}

/** One table, virtual time, and what it last said; its owner does as the contract of the table asks. */
export class World {
  now = 1000;
  readonly table: PathTable;
  chosen: Chosen | undefined;
  report: PathReport | undefined;
  sent: { at: number; via: Via; kind: string }[] = [];
  reports: PathReport[] = [];
  isDead = false;
  reroutedCount = 0;
  isLanUp = true;
  /** The addresses where the peer answers what it is sent. */
  answering: Via[] = [];
  answerMs = 10;
  #answers: { at: number; input: PathInput }[] = [];

  constructor(self = SELF) {
    this.table = new PathTable({ self, random: new CountingRandom() });
    this.input({ kind: 'linkUp', link: 1, info: LAN_INFO });
    this.input({ kind: 'linkUp', link: 2, info: SERIAL_INFO });
  }

  open(via: Via, route: typeof ROUTE | undefined = undefined): this {
    this.input({ kind: 'opened', session: SESSION, peer: PEER, via, route });
    return this;
  }

  input(input: PathInput): void {
    this.table.handleInput(this.now, input);
    for (let output = this.table.pollOutput(); output !== undefined; output = this.table.pollOutput()) {
      this.#take(output);
    }
  }

  heard(via: Via, bytes = 100, { newest = true, probing = false } = {}): void {
    this.input({ kind: 'heard', session: SESSION, via, newest, probing, bytes });
  }

  candidate(via: DirectVia): void {
    this.input({ kind: 'candidate', session: SESSION, via });
  }

  suspect(): void {
    this.input({ kind: 'suspect', session: SESSION });
  }

  route(route: Partial<typeof ROUTE> | undefined): void {
    const { hops, firstHop, mtu } =
      route === undefined ? { hops: undefined, firstHop: undefined, mtu: 0 } : { ...ROUTE, ...route };
    this.input({ kind: 'route', peer: SHORT, hops, firstHop, mtu });
  }

  flapLan(): void {
    this.isLanUp = !this.isLanUp;
    this.input(this.isLanUp ? { kind: 'linkUp', link: 1, info: LAN_INFO } : { kind: 'linkDown', link: 1 });
  }

  /** Lets time pass: timers of the table and answers of the peer, in order. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const answer = this.#answers[0];
      const wakeAt = this.table.pollTimeout();
      const next = Math.min(answer?.at ?? Number.POSITIVE_INFINITY, wakeAt ?? Number.POSITIVE_INFINITY);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (answer !== undefined && answer.at <= this.now) {
        this.#answers.shift();
        const via = 'via' in answer.input ? (answer.input.via as Via) : serial;
        this.heard(via, 31, { probing: true });
        this.input(answer.input);
      } else {
        this.input({ kind: 'timeout' });
      }
    }
    this.now = until;
  }

  sentTo(via: Via): string[] {
    return this.sent.filter((send) => sameVia(send.via, via)).map((send) => send.kind);
  }

  expectChosen(via: Via | undefined): void {
    expect(this.chosen?.via).toEqual(via);
  }

  #take(output: PathOutput): void {
    switch (output.kind) {
      case 'send':
        this.#onSend(output);
        break;
      case 'chosen':
        this.chosen = output;
        break;
      case 'rerouted':
        this.reroutedCount++;
        break;
      case 'report':
        this.report = output.path;
        this.reports.push(output.path);
        break;
      case 'dead':
        this.isDead = true;
        break;
    }
  }

  #onSend({ via, message }: Extract<PathOutput, { kind: 'send' }>): void {
    this.sent.push({ at: this.now, via, kind: message.kind });
    if (!this.answering.some((other) => sameVia(other, via))) return;
    const at = this.now + this.answerMs;
    if (message.kind === 'ping') {
      this.#answers.push({ at, input: { kind: 'pong', session: SESSION, via, roundTripMs: this.answerMs } });
    } else {
      this.#answers.push({ at, input: { kind: 'response', session: SESSION, via, token: message.token } });
    }
  }
}
