/*
 * How fast the session layer is on its own: two SessionTables back to back in one process on a perfect wire
 * without delay. Not a test; the figures are of the machine it runs on.
 *
 *   npx esbuild protocol/test/bench-session.ts --bundle --platform=node --format=esm \
 *     --conditions=fogwisp-source --outfile=/tmp/bench-session.mjs
 *   node /tmp/bench-session.mjs [seconds per case] [part of a case's name] [packets per turn]
 *
 * What counts is processor time, so that a busy machine changes little. It is split by the time that each end
 * took: with a process and a core for each, the slower end is what limits.
 */
import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { createIdentity, type Identity } from '../src/identity/identity.js';
import { createNetworkKey, type NetworkKey } from '../src/identity/network.js';
import type { Via } from '../src/kernel/link.js';
import { PI_LIMITS } from '../src/limits.js';
import type { Message } from '../src/packet/message.js';
import { SessionTable } from '../src/session/sessions.js';
import { testRandom } from './support/random.js';

interface Case {
  readonly name: string;
  readonly mtu: number;
  readonly bytes: number;
  readonly delivery: 'datagram' | 'reliable';
  /** Messages handed over in one turn. */
  readonly batch: number;
  /** Messages that may be unsettled. */
  readonly openMax: number;
}

const CASES: readonly Case[] = [
  { name: 'datagram 20 B', mtu: 1200, bytes: 20, delivery: 'datagram', batch: 30, openMax: Infinity },
  { name: 'reliable 20 B', mtu: 1200, bytes: 20, delivery: 'reliable', batch: 30, openMax: 600 },
  { name: 'bulk mtu 1200', mtu: 1200, bytes: 65_536, delivery: 'reliable', batch: 1, openMax: 8 },
  { name: 'bulk mtu 16384', mtu: 16_384, bytes: 65_536, delivery: 'reliable', batch: 1, openMax: 8 },
];

const WARM_UP_SHARE = 0.3;
/** What an event loop hands over in one go: libuv reads up to 32 datagrams. */
const PACKETS_PER_TURN = 32;

const suite = nodeSuite();
const random = testRandom(7);

class End {
  readonly identity: Identity;
  readonly #mtu: number;
  readonly #via: Via;
  readonly #table: SessionTable;
  #inbox: Uint8Array[] = [];
  peer: End | undefined;
  isAttached = false;
  received = 0;
  settled = 0;
  failed = 0;
  packets = 0;
  busyMs = 0;

  constructor(network: NetworkKey, mtu: number, name: string) {
    this.#mtu = mtu;
    this.#via = { kind: 'direct', link: 1, address: name };
    this.identity = createIdentity(suite, random);
    const { identity } = this;
    const restored = new Map<string, Uint8Array>();
    const now = performance.now();
    this.#table = new SessionTable({ now, suite, identity, network, random, limits: PI_LIMITS, restored });
  }

  open(peer: End): void {
    const now = performance.now();
    const { publicKey, key } = peer.identity;
    this.#table.handleInput(now, { kind: 'learn', publicKey });
    this.#table.handleInput(now, {
      kind: 'open',
      peer: key,
      via: this.#via,
      patienceMs: 250,
      mtu: this.#mtu,
    });
    this.#drain(now);
  }

  /** Takes what has come, hands over `count` messages and sends what came of it. */
  turn(message: Message, delivery: 'datagram' | 'reliable', count: number, packetsMax: number): void {
    const now = performance.now();
    const peer = this.peer?.identity.key ?? '';
    const taken = Math.min(this.#inbox.length, packetsMax);
    for (let i = 0; i < taken; i++) {
      const bytes = this.#inbox[i] as Uint8Array;
      this.#table.handleInput(now, { kind: 'packet', via: this.#via, bytes, mtu: this.#mtu });
    }
    if (taken === this.#inbox.length) this.#inbox = [];
    else this.#inbox = this.#inbox.slice(taken);
    for (let i = 0; i < count; i++) {
      const tag = delivery === 'reliable' ? i : undefined;
      this.#table.handleInput(now, { kind: 'send', peer, message, delivery, tag });
    }
    const deadline = this.#table.pollTimeout();
    if (deadline !== undefined && deadline <= now) this.#table.handleInput(now, { kind: 'timeout' });
    this.#drain(now);
    this.busyMs += performance.now() - now;
  }

  #drain(now: number): void {
    for (let output = this.#table.pollOutput(); output !== undefined; output = this.#table.pollOutput()) {
      switch (output.kind) {
        case 'transmit':
          this.packets++;
          this.peer?.take(output.bytes);
          break;
        case 'opened':
          this.#table.handleInput(now, {
            kind: 'path',
            session: output.session,
            via: this.#via,
            mtu: this.#mtu,
          });
          break;
        case 'attached':
          this.isAttached = true;
          break;
        case 'message':
          this.received++;
          break;
        case 'settled':
          this.settled++;
          if (!output.ok) this.failed++;
          break;
        case 'dropped':
          throw new Error(`dropped: ${output.reason}`);
        default:
      }
    }
  }

  take(bytes: Uint8Array): void {
    this.#inbox.push(bytes);
  }

  reset(): void {
    this.received = 0;
    this.packets = 0;
    this.busyMs = 0;
  }
}

function run(what: Case, seconds: number, packetsMax: number): void {
  const network = createNetworkKey(suite, random);
  const [a, b] = [new End(network, what.mtu, 'a'), new End(network, what.mtu, 'b')];
  [a.peer, b.peer] = [b, a];
  a.open(b);
  const message: Message = { kind: 'publish', alias: 1, body: new Uint8Array(what.bytes) };
  let sent = 0;
  const turn = (): void => {
    const isReady = a.isAttached && b.isAttached && sent - a.settled + what.batch <= what.openMax;
    const count = isReady || (a.isAttached && what.openMax === Infinity) ? what.batch : 0;
    sent += count;
    a.turn(message, what.delivery, count, packetsMax);
    b.turn(message, 'datagram', 0, packetsMax);
  };
  const start = performance.now();
  while (performance.now() - start < seconds * 1000 * WARM_UP_SHARE) turn();
  a.reset();
  b.reset();
  const before = process.cpuUsage();
  while (performance.now() - start < seconds * 1000) turn();
  const { user, system } = process.cpuUsage(before);
  report(what, a, b, (user + system) / 1000);
}

function report(what: Case, a: End, b: End, cpuMs: number): void {
  const share = cpuMs / (a.busyMs + b.busyMs);
  const perMs = b.received / cpuMs;
  const slower = Math.max(a.busyMs, b.busyMs) * share;
  const micros = (ms: number): string => ((ms * share * 1000) / b.received).toFixed(2);
  const rate = (messagesPerMs: number): string =>
    what.bytes > 1000
      ? `${((messagesPerMs * what.bytes) / 1000).toFixed(1)} MB/s`
      : `${Math.round(messagesPerMs * 1000)} messages/s`;
  console.log(
    `${what.name.padEnd(16)} ${rate(perMs).padEnd(20)} apart ${rate(b.received / slower).padEnd(20)}`,
    `us/message ${micros(a.busyMs)} + ${micros(b.busyMs)}  packets/message`,
    `${(a.packets / b.received).toFixed(3)} + ${(b.packets / b.received).toFixed(3)}  failed ${a.failed}`,
  );
}

const [seconds = '3', filter = '', packetsMax = String(PACKETS_PER_TURN)] = process.argv.slice(2);
for (const what of CASES) {
  if (what.name.includes(filter)) run(what, Number(seconds), Number(packetsMax));
}
