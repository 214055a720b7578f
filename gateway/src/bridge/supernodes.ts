import { isServing, type RoleView } from '../roles.js';

/** The supernodes that one gateway deals with: itself while it is one, and those that serve it. */
export interface SupernodesDocument {
  /** Unix seconds. */
  readonly at: number;
  /** Whose view it is. */
  readonly from: string;
  readonly state: string | undefined;
  readonly supernodes: readonly SupernodeView[];
}

interface SupernodeView {
  readonly name: string;
  /** Of the gateway itself only; others tell it when asked (`fogwisp roles`). */
  readonly serves?: readonly string[];
  readonly score?: number;
  /** Unix seconds. */
  readonly termEnds?: number | undefined;
}

export function supernodesDocument(own: RoleView): SupernodesDocument {
  const at = Math.floor(Date.now() / 1000);
  const { name, state, serves, score, termEndsMs, supernodes } = own;
  const termEnds = termEndsMs === undefined ? undefined : at + Math.round(termEndsMs / 1000);
  const self = isServing(own) ? [{ name, serves, score, termEnds }] : [];
  return { at, from: name, state, supernodes: [...self, ...supernodes.map((each) => ({ name: each }))] };
}

/** Who began and who ended to serve between two documents. */
export function changesOf(
  before: readonly string[],
  { supernodes }: SupernodesDocument,
): readonly { readonly type: 'supernode_up' | 'supernode_down'; readonly peer: string }[] {
  const names = supernodes.map(({ name }) => name);
  const up = names.filter((name) => !before.includes(name));
  const down = before.filter((name) => !names.includes(name));
  return [
    ...down.map((peer) => ({ type: 'supernode_down', peer }) as const),
    ...up.map((peer) => ({ type: 'supernode_up', peer }) as const),
  ];
}
