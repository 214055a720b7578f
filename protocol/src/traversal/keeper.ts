import type { DirectVia, LinkId } from '../kernel/link.js';
import { sameVia } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import { type Instant, SECOND_MS } from '../kernel/time.js';
import { TRAVERSAL_TOKEN_COUNT, TRAVERSAL_TOKEN_FIRST, type TraversalOutput } from './doors.js';
import { type Keepalive, newKeepalive } from './keepalive.js';
import type { Outlook } from './outlook.js';
import type { TraversalPeer } from './peer.js';

/** A PING of a keepalive that takes longer is doubted. */
const ANSWER_MS = 2 * SECOND_MS;
/** While this node does not know its address, a PING is sent again after 1 and 2 of these. */
const FIRST_ANSWER_MS = 250;
const FIRST_TRIES_MAX = 3;

/**
 * Keeps direct paths open in the boxes that they go through, and finds out from where others see this node.
 */
export class Keeper {
  readonly #outlook: Outlook;
  readonly #out: Outbox<TraversalOutput>;
  /** When anything of a session was last sent on a link. */
  readonly #sentAt = new Map<LinkId, Instant>();
  #pingCount = 0;

  constructor(outlook: Outlook, out: Outbox<TraversalOutput>) {
    this.#outlook = outlook;
    this.#out = out;
  }

  /** The peer has a direct path there. */
  begin(now: Instant, peer: TraversalPeer, via: DirectVia): void {
    if (this.#outlook.lifeOf(via.link) === undefined) {
      peer.keepalive = undefined;
      return;
    }
    if (peer.keepalive !== undefined && sameVia(peer.keepalive.via, via)) return;
    const isTester = peer.provenAt === undefined || !sameVia(peer.provenAt, via);
    const kind = this.#outlook.mappingTo(via)?.kind;
    const keepalive = newKeepalive(now, via, isTester);
    keepalive.isPingDue = isTester || (kind !== 'none' && kind !== 'independent');
    peer.keepalive = keepalive;
  }

  /** Something went out by the path. True when the silence before deserves a PING. */
  sent(now: Instant, keepalive: Keepalive): boolean {
    const testedMs = this.#silenceWorthTesting(now, keepalive);
    keepalive.sentAt = now;
    this.#sentAt.set(keepalive.via.link, now);
    if (testedMs === undefined) return false;
    keepalive.testedMs = testedMs;
    keepalive.isPingDue = true;
    return true;
  }

  /** A PONG came back: the silence before its PING was survived, or not. */
  answered(peer: TraversalPeer, token: number, isElsewhere: boolean): void {
    const { keepalive } = peer;
    if (keepalive === undefined || keepalive.token !== token) return;
    const life = this.#outlook.lifeOf(keepalive.via.link);
    const { testedMs } = keepalive;
    keepalive.testedMs = undefined;
    keepalive.isAwaited = false;
    keepalive.tries = 0;
    if (testedMs === undefined) return;
    if (isElsewhere) life?.failed(testedMs);
    else life?.survived(testedMs);
  }

  wakeOf({ keepalive }: TraversalPeer): Instant | undefined {
    if (keepalive === undefined) return undefined;
    if (keepalive.isPingDue) return keepalive.sentAt;
    if (keepalive.isAwaited) return keepalive.pingedAt + this.#patienceMs(keepalive);
    if (!this.#isMapped(keepalive)) return undefined;
    return this.#silentSince(keepalive) + this.#silenceMs(keepalive);
  }

  onTimeout(now: Instant, peer: TraversalPeer): void {
    const { keepalive } = peer;
    const at = this.wakeOf(peer);
    if (keepalive === undefined || at === undefined || at > now) return;
    const { session } = peer;
    const { via, isTester } = keepalive;
    if (keepalive.isAwaited && this.#isUrgent(keepalive)) this.#ping(now, session, keepalive);
    else if (keepalive.isAwaited) {
      keepalive.isAwaited = false;
      keepalive.tries = 0;
      keepalive.testedMs = undefined;
      this.#out.push({ kind: 'suspect', session });
    } else if (isTester || keepalive.isPingDue) {
      if (!keepalive.isPingDue) keepalive.testedMs = now - this.#silentSince(keepalive);
      this.#ping(now, session, keepalive);
    } else {
      keepalive.sentAt = now;
      this.#out.push({ kind: 'nudge', session, via });
    }
  }

  #silenceWorthTesting(now: Instant, keepalive: Keepalive): number | undefined {
    const life = this.#outlook.lifeOf(keepalive.via.link);
    // The silence of the link is no longer than that of the path: after most packets there is none.
    if (life?.isNews(now - keepalive.sentAt) !== true) return undefined;
    const isBusy = keepalive.isPingDue || keepalive.testedMs !== undefined;
    if (isBusy || !keepalive.isTester || !this.#isMapped(keepalive)) return undefined;
    const silenceMs = now - this.#silentSince(keepalive);
    return life.isNews(silenceMs) ? silenceMs : undefined;
  }

  #ping(now: Instant, session: number, keepalive: Keepalive): void {
    keepalive.isPingDue = false;
    keepalive.isAwaited = true;
    keepalive.tries++;
    keepalive.pingedAt = now;
    keepalive.sentAt = now;
    keepalive.token = TRAVERSAL_TOKEN_FIRST + (this.#pingCount++ % TRAVERSAL_TOKEN_COUNT);
    this.#out.push({ kind: 'ping', session, via: keepalive.via, token: keepalive.token });
  }

  /** Nobody has said yet from where they see this node, without which it cannot be tried. */
  #isUrgent({ via, tries }: Keepalive): boolean {
    return tries < FIRST_TRIES_MAX && this.#outlook.mappingTo(via)?.address === undefined;
  }

  #patienceMs(keepalive: Keepalive): number {
    return this.#isUrgent(keepalive) ? FIRST_ANSWER_MS * keepalive.tries : ANSWER_MS;
  }

  /** Whatever is sent on a link keeps a mapping that is the same for all; one for each wants its own. */
  #silentSince({ via, isTester, sentAt }: Keepalive): Instant {
    const kind = this.#outlook.mappingTo(via)?.kind;
    const isOwn = !isTester || kind === 'predictable' || kind === 'random';
    return isOwn ? sentAt : Math.max(sentAt, this.#sentAt.get(via.link) ?? sentAt);
  }

  #isMapped({ via }: Keepalive): boolean {
    return this.#outlook.mappingTo(via)?.kind !== 'none';
  }

  #silenceMs({ via, isTester }: Keepalive): number {
    const life = this.#outlook.lifeOf(via.link);
    if (life === undefined) return Infinity;
    return isTester ? life.testMs : life.safeMs;
  }
}
