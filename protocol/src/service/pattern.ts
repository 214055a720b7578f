import type { PeerName } from '../api.js';
import { isTopic } from './text.js';

/** `*` stands for the whole publisher, never for a part of it nor for a topic (SPEC §9.2). */
export const ANYONE = '*';
/** A name, a displayed name with its suffix, or a NodeKey. */
const PUBLISHER = /^[a-z0-9-]{1,32}(~[0-9a-f]{4,32})?$/;

export interface Pattern {
  readonly publisher: string;
  readonly topic: string;
}

/** 'publisher/topic'; the topic may contain further slashes. */
export function parsePattern(text: string): Pattern | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const publisher = text.substring(0, slash);
  const topic = text.substring(slash + 1);
  if (publisher !== ANYONE && !PUBLISHER.test(publisher)) return undefined;
  return isTopic(topic) ? { publisher, topic } : undefined;
}

export function matches(pattern: Pattern, publisher: PeerName): boolean {
  const wanted = pattern.publisher;
  return wanted === ANYONE || wanted === publisher.id || wanted === publisher.name;
}
