import { shortKeyOf } from '../identity/id.js';
import { unreachable } from '../kernel/assert.js';
import type { NodeKey } from '../kernel/link.js';
import type { Instant } from '../kernel/time.js';
import type { MailInput, MailMessage, MailOutput, MailSurroundings } from '../mail/doors.js';
import { hasMail, Mail } from '../mail/mail.js';
import type { Mailbox } from '../packet/message.js';
import type { NodeOptions } from './composition.js';
import { drop, type Parts } from './parts.js';
import type { Peer } from './peer-book.js';
import type { Ways } from './ways.js';

/** Above every score. */
const SUPER_RANK = 16;

/**
 * The mail of those who sleep, and its way to the other machines. The machine is made with the first message
 * about mail, the first sleep of this node, or what its store has of either: who has nothing to do with
 * sleepers has neither the machine nor a box.
 */
export class MailRoom implements MailSurroundings {
  readonly #parts: Parts;
  readonly #ways: Ways;
  readonly #options: NodeOptions;
  #made: Mail | undefined;
  /** What goes with the goodbye. */
  #notice: Mailbox | undefined;

  constructor(parts: Parts, ways: Ways, options: NodeOptions) {
    this.#parts = parts;
    this.#ways = ways;
    this.#options = options;
    if (hasMail(options.restored)) this.#make();
  }

  onMessage(now: Instant, from: NodeKey, message: MailMessage): void {
    const isClient = this.#serves(now, from);
    this.#make().handleInput(now, { kind: 'message', from, message, isClient });
  }

  /** A publication for one who sleeps. */
  onPost(now: Instant, post: Extract<MailInput, { kind: 'post' }>): void {
    this.#make().handleInput(now, post);
  }

  /** This node goes; `sleepMs`: and comes back. What everybody is told of it. */
  onStop(now: Instant, sleepMs: number | undefined): Mailbox | undefined {
    this.#made?.handleInput(now, { kind: 'stop' });
    if (sleepMs !== undefined) {
      const candidates = this.#candidates();
      this.#make().handleInput(now, { kind: 'sleep', forMs: sleepMs, candidates });
    }
    this.drain(now);
    return this.#notice;
  }

  /** Whoever may not be relied upon keeps nothing. */
  onWillingness(now: Instant, value: number): void {
    if (value === 0) this.#made?.handleInput(now, { kind: 'stop' });
  }

  onListen(now: Instant): void {
    this.#made?.handleInput(now, { kind: 'listen' });
  }

  onPeer(now: Instant, kind: 'peerUp' | 'peerDown', peer: NodeKey): void {
    this.#made?.handleInput(now, { kind, peer });
  }

  onPersisted(now: Instant, key: string): void {
    this.#made?.handleInput(now, { kind: 'persisted', key });
  }

  onTimeout(now: Instant): void {
    const at = this.#made?.pollTimeout();
    if (at !== undefined && at <= now) this.#made?.handleInput(now, { kind: 'timeout' });
  }

  pollTimeout(): Instant | undefined {
    return this.#made?.pollTimeout();
  }

  /** True when there was anything. */
  drain(now: Instant): boolean {
    let isBusy = false;
    for (let output = this.#made?.pollOutput(); output !== undefined; output = this.#made?.pollOutput()) {
      isBusy = true;
      this.#onOutput(now, output);
    }
    return isBusy;
  }

  // What the machine looks up

  /** With itself it always talks. */
  isUp(peer: NodeKey): boolean {
    if (peer === this.#options.identity.key) return true;
    return this.#parts.peers.byKey(peer)?.isUp === true;
  }

  publicKeyOf(peer: NodeKey): Uint8Array | undefined {
    return this.#parts.sessions.publicKeyOf(peer);
  }

  topicsOf(peer: NodeKey): readonly string[] {
    return this.#parts.services.topicsOf(peer);
  }

  wants(peer: NodeKey, name: string, topic: string): boolean {
    return this.#parts.services.wants(peer, name, topic);
  }

  #onOutput(now: Instant, output: MailOutput): void {
    const { out, sessions, services } = this.#parts;
    switch (output.kind) {
      case 'send': {
        const { to: peer, message } = output;
        // Without its key no session can be opened; it is said again when that may be known.
        if (!sessions.knows(peer)) return this.#ways.onAsked(now, shortKeyOf(peer));
        return sessions.handleInput(now, { kind: 'send', peer, message, delivery: 'reliable' });
      }
      case 'notice':
        this.#notice = output.message;
        return;
      case 'persist':
        out.push(output);
        return;
      case 'letter':
      case 'sleeper':
      case 'mailed':
        return services.handleInput(now, output);
      case 'dropped':
        return drop(this.#parts, undefined, output.reason);
      default:
        return unreachable(output);
    }
  }

  /** It serves others at all, and this one is a neighbour or holds a reservation. */
  #serves(now: Instant, from: NodeKey): boolean {
    const { election, peers } = this.#parts;
    if (this.#options.limits.mailboxCountMax === 0 || !election.isWilling(now)) return false;
    return peers.byKey(from)?.isNeighbor === true || election.serves(shortKeyOf(from));
  }

  /** Its supernodes, then neighbours, those first that serve best. */
  #candidates(): readonly NodeKey[] {
    const { peers, election } = this.#parts;
    const supers = election.supernodes();
    const found: { readonly key: NodeKey; readonly rank: number }[] = [];
    for (const peer of peers.all()) {
      const rank = supers.includes(peer.short) ? SUPER_RANK : this.#rankOf(peer);
      if (peer.isUp && rank > 0) found.push({ key: peer.key, rank });
    }
    return found.sort((a, b) => b.rank - a.rank).map(({ key }) => key);
  }

  #rankOf({ isNeighbor, session }: Peer): number {
    return isNeighbor ? this.#parts.election.scoreOf(session) : 0;
  }

  #make(): Mail {
    const { crypto: suite, identity, network, random, limits, name, restored } = this.#options;
    this.#made ??= new Mail({ suite, identity, network, random, limits, name, restored }, this);
    return this.#made;
  }
}
