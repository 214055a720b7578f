import type { PeerName, QualityOfService } from '../api.js';
import type { Instant } from '../kernel/time.js';
import { IdPool } from './id-pool.js';
import { ANYONE, matches, type Pattern } from './pattern.js';

const ALIAS_MAX = 0xffff;

interface Subscription extends Pattern {
  readonly qos: QualityOfService;
}

/** Our subscriptions, and an alias for each topic in them, the same for all publishers. */
export class Wanted {
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #aliases = new Map<string, number>();
  readonly #topics = new Map<number, string>();
  readonly #ids = new IdPool(ALIAS_MAX);

  get size(): number {
    return this.#subscriptions.size;
  }

  has(text: string): boolean {
    return this.#subscriptions.has(text);
  }

  set(now: Instant, text: string, pattern: Pattern, qos: QualityOfService): void {
    this.#subscriptions.set(text, { ...pattern, qos });
    if (this.#aliases.has(pattern.topic)) return;
    const alias = this.#ids.take(now);
    this.#aliases.set(pattern.topic, alias);
    this.#topics.set(alias, pattern.topic);
  }

  /** Its topic keeps its alias until `release`, so that it can be taken back from the publishers. */
  delete(text: string): Pattern | undefined {
    const pattern = this.#subscriptions.get(text);
    this.#subscriptions.delete(text);
    return pattern;
  }

  release(now: Instant, topic: string): void {
    for (const other of this.#subscriptions.values()) if (other.topic === topic) return;
    const alias = this.#aliases.get(topic);
    if (alias === undefined) return;
    this.#aliases.delete(topic);
    this.#topics.delete(alias);
    this.#ids.give(now, alias);
  }

  topicsOfAnyone(): readonly string[] {
    const topics = new Set<string>();
    for (const { publisher, topic } of this.#subscriptions.values())
      if (publisher === ANYONE) topics.add(topic);
    return [...topics];
  }

  aliasOf(topic: string): number | undefined {
    return this.#aliases.get(topic);
  }

  topicOf(alias: number): string | undefined {
    return this.#topics.get(alias);
  }

  wants(publisher: PeerName, topic: string): boolean {
    for (const wanted of this.#subscriptions.values()) {
      if (wanted.topic === topic && matches(wanted, publisher)) return true;
    }
    return false;
  }

  /** The best service that any of our patterns wants of this publisher, by topic. */
  of(publisher: PeerName): Map<string, QualityOfService> {
    const wanted = new Map<string, QualityOfService>();
    for (const subscription of this.#subscriptions.values()) {
      if (!matches(subscription, publisher)) continue;
      const { topic, qos } = subscription;
      if (wanted.get(topic) !== 1) wanted.set(topic, qos);
    }
    return wanted;
  }
}
