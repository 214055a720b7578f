import type { Command, CommandId, PeerName, QualityOfService } from '../api.js';
import { copyBytes } from '../kernel/bytes.js';
import { type DropReason, UsageError } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { type Instant, MINUTE_MS, SECOND_MS } from '../kernel/time.js';
import { earlier } from '../kernel/timers.js';
import type { Limits } from '../limits.js';
import type { Publish } from '../packet/message.js';
import type { Names } from './names.js';
import { parsePattern } from './pattern.js';
import type { PeerDownCode, PortOutput, Sink } from './port.js';
import type { PublishInput } from './publish.js';
import { isName } from './text.js';
import { Wanted } from './wanted.js';

/**
 * What we listen to (SPEC §9.2). Each topic has one alias, the same for all publishers; each matching peer
 * gets one SUBSCRIBE per topic, however many patterns want it:
 *
 *   due -> sent -> held, and back to due when the session is lost
 *
 * The subscriber is the one who cares, so it is the one who comes back: 1, 2, 4 ... 60 s after a loss, and at
 * once in a new session. A silent publisher is asked every five minutes, since it may have lost us without a
 * word.
 */
const BACK_OFF_MS_MAX = MINUTE_MS;
/**
 * While the node opens a session it holds our messages; sending them again only guards against a lost queue.
 */
const QUEUED_RETRY_MS = 30 * SECOND_MS;
const PROBE_MS = 5 * MINUTE_MS;
/** Publications that nobody asked for are answered so often, whoever sends them. */
const DISOWN_EVERY_MS = 250;
/** After a place in the table became free. */
const RECONSIDER_MS = SECOND_MS;

interface Row {
  qos: QualityOfService;
  state: 'due' | 'sent' | 'held';
  tag: number | undefined;
}

/** A peer that publishes something we want. */
interface Source {
  readonly rows: Map<string, Row>;
  attempt: number;
  retryAt: Instant | undefined;
  /** SUBSCRIBEs are with the node, which sends them when a session opens. */
  isQueued: boolean;
  /** Proof that the other side still has us: a publication, or an acknowledged SUBSCRIBE. */
  heardAt: Instant;
  /** It publishes something that we want, as far as we know. */
  isPublisher: boolean;
}

export type SubscribeCommand = Extract<Command, { kind: 'subscribe' }>;

type LetterIn = Extract<PublishInput, { kind: 'letter' }>;

export interface SubscriberOptions {
  readonly self: NodeKey;
  readonly limits: Limits;
  readonly names: Names;
  readonly outbox: Sink<PortOutput>;
}

export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #wanted = new Wanted();
  readonly #sources = new Map<NodeKey, Source>();
  readonly #up = new Set<NodeKey>();
  #nextTag = 0;
  #topicsVersion = 0;
  #disownedAt: Instant = -Infinity;
  #wakeAt: Instant | undefined;
  /** Set when a matching peer found no place in the table. */
  #isShort = false;
  #reconsiderAt: Instant | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  get wakeAt(): Instant | undefined {
    const wakeAt = this.#sources.size === 0 ? undefined : this.#wakeAt;
    return earlier(wakeAt, this.#reconsiderAt);
  }

  topicsOfAnyone(): readonly string[] {
    return this.#wanted.topicsOfAnyone();
  }

  get topicsVersion(): number {
    return this.#topicsVersion;
  }

  /** Whether our own publications under `topic` are for us too. */
  wantsOwn(topic: string): boolean {
    const { names, self } = this.#options;
    return this.#wanted.wants(names.nameOf(self), topic);
  }

  subscribe(now: Instant, command: CommandId, what: SubscribeCommand): void {
    const pattern = parsePattern(what.pattern);
    if (pattern === undefined)
      throw new UsageError('badPattern', "a pattern is 'publisher/topic' or '*/topic'");
    if (what.qos !== 0 && what.qos !== 1) throw new UsageError('badQos', 'qos is 0 or 1');
    const { limits, outbox } = this.#options;
    if (!this.#wanted.has(what.pattern) && this.#wanted.size >= limits.subscriptionCountMax) {
      return outbox.push({ kind: 'event', event: { kind: 'failed', command, code: 'busy' } });
    }
    this.#topicsVersion++;
    this.#wanted.set(now, what.pattern, pattern, what.qos);
    this.#considerAll(now);
  }

  unsubscribe(now: Instant, text: string): void {
    const gone = this.#wanted.delete(text);
    if (gone === undefined) return;
    this.#topicsVersion++;
    this.#considerAll(now);
    this.#wanted.release(now, gone.topic);
  }

  onNamed(now: Instant, peer: NodeKey): void {
    const source = this.#sources.get(peer);
    if (source !== undefined && !this.#up.has(peer)) source.retryAt = undefined;
    this.#consider(now, peer);
  }

  /** Who is said to publish takes the place of somebody who may never have. */
  onIntroduced(now: Instant, peer: NodeKey): void {
    if (!this.#sources.has(peer) && this.#isFull) this.#displaceListless(now);
    this.#consider(now, peer);
    const source = this.#sources.get(peer);
    if (source !== undefined) source.isPublisher = true;
  }

  onGone(now: Instant, peer: NodeKey): void {
    if (this.#up.has(peer)) this.#consider(now, peer);
    else this.#forget(now, peer);
  }

  onUp(now: Instant, peer: NodeKey, resumed: boolean): void {
    this.#up.add(peer);
    const source = this.#sources.get(peer);
    if (source !== undefined) {
      for (const row of source.rows.values()) {
        const isUnderWay = row.state === 'sent' && source.isQueued;
        if (!isUnderWay && (row.state === 'sent' || !resumed)) row.state = 'due';
      }
      source.isQueued = false;
      source.attempt = 0;
      source.retryAt = undefined;
      this.#prove(now, source);
    }
    if (this.#options.names.has(peer)) this.#consider(now, peer);
    else this.#considerNameless(now, peer);
  }

  onDown(now: Instant, peer: NodeKey, code: PeerDownCode): void {
    this.#up.delete(peer);
    const source = this.#sources.get(peer);
    if (source === undefined) return;
    if (!this.#options.names.has(peer)) return this.#forget(now, peer);
    for (const row of source.rows.values()) {
      if (row.state === 'sent' || code === 'restarted') row.state = 'due';
      row.tag = undefined;
    }
    source.isQueued = false;
    this.#backOff(now, source);
  }

  onSettled(now: Instant, tag: number, ok: boolean): void {
    for (const source of this.#sources.values()) {
      for (const row of source.rows.values()) {
        if (row.tag !== tag) continue;
        row.tag = undefined;
        row.state = ok ? 'held' : 'due';
        if (ok) this.#prove(now, source);
        else this.#backOff(now, source);
        return;
      }
    }
  }

  onPublish(now: Instant, from: NodeKey, message: Publish): DropReason | undefined {
    if (message.body.length > this.#options.limits.messageBytesMax) return 'oversize';
    const topic = this.#wanted.topicOf(message.alias);
    const source = this.#sources.get(from);
    if (topic === undefined || source === undefined || !source.rows.has(topic)) {
      this.#disown(now, from, message.alias);
      return 'unexpected';
    }
    this.#prove(now, source);
    source.isPublisher = true;
    const body = copyBytes(message.body);
    const event = { kind: 'message', from: this.#options.names.nameOf(from), topic, body } as const;
    this.#options.outbox.push({ kind: 'event', event });
    return undefined;
  }

  wants(peer: NodeKey, name: string, topic: string): boolean {
    return this.#wanted.wants(this.#nameIn(peer, name), topic);
  }

  onLetter({ from, name, topic, body }: LetterIn): void {
    const event = { kind: 'message', from: this.#nameIn(from, name), topic, body } as const;
    this.#options.outbox.push({ kind: 'event', event });
  }

  /** A publisher that is not there may be unknown by now: it is called what it calls itself, if nobody is. */
  #nameIn(peer: NodeKey, name: string): PeerName {
    const { names } = this.#options;
    const holder = names.resolve(name);
    const isFree = !names.has(peer) && isName(name) && (holder === undefined || holder === peer);
    return isFree ? { id: peer, name } : names.nameOf(peer);
  }

  onTimeout(now: Instant): void {
    if (this.#reconsiderAt !== undefined && this.#reconsiderAt <= now) {
      this.#reconsiderAt = undefined;
      this.#considerAll(now);
    }
    if (this.#wakeAt === undefined || this.#wakeAt > now) return;
    this.#wakeAt = undefined;
    for (const [peer, source] of this.#sources) {
      if (source.retryAt !== undefined && source.retryAt <= now) this.#comeBack(now, peer, source);
      else if (this.#up.has(peer) && source.heardAt + PROBE_MS <= now) this.#probe(now, peer, source);
      this.#wake(source.retryAt);
      if (this.#up.has(peer)) this.#wake(source.heardAt + PROBE_MS);
    }
  }

  #considerAll(now: Instant): void {
    for (const peer of this.#options.names.keys()) this.#consider(now, peer);
    for (const peer of this.#up) if (!this.#options.names.has(peer)) this.#considerNameless(now, peer);
  }

  /** Its record follows in a moment, unless there is no room for it: messages come with a name. */
  #considerNameless(now: Instant, peer: NodeKey): void {
    if (this.#options.names.isFull || this.#sources.has(peer)) this.#consider(now, peer);
  }

  /** Brings what we hold at one peer in line with what we want of it. */
  #consider(now: Instant, peer: NodeKey): void {
    if (peer === this.#options.self) return;
    const wanted = this.#wanted.of(this.#options.names.nameOf(peer));
    const source = this.#sources.get(peer) ?? (wanted.size === 0 ? undefined : this.#place(now, peer));
    if (source === undefined) return;
    for (const [topic, row] of source.rows) {
      if (wanted.has(topic)) continue;
      source.rows.delete(topic);
      if (row.state !== 'due') this.#unsubscribe(peer, source, topic);
    }
    for (const [topic, qos] of wanted) {
      const row = source.rows.get(topic);
      if (row?.qos === qos) continue;
      source.rows.set(topic, { qos, state: 'due', tag: undefined });
    }
    if (source.rows.size === 0) this.#forget(now, peer);
    else if (source.retryAt === undefined || source.isQueued) this.#sendDue(now, peer, source);
  }

  /** Each source takes a session: when there are as many, one with a session displaces one without. */
  #place(now: Instant, peer: NodeKey): Source | undefined {
    if (this.#isFull && !this.#displace(peer)) {
      this.#isShort = true;
      return undefined;
    }
    const source = {
      rows: new Map(),
      attempt: 0,
      retryAt: undefined,
      isQueued: false,
      heardAt: now,
      isPublisher: false,
    };
    this.#sources.set(peer, source);
    return source;
  }

  get #isFull(): boolean {
    return this.#sources.size >= this.#options.limits.sessionCountMax;
  }

  #displaceListless(now: Instant): void {
    for (const [peer, source] of this.#sources) {
      if (source.isPublisher) continue;
      for (const [topic, row] of source.rows) if (row.state !== 'due') this.#unsubscribe(peer, source, topic);
      this.#forget(now, peer);
      this.#isShort = true;
      return;
    }
  }

  #displace(peer: NodeKey): boolean {
    if (!this.#up.has(peer)) return false;
    for (const other of this.#sources.keys()) {
      if (this.#up.has(other)) continue;
      this.#sources.delete(other);
      this.#isShort = true;
      return true;
    }
    return false;
  }

  #sendDue(now: Instant, peer: NodeKey, source: Source): void {
    let count = 0;
    for (const [topic, row] of source.rows) {
      const alias = this.#wanted.aliasOf(topic);
      if (row.state !== 'due' || alias === undefined) continue;
      row.state = 'sent';
      row.tag = this.#nextTag++;
      const message = { kind: 'subscribe', alias, qos: row.qos, path: topic } as const;
      this.#options.outbox.push({ kind: 'send', to: peer, message, delivery: 'reliable', tag: row.tag });
      count++;
    }
    if (count === 0 || this.#up.has(peer)) return;
    source.isQueued = true;
    source.retryAt = now + QUEUED_RETRY_MS;
    this.#wake(source.retryAt);
  }

  /** Without a session the publisher has let go of us, so there is nothing to take back. */
  #unsubscribe(peer: NodeKey, source: Source, topic: string): void {
    const alias = this.#wanted.aliasOf(topic);
    if (alias === undefined || (!this.#up.has(peer) && !source.isQueued)) return;
    const message = { kind: 'unsubscribe', alias } as const;
    this.#options.outbox.push({ kind: 'send', to: peer, message, delivery: 'reliable' });
  }

  /**
   * The publisher holds a subscription that we do not; once it hears, it stops. Reliably, so that it does not
   * overtake, or come after, a SUBSCRIBE with the same alias.
   */
  #disown(now: Instant, publisher: NodeKey, alias: number): void {
    if (now - this.#disownedAt < DISOWN_EVERY_MS) return;
    this.#disownedAt = now;
    const message = { kind: 'unsubscribe', alias } as const;
    this.#options.outbox.push({ kind: 'send', to: publisher, message, delivery: 'reliable' });
  }

  #comeBack(now: Instant, peer: NodeKey, source: Source): void {
    source.retryAt = undefined;
    if (!this.#up.has(peer)) for (const row of source.rows.values()) row.state = 'due';
    this.#sendDue(now, peer, source);
  }

  #probe(now: Instant, peer: NodeKey, source: Source): void {
    source.heardAt = now;
    const [first] = source.rows.values();
    if (first?.state === 'held') first.state = 'due';
    this.#sendDue(now, peer, source);
  }

  #prove(now: Instant, source: Source): void {
    source.heardAt = now;
    this.#wake(now + PROBE_MS);
  }

  #backOff(now: Instant, source: Source): void {
    const wait = Math.min(BACK_OFF_MS_MAX, SECOND_MS * (1 << Math.min(source.attempt, 6)));
    source.attempt++;
    source.retryAt = now + wait;
    this.#wake(source.retryAt);
  }

  #forget(now: Instant, peer: NodeKey): void {
    if (!this.#sources.delete(peer) || !this.#isShort) return;
    this.#isShort = false;
    this.#reconsiderAt = now + RECONSIDER_MS;
  }

  #wake(at: Instant | undefined): void {
    this.#wakeAt = earlier(this.#wakeAt, at);
  }
}
