/**
 * One promise that an implementation must keep; `run` throws when it does not. Any test runner can run it.
 */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void> | void;
}

/** What suites use that are written as blocks of cases. */
export interface CaseRegister {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void> | void): void;
}

/** The cases that a suite of that form would register. */
export function collectCases(suite: (register: CaseRegister) => void): readonly ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  let prefix = '';
  suite({
    describe(name: string, body: () => void): void {
      const outer = prefix;
      prefix = `${outer}${name}: `;
      body();
      prefix = outer;
    },
    it(name: string, run: () => Promise<void> | void): void {
      cases.push({ name: prefix + name, run });
    },
  });
  return cases;
}

export function check(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Error(`does not keep its promise: ${promise}`);
}

/** True once `condition` holds; false when it does not for a long time. */
export async function eventually(condition: () => boolean, patienceMs = PATIENCE_MS): Promise<boolean> {
  const until = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > until) return false;
    await pause(POLL_MS);
  }
  return true;
}

/** Long enough for what is under way to arrive; that nothing does can only be seen by waiting. */
export function quiet(): Promise<void> {
  return pause(QUIET_MS);
}

const PATIENCE_MS = 15_000;
const POLL_MS = 2;
const QUIET_MS = 50;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
