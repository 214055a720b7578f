import type { Command, CommandId, QualityOfService } from '../api.js';
import { copyBytes } from '../kernel/bytes.js';
import { type DropReason, UsageError } from '../kernel/fault.js';
import type { NodeKey } from '../kernel/link.js';
import { NumberTable } from '../kernel/number-table.js';
import type { Limits } from '../limits.js';
import type { MailFate } from '../mail/doors.js';
import type { Subscribe } from '../packet/message.js';
import type { Lines } from './line.js';
import type { Names } from './names.js';
import type { PeerDownCode, PortOutput, Sink } from './port.js';
import { isTopic } from './text.js';

/**
 * Who listens to us (SPEC §9.2). A row is active while the subscriber's session lasts; after a loss it stays
 * as a memory of what the subscriber has acknowledged, until it comes back or the place is needed.
 *
 * The last value of each topic is kept and given to a new subscriber at once, as people expect of a sensor.
 * One that comes back after a loss gets it too, unless it had acknowledged this very value: with qos 1 nobody
 * sees an event twice because a session broke.
 *
 * A row whose subscriber sleeps and has keepers (SPEC §8.12) is asleep: publications with qos 1 go as mail.
 * It stays when the subscriber restarts, as waking is a restart.
 */
const RETAINED_BYTES_MAX = 256;
/** Type 1, alias 5, head of body 3. */
const HEAD_BYTES_MAX = 9;

interface Row {
  alias: number;
  qos: QualityOfService;
  isActive: boolean;
  isAsleep: boolean;
  /** Number of the last publication that this subscriber acknowledged. */
  acknowledged: number;
}

interface Retained {
  readonly number: number;
  readonly body: Uint8Array;
  readonly qos: QualityOfService;
}

/** A publication with qos 1 that not all have acknowledged. */
interface Publication {
  readonly command: CommandId;
  readonly subscribers: number;
  lost: number;
  kept: number;
  open: number;
}

interface Delivery {
  readonly peer: NodeKey;
  readonly row: Row;
  readonly number: number;
  /** Undefined when nobody waits for the outcome, or is told it already. */
  publication: Publication | undefined;
  /** As mail: the command that it is of, and the topic. */
  readonly mail?: { readonly command: CommandId; readonly topic: string };
}

export type PublishCommand = Extract<Command, { kind: 'publish' }>;

export interface PublisherOptions {
  readonly limits: Limits;
  readonly names: Names;
  readonly lines: Lines;
  readonly outbox: Sink<PortOutput>;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #topics = new Map<string, Map<NodeKey, Row>>();
  /** Rows per subscriber, in the order of their first subscription. */
  readonly #counts = new Map<NodeKey, number>();
  /** In order of publication, so that the first is the one that was not renewed for longest. */
  readonly #retained = new Map<string, Retained>();
  readonly #deliveries = new NumberTable<Delivery>();
  #openCount = 0;
  #topicsVersion = 0;
  #nextNumber = 1;
  #nextTag = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Those with a last value. */
  topics(): Iterable<string> {
    return this.#retained.keys();
  }

  get topicsVersion(): number {
    return this.#topicsVersion;
  }

  retainedOf(topic: string): Uint8Array | undefined {
    return this.#retained.get(topic)?.body;
  }

  /** False when the publication is refused, and the application has been told. */
  accepts(command: CommandId, what: PublishCommand): boolean {
    const { limits } = this.#options;
    if (!isTopic(what.topic)) throw new UsageError('badTopic', 'a topic has 1 to 128 bytes and no asterisk');
    if (what.qos !== 0 && what.qos !== 1) throw new UsageError('badQos', 'qos is 0 or 1');
    if (what.body.length > limits.messageBytesMax) return this.#fail(command, 'tooLarge');
    if (what.qos === 1 && this.#openCount >= limits.sendQueueMax) return this.#fail(command, 'busy');
    return true;
  }

  /** `own`: subscribers within this node, who have it already. */
  publish(command: CommandId, what: PublishCommand, own: number): void {
    const retained = { number: this.#nextNumber++, body: copyBytes(what.body), qos: what.qos };
    this.#retain(what.topic, retained);
    const rows = [...(this.#topics.get(what.topic) ?? [])];
    const active = rows.filter(([, row]) => row.isActive);
    const asleep = what.qos === 0 ? [] : rows.filter(([, row]) => row.isAsleep && !row.isActive);
    const subscribers = active.length + asleep.length + own;
    const publication = { command, subscribers, lost: 0, kept: 0, open: 0 };
    for (const [peer, row] of active) this.#deliver(peer, row, retained, publication);
    for (const [peer, row] of asleep) this.#mail(peer, row, retained, publication, what.topic);
    if (publication.open === 0) this.#published(publication);
    else this.#openCount++;
  }

  onSubscribe(from: NodeKey, message: Subscribe): DropReason | undefined {
    const { alias, qos, path } = message;
    if (!isTopic(path) || (qos !== 0 && qos !== 1)) return 'malformed';
    const known = this.#topics.get(path)?.get(from);
    if (known?.alias !== alias) this.#remove(from, alias);
    const row = known ?? this.#place(from, path);
    if (row === undefined) return 'overLimit';
    const wasActive = row.isActive;
    row.alias = alias;
    row.qos = qos;
    row.isActive = true;
    row.isAsleep = false;
    if (!wasActive) this.#catchUp(from, path, row);
    return undefined;
  }

  /** What that peer hears with qos 1, or would if it were awake. */
  topicsOf(peer: NodeKey): readonly string[] {
    const topics: string[] = [];
    for (const [topic, rows] of this.#topics) {
      const row = rows.get(peer);
      if (row?.qos === 1 && (row.isActive || row.isAsleep)) topics.push(topic);
    }
    return topics;
  }

  /** Publications under these topics may go to that peer as mail while it is not here. */
  onSleeper(peer: NodeKey, topics: readonly string[]): void {
    for (const topic of topics) {
      const row = this.#topics.get(topic)?.get(peer) ?? this.#place(peer, topic);
      if (row === undefined) continue;
      row.qos = 1;
      row.isAsleep = true;
    }
  }

  onMailed(tag: number, fate: MailFate): void {
    const { state } = fate;
    const delivery = this.#deliveries.get(tag);
    if (delivery?.mail === undefined) return;
    const { peer, row, number, publication, mail } = delivery;
    const event = { kind: 'mail', ...mail, to: this.#options.names.nameOf(peer), ...fate } as const;
    this.#options.outbox.push({ kind: 'event', event });
    if (state === 'delivered') row.acknowledged = Math.max(row.acknowledged, number);
    if (state !== 'kept') this.#deliveries.remove(tag);
    if (publication !== undefined && state === 'kept') publication.kept++;
    delivery.publication = undefined;
    this.#count(publication, state !== 'lost');
    const isOver = state === 'lost' && (fate.reason === 'noKeeper' || fate.reason === 'unwanted');
    if (isOver && !row.isActive && this.#topics.get(mail.topic)?.get(peer) === row) {
      this.#removeRow(mail.topic, peer);
    }
  }

  onUnsubscribe(from: NodeKey, alias: number): void {
    this.#remove(from, alias);
  }

  setRoom(peer: NodeKey, bytes: number): void {
    this.#options.lines.setRoom(peer, bytes);
  }

  /** In a resumed session both know the subscriptions; in a new one the subscriber renews them. */
  onUp(peer: NodeKey, resumed: boolean): void {
    if (!resumed) return;
    for (const [topic, rows] of this.#topics) {
      const row = rows.get(peer);
      if (row === undefined || row.isActive) continue;
      row.isActive = true;
      this.#catchUp(peer, topic, row);
    }
  }

  /** It started anew: what it does not renew is over, what it acknowledged is forgotten. */
  onReboot(peer: NodeKey): void {
    for (const [topic, rows] of this.#topics) {
      const row = rows.get(peer);
      if (row?.isActive === false && !row.isAsleep) this.#removeRow(topic, peer);
    }
  }

  onDown(peer: NodeKey, code: PeerDownCode): void {
    this.#options.lines.down(peer, code);
    for (const tag of code === 'unreachable' ? this.#deliveries.numbers() : []) {
      const delivery = this.#deliveries.get(tag);
      if (delivery?.peer !== peer || delivery.mail !== undefined) continue;
      this.#count(delivery.publication, false);
      delivery.publication = undefined;
    }
    if (code === 'restarted') return this.#removeAll(peer);
    for (const row of this.#rowsOf(peer)) row.isActive = false;
  }

  onSettled(tag: number, ok: boolean): void {
    const delivery = this.#deliveries.remove(tag);
    if (delivery === undefined) return;
    const { row, number, publication } = delivery;
    if (ok) row.acknowledged = Math.max(row.acknowledged, number);
    this.#count(publication, ok);
  }

  #count(publication: Publication | undefined, ok: boolean): void {
    if (publication === undefined) return;
    if (!ok) publication.lost++;
    publication.open--;
    if (publication.open > 0) return;
    this.#openCount--;
    this.#published(publication);
  }

  /** When full, the topic goes that was not published for longest. */
  #retain(topic: string, retained: Retained): void {
    if (!this.#retained.has(topic)) this.#topicsVersion++;
    this.#retained.delete(topic);
    if (retained.body.length > RETAINED_BYTES_MAX) return;
    if (this.#retained.size >= this.#options.limits.subscriptionCountMax) {
      for (const oldest of this.#retained.keys()) {
        this.#retained.delete(oldest);
        break;
      }
    }
    this.#retained.set(topic, retained);
  }

  #catchUp(peer: NodeKey, topic: string, row: Row): void {
    const last = this.#retained.get(topic);
    if (last === undefined || last.number === row.acknowledged || this.#isUnderWay(row, last)) return;
    this.#deliver(peer, row, last, undefined);
  }

  /** What was sent reliably waits for the next session, and would come twice. */
  #isUnderWay(row: Row, { number }: Retained): boolean {
    return this.#deliveries.numbers().some((tag) => {
      const delivery = this.#deliveries.get(tag);
      return delivery?.row === row && delivery.number === number;
    });
  }

  #mail(peer: NodeKey, row: Row, value: Retained, publication: Publication, topic: string): void {
    const tag = this.#nextTag++;
    const mail = { command: publication.command, topic };
    this.#deliveries.set(tag, { peer, row, number: value.number, publication, mail });
    publication.open++;
    this.#options.outbox.push({ kind: 'post', tag, to: peer, topic, body: value.body });
  }

  #deliver(peer: NodeKey, row: Row, value: Retained, publication: Publication | undefined): void {
    const { outbox } = this.#options;
    const message = { kind: 'publish', alias: row.alias, body: value.body } as const;
    if (row.qos === 1 && value.qos === 1) {
      const tag = this.#nextTag++;
      this.#deliveries.set(tag, { peer, row, number: value.number, publication });
      if (publication !== undefined) publication.open++;
      outbox.push({ kind: 'send', to: peer, message, delivery: 'reliable', tag });
      return;
    }
    const isLarge = HEAD_BYTES_MAX + value.body.length > this.#options.lines.roomBytes(peer);
    outbox.push({ kind: 'send', to: peer, message, delivery: isLarge ? 'reliable' : 'datagram' });
  }

  /**
   * A place for a new row. When a subscriber has used up his, a memory of his goes; when there are too many
   * subscribers, one who is gone. Active rows never go: the newcomer is refused.
   */
  #place(from: NodeKey, path: string): Row | undefined {
    const { limits } = this.#options;
    const count = this.#counts.get(from) ?? 0;
    if (count >= limits.subscriptionCountMax && !this.#removeMemory(from)) return undefined;
    if (count === 0 && this.#counts.size >= limits.sessionCountMax && !this.#removeAbsent()) return undefined;
    const row: Row = { alias: 0, qos: 0, isActive: false, isAsleep: false, acknowledged: 0 };
    const rows = this.#topics.get(path) ?? new Map<NodeKey, Row>();
    this.#topics.set(path, rows);
    rows.set(from, row);
    this.#counts.set(from, (this.#counts.get(from) ?? 0) + 1);
    return row;
  }

  #remove(peer: NodeKey, alias: number): void {
    for (const [topic, rows] of this.#topics) {
      if (rows.get(peer)?.alias === alias) this.#removeRow(topic, peer);
    }
  }

  #removeAll(peer: NodeKey): void {
    for (const [topic, rows] of this.#topics) if (rows.has(peer)) this.#removeRow(topic, peer);
  }

  #removeMemory(peer: NodeKey): boolean {
    for (const [topic, rows] of this.#topics) {
      if (rows.get(peer)?.isActive !== false) continue;
      this.#removeRow(topic, peer);
      return true;
    }
    return false;
  }

  #removeAbsent(): boolean {
    for (const peer of this.#counts.keys()) {
      if (this.#rowsOf(peer).some((row) => row.isActive)) continue;
      this.#removeAll(peer);
      return true;
    }
    return false;
  }

  #removeRow(topic: string, peer: NodeKey): void {
    const rows = this.#topics.get(topic);
    if (rows === undefined || !rows.delete(peer)) return;
    if (rows.size === 0) this.#topics.delete(topic);
    const count = (this.#counts.get(peer) ?? 1) - 1;
    if (count === 0) this.#counts.delete(peer);
    else this.#counts.set(peer, count);
  }

  #rowsOf(peer: NodeKey): Row[] {
    const found: Row[] = [];
    for (const rows of this.#topics.values()) {
      const row = rows.get(peer);
      if (row !== undefined) found.push(row);
    }
    return found;
  }

  #published(publication: Publication): void {
    const { command, subscribers, lost, kept } = publication;
    const mailed = kept === 0 ? {} : { kept };
    const event = { kind: 'published', command, subscribers, lost, ...mailed } as const;
    this.#options.outbox.push({ kind: 'event', event });
  }

  #fail(command: CommandId, code: 'tooLarge' | 'busy'): false {
    this.#options.outbox.push({ kind: 'event', event: { kind: 'failed', command, code } });
    return false;
  }
}
