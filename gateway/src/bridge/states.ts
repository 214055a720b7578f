import type { NodeKey, PeerName } from '../mesh.js';
import type { Json } from './json.js';
import { topicLevelOf } from './topics.js';

/** What is known of one peer on the broker. */
interface PeerState {
  level: string;
  readonly values: Map<string, Json>;
  isOnline: boolean | undefined;
}

/** What the broker keeps about one peer. */
export interface StateDocument {
  readonly level: string;
  readonly json: string;
  /** Undefined while it is not known. */
  readonly isOnline: boolean | undefined;
}

/** The JSON of a peer that has said nothing yet. */
export const EMPTY_STATE = '{}';

/** The state documents of all peers, and which topic level belongs to whom. */
export class PeerStates {
  readonly #states = new Map<NodeKey, PeerState>();

  /** Everything that is retained on the broker, for a broker that lost its memory. */
  documents(): readonly StateDocument[] {
    return [...this.#states.values()].map(documentOf);
  }

  documentOf(peer: PeerName): StateDocument {
    return documentOf(this.#stateOf(peer));
  }

  documentById(id: NodeKey): StateDocument | undefined {
    const state = this.#states.get(id);
    return state && documentOf(state);
  }

  /** Sets one value and gives the whole document. */
  set(peer: PeerName, key: string, value: Json): string {
    const state = this.#stateOf(peer);
    state.values.set(key, value);
    return jsonOf(state);
  }

  /** What the broker keeps of a peer, by another gateway: it is the whole document. Gives what was before. */
  replace(id: NodeKey, document: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
    const state = this.#states.get(id);
    if (state === undefined) return {};
    const before = Object.fromEntries(state.values);
    state.values.clear();
    for (const [key, value] of Object.entries(document)) state.values.set(key, value);
    return before;
  }

  levelOf(peer: PeerName): string {
    return this.#stateOf(peer).level;
  }

  idOf(level: string): NodeKey | undefined {
    for (const [id, state] of this.#states) if (state.level === level) return id;
    return undefined;
  }

  /** True when that is news. */
  setOnline(peer: PeerName, isOnline: boolean): boolean {
    const state = this.#stateOf(peer);
    const isNews = state.isOnline !== isOnline;
    state.isOnline = isOnline;
    return isNews;
  }

  /** The level that a peer had before its name became known or changed; undefined when it is as it was. */
  rename(peer: PeerName): string | undefined {
    const state = this.#states.get(peer.id);
    if (state === undefined || peer.name === '') return undefined;
    const level = this.#freeLevel(peer);
    if (level === state.level) return undefined;
    const old = state.level;
    state.level = level;
    return old;
  }

  #stateOf(peer: PeerName): PeerState {
    let state = this.#states.get(peer.id);
    if (state === undefined) {
      state = { level: this.#freeLevel(peer), values: new Map(), isOnline: undefined };
      this.#states.set(peer.id, state);
    }
    return state;
  }

  /** Two peers of one name: the later one carries a part of its id. */
  #freeLevel(peer: PeerName): string {
    const level = topicLevelOf(peer);
    const owner = this.idOf(level);
    return owner === undefined || owner === peer.id ? level : `${level}~${peer.id.substring(0, 4)}`;
  }
}

function documentOf(state: PeerState): StateDocument {
  return { level: state.level, json: jsonOf(state), isOnline: state.isOnline };
}

function jsonOf(state: PeerState): string {
  return JSON.stringify(Object.fromEntries(state.values));
}
