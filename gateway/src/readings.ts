import type { Dispose, Mesh, NodeKey, PeerName, PeerReport, Value } from './mesh.js';

/** Served and published by every device of the SDK: the topics that it publishes. */
export const TOPICS = '$topics';

/** Below the 64 subscriptions that a node keeps per peer. */
const TOPICS_PER_PEER_MAX = 60;
/** What a peer publishes with acknowledgement is acknowledged to it; the rest is not. */
const ACKNOWLEDGED = { qos: 1 } as const;
const ASK_TIMEOUT_MS = 5000;
const ASK_AGAIN_MS_MIN = 1000;
const ASK_AGAIN_MS_MAX = 60_000;
/** A topic that came between the answer and our subscription to `$topics` is found by asking once more. */
const ASK_TWICE_MS = 10_000;

export interface Reading {
  readonly peer: PeerName;
  readonly topic: string;
  readonly value: Value;
}

interface Publisher {
  readonly subscriptions: Map<string, Dispose>;
  timer: NodeJS.Timeout | undefined;
  askAgainMs: number;
  isOnline: boolean;
  isHeard: boolean;
}

export interface ReadingsOptions {
  readonly mesh: Mesh;
  readonly onReading: (reading: Reading) => void;
  /** Whether what a peer publishes comes here from now on. */
  readonly onHeard?: (peer: NodeKey, isHeard: boolean) => void;
  readonly onTrouble: (trouble: string) => void;
}

/**
 * Learns what each peer publishes and subscribes to all of it. A subscription names one publisher and one
 * topic, so that a peer is never told about topics of others: a small board keeps few subscriptions.
 */
export class Readings {
  readonly #options: ReadingsOptions;
  readonly #publishers = new Map<NodeKey, Publisher>();
  readonly #disposers: Dispose[] = [];

  constructor(options: ReadingsOptions) {
    this.#options = options;
  }

  start(): void {
    const { mesh } = this.#options;
    this.#disposers.push(
      mesh.subscribe(`*/${TOPICS}`, (value, details) => this.#onTopics(details.from, value), ACKNOWLEDGED),
      mesh.on('peer', (peer) => this.#onPeer(peer)),
    );
    for (const peer of mesh.peers()) this.#onPeer(peer);
  }

  stop(): void {
    for (const dispose of this.#disposers.splice(0)) dispose();
    for (const publisher of this.#publishers.values()) {
      clearTimeout(publisher.timer);
      for (const dispose of publisher.subscriptions.values()) dispose();
    }
    this.#publishers.clear();
  }

  #onPeer(peer: PeerReport): void {
    const publisher = this.#publisherOf(peer.id);
    const wasOnline = publisher.isOnline;
    publisher.isOnline = peer.status === 'online';
    if (publisher.isOnline === wasOnline) return;
    clearTimeout(publisher.timer);
    if (!publisher.isOnline) {
      this.#setHeard(peer.id, publisher, false);
      return;
    }
    publisher.askAgainMs = ASK_AGAIN_MS_MIN;
    void this.#ask(peer, publisher, ASK_TWICE_MS);
  }

  async #ask(peer: PeerReport, publisher: Publisher, askTwiceMs: number | undefined): Promise<void> {
    const { mesh } = this.#options;
    try {
      this.#onTopics(peer, await mesh.request(peer.id, TOPICS, undefined, { timeoutMs: ASK_TIMEOUT_MS }));
      if (publisher.subscriptions.size === 0) this.#setHeard(peer.id, publisher, true);
      if (askTwiceMs !== undefined) this.#askLater(peer, publisher, askTwiceMs);
    } catch (thrown) {
      // A peer that is not built with the SDK serves no such path; asking again would not help.
      if (codeOf(thrown) === 'notFound') {
        this.#setHeard(peer.id, publisher, true);
        return;
      }
      this.#askLater(peer, publisher, publisher.askAgainMs);
      publisher.askAgainMs = Math.min(ASK_AGAIN_MS_MAX, publisher.askAgainMs * 2);
    }
  }

  /** A subscription is on its way for a while; the first reading proves that it has arrived. */
  #setHeard(id: NodeKey, publisher: Publisher, isHeard: boolean): void {
    if (publisher.isHeard === isHeard) return;
    publisher.isHeard = isHeard;
    this.#options.onHeard?.(id, isHeard);
  }

  #askLater(peer: PeerReport, publisher: Publisher, afterMs: number): void {
    if (!publisher.isOnline || this.#publishers.get(peer.id) !== publisher) return;
    clearTimeout(publisher.timer);
    publisher.timer = setTimeout(() => void this.#ask(peer, publisher, undefined), afterMs);
  }

  #onTopics(from: PeerName, value: Value): void {
    const publisher = this.#publisherOf(from.id);
    const topics = topicsIn(value);
    if (topics.length > TOPICS_PER_PEER_MAX) {
      const name = from.name === '' ? from.id : from.name;
      this.#options.onTrouble(
        `${name} publishes ${topics.length} topics; only ${TOPICS_PER_PEER_MAX} are read`,
      );
    }
    const wanted = new Set(topics.slice(0, TOPICS_PER_PEER_MAX));
    for (const [topic, dispose] of publisher.subscriptions) {
      if (wanted.has(topic)) continue;
      dispose();
      publisher.subscriptions.delete(topic);
    }
    for (const topic of wanted)
      if (!publisher.subscriptions.has(topic)) this.#subscribe(from, publisher, topic);
  }

  #subscribe(from: PeerName, publisher: Publisher, topic: string): void {
    const { mesh, onReading } = this.#options;
    const listener = (value: Value, details: { from: PeerName }) => {
      this.#setHeard(from.id, publisher, true);
      onReading({ peer: details.from, topic, value });
    };
    const dispose = mesh.subscribe(`${from.id}/${topic}`, listener, ACKNOWLEDGED);
    publisher.subscriptions.set(topic, dispose);
  }

  #publisherOf(id: NodeKey): Publisher {
    let publisher = this.#publishers.get(id);
    if (publisher === undefined) {
      const subscriptions = new Map<string, Dispose>();
      publisher = {
        subscriptions,
        timer: undefined,
        askAgainMs: ASK_AGAIN_MS_MIN,
        isOnline: false,
        isHeard: false,
      };
      this.#publishers.set(id, publisher);
    }
    return publisher;
  }
}

/** What a peer says is checked: anything but plain topic names is left out. */
function topicsIn(value: Value): string[] {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  const topics = list.filter((each): each is string => typeof each === 'string');
  return topics.filter((topic) => topic !== '' && !/[*]|^[$~]/.test(topic));
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
