/**
 * For a box that gives each destination a random port (SPEC §7.11): who is behind it sends from many ports,
 * so that many of the box lead to it, and the peer tries many of that box, until one of these is one of
 * those.
 */
import type { DirectVia, LinkAddress, LinkId } from '../kernel/link.js';
import { type Random, randomBelow } from '../kernel/random.js';
import type { Instant } from '../kernel/time.js';
import { ipOf, withPort } from '../packet/endpoint.js';
import type { Side } from './side.js';

/** 256 of 64,512 ports, and 1,750 others: they miss each other once in a thousand times. */
export const DOORS_MAX = 256;
const PORTS_TRIED = 1750;
const PORT_MIN = 1024;
const PORT_COUNT = 64_512;
/** A millisecond each; boxes drop what comes in bursts. */
const SLICE = 8;
const SLICE_MS = 8;

export interface BirthdayPlan {
  /** Whether this end is the one that opens doors, or the one that tries them. */
  readonly role: 'opens' | 'tries';
  readonly link: LinkId;
  /** As others see the peer. */
  readonly address: LinkAddress;
  readonly count: number;
}

/** Undefined where it would not help, or somebody does not want it. */
export function planBirthday(own: Side, peer: Side, link: LinkId | undefined): BirthdayPlan | undefined {
  const address = peer.endpoints.find(({ isOwn, isMapped }) => !isOwn && !isMapped)?.address;
  if (link === undefined || address === undefined || own.doors === 0 || peer.doors === 0) return undefined;
  // Where either gets in anyway, nobody need try thousands of ports.
  if ([own, peer].some(({ endpoints }) => endpoints.some(({ isMapped }) => isMapped))) return undefined;
  if (own.mapping === 'random' && isFixed(peer)) {
    return { role: 'opens', link, address, count: Math.min(own.doors, DOORS_MAX) };
  }
  if (peer.mapping === 'random' && isFixed(own)) return { role: 'tries', link, address, count: PORTS_TRIED };
  return undefined;
}

/** One address for all, as far as is known. */
function isFixed({ mapping }: Side): boolean {
  return mapping !== 'random' && mapping !== 'predictable';
}

export class Birthday {
  readonly plan: BirthdayPlan;
  #nextAt: Instant;
  #count = 0;

  constructor(plan: BirthdayPlan, startAt: Instant) {
    this.plan = plan;
    this.#nextAt = startAt;
  }

  get hasBegun(): boolean {
    return this.#count > 0;
  }

  get ip(): string {
    return ipOf(this.plan.address);
  }

  get wakeAt(): Instant {
    return this.#count < this.plan.count ? this.#nextAt : Infinity;
  }

  /** Not yet. */
  postpone(now: Instant): void {
    this.#nextAt = now + SLICE_MS;
  }

  /** Where to send now. */
  take(now: Instant, random: Random): readonly DirectVia[] {
    const { role, link, address, count } = this.plan;
    this.#nextAt = now + SLICE_MS;
    return Array.from({ length: Math.min(SLICE, count - this.#count) }, () => {
      this.#count++;
      if (role === 'opens') return { kind: 'direct', link, address: `${address}#${this.#count}` };
      return { kind: 'direct', link, address: withPort(address, PORT_MIN + randomBelow(random, PORT_COUNT)) };
    });
  }
}
