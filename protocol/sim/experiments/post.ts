import { encodeValue } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';

/** Publishes with QoS 1 and keeps account of what became of it; it takes the events of its fleet. */
export class Post {
  /** Messages that came out of some node. */
  receivedCount = 0;
  #serial = 0;
  #ended = 0;
  #subscribed = 0;
  #lost = 0;

  constructor(fleet: Fleet) {
    fleet.onEvent = (event) => {
      if (event.kind === 'message') this.receivedCount++;
      if (event.kind !== 'published') return;
      this.#ended++;
      this.#subscribed += event.subscribers;
      this.#lost += event.lost;
    };
  }

  publish(from: Member, topic: string): void {
    from.host.command({ kind: 'publish', topic, body: encodeValue(++this.#serial), qos: 1 });
  }

  /** One for each subscriber that was there. */
  get sentCount(): number {
    return this.#subscribed;
  }

  /** Of those, what the publisher was told did not arrive; and publications that nothing was told of. */
  get lostCount(): number {
    return this.#lost + this.#serial - this.#ended;
  }

  get missingCount(): number {
    return Math.max(0, this.#subscribed - this.#lost - this.receivedCount);
  }
}
