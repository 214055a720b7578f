import { FogError } from './errors.js';

/**
 * What every device tells about itself without being told to, so that a gateway needs no list of it: the
 * request paths '$topics' and '$services', and the topic '$topics' whenever a topic is new.
 */
export const TOPICS = '$topics';
export const SERVICES = '$services';

/** Topics that are listed; a device that makes up a new name for each message is not worth more. */
const TOPIC_COUNT_MAX = 64;

/** Names that start with '~' are for programs among themselves: they work as others do, unlisted. */
export function isListed(name: string): boolean {
  return !/^[$~]/.test(name);
}

/** Names that start with '$' belong to every device. */
export function checkOpen(name: string, method: string): string {
  if (!name.startsWith('$')) return name;
  throw new FogError('misuse', `${method}('${name}', ...): names that start with "$" are the device's own`);
}

export class Introspection {
  readonly #topics = new Set<string>();
  readonly #publish: (topics: readonly string[]) => void;

  constructor(publish: (topics: readonly string[]) => void) {
    this.#publish = publish;
  }

  get topics(): readonly string[] {
    return [...this.#topics].sort();
  }

  /** Before the first publication of a topic, so that whoever wants it can subscribe. */
  noteTopic(topic: string): void {
    if (!isListed(topic) || this.#topics.has(topic) || this.#topics.size >= TOPIC_COUNT_MAX) return;
    this.#topics.add(topic);
    this.#publish(this.topics);
  }
}
