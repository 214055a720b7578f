/** Where a run stood when it failed; with the seed, all that is needed to stand there again. */
export interface Whereabouts {
  readonly seed: number;
  readonly atMs: number;
  readonly event: number;
  readonly host: string | undefined;
}

/**
 * A broken promise of the machines under test, or misuse of the world; never a fault that the world injected.
 */
export class WorldFailure extends Error {
  readonly whereabouts: Whereabouts | undefined;

  constructor(what: string, whereabouts?: Whereabouts, cause?: unknown) {
    super(whereabouts === undefined ? what : `${what} [${describeWhereabouts(whereabouts)}]`, { cause });
    this.name = 'WorldFailure';
    this.whereabouts = whereabouts;
  }
}

/** Throws unless the machine under test, or the author of the scenario, kept a promise. */
export function insist(condition: boolean, what: string): asserts condition {
  if (!condition) throw new WorldFailure(what);
}

function describeWhereabouts(at: Whereabouts): string {
  const host = at.host === undefined ? '' : ` HOST=${at.host}`;
  return `SEED=${at.seed} AT=${at.atMs}ms EVENT=${at.event}${host}`;
}
