/** Round trips on demand (SPEC §9.4): PING until a PONG comes back or the deadline passes. */
import type { Command, CommandId, PathReport } from '../api.js';
import type { NodeKey } from '../kernel/link.js';
import { type Machine, Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Pong } from '../packet/message.js';
import { type Names, NameTable } from './names.js';
import type { CommandInput, PortOutput } from './port.js';
import { isNodeKey } from './text.js';

const REPEAT_MS = 500;
/** Pings under way at once; the next one fails as busy. */
const UNDER_WAY_MAX = 32;
/** Tokens of this machine are below 0x8000, those of the path machine from there on. */
export const ECHO_TOKEN_COUNT = 0x8000;

export type EchoInput =
  /** `to`: a name or a NodeKey; a name may still become known until the deadline. */
  | CommandInput<Extract<Command, { kind: 'ping' }>>
  | { readonly kind: 'peerNamed'; readonly peer: NodeKey; readonly name: string }
  | { readonly kind: 'peerGone'; readonly peer: NodeKey }
  | { readonly kind: 'pong'; readonly from: NodeKey; readonly pong: Pong; readonly path: PathReport }
  | { readonly kind: 'timeout' };

interface UnderWay {
  readonly command: CommandId;
  readonly to: string;
  /** Undefined while nobody of that name is known. */
  peer: NodeKey | undefined;
  readonly deadline: Instant;
  /** One token per packet, so that the answer tells which packet it belongs to. */
  sent: { readonly token: number; readonly at: Instant }[];
  nextAt: Instant;
}

export class Echo implements Machine<EchoInput, PortOutput> {
  readonly #out = new Outbox<PortOutput>();
  readonly #names: Names;
  #underWay: UnderWay[] = [];
  #nextToken = 1;

  constructor(limits: Limits, names: Names = new NameTable(limits.recordCountMax)) {
    this.#names = names;
  }

  handleInput(now: Instant, input: EchoInput): void {
    switch (input.kind) {
      case 'command':
        return this.#onPing(now, input.id, input.command.to, input.command.deadlineMs);
      case 'peerNamed':
        return this.#onNamed(now, input.peer, input.name);
      case 'peerGone':
        return this.#names.delete(input.peer);
      case 'pong':
        return this.#onPong(now, input.from, input.pong, input.path);
      case 'timeout':
        return this.#onTimeout(now);
    }
  }

  pollOutput(): PortOutput | undefined {
    return this.#out.shift();
  }

  pollTimeout(): Instant | undefined {
    let soonest: Instant | undefined;
    for (const ping of this.#underWay) soonest = earlier(soonest, Math.min(ping.nextAt, ping.deadline));
    return soonest;
  }

  #onPing(now: Instant, command: CommandId, to: string, deadlineMs: number): void {
    if (this.#underWay.length >= UNDER_WAY_MAX) {
      this.#out.push({ kind: 'event', event: { kind: 'failed', command, code: 'busy' } });
      return;
    }
    const peer = isNodeKey(to) ? to : this.#names.resolve(to);
    const ping = { command, to, peer, deadline: now + deadlineMs, sent: [], nextAt: now };
    this.#underWay.push(ping);
    if (peer !== undefined) this.#send(now, ping);
  }

  #onNamed(now: Instant, peer: NodeKey, name: string): void {
    this.#names.set(peer, name);
    for (const ping of this.#underWay) {
      if (ping.peer !== undefined || ping.to !== name) continue;
      ping.peer = peer;
      this.#send(now, ping);
    }
  }

  #onPong(now: Instant, from: NodeKey, pong: Pong, path: PathReport): void {
    for (const ping of this.#underWay) {
      const sent = ping.sent.find((one) => one.token === pong.token);
      if (sent === undefined || ping.peer !== from) continue;
      this.#underWay = this.#underWay.filter((one) => one !== ping);
      const event = { kind: 'pong', command: ping.command, roundTripMs: now - sent.at, path } as const;
      this.#out.push({ kind: 'event', event });
      return;
    }
  }

  #onTimeout(now: Instant): void {
    for (const ping of this.#underWay) {
      if (ping.deadline <= now) {
        const code = ping.peer === undefined ? 'unknownPeer' : 'timeout';
        this.#out.push({ kind: 'event', event: { kind: 'failed', command: ping.command, code } });
      } else if (ping.nextAt <= now) {
        this.#send(now, ping);
      }
    }
    this.#underWay = this.#underWay.filter((ping) => ping.deadline > now);
  }

  #send(now: Instant, ping: UnderWay): void {
    ping.nextAt = now + REPEAT_MS;
    if (ping.peer === undefined) return;
    const token = this.#nextToken;
    this.#nextToken = (token + 1) % ECHO_TOKEN_COUNT;
    ping.sent = [...ping.sent, { token, at: now }].slice(-8);
    const message = { kind: 'ping', token, sentAt: Math.floor(now) % 0x1_0000_0000 } as const;
    this.#out.push({ kind: 'send', to: ping.peer, message, delivery: 'datagram' });
  }
}
