import { describe, expect, it } from 'vitest';
import { FileStore } from '../../src/node/index.js';
import { PowerFiles, type Remains } from './power.js';

const REMAINS: readonly Remains[] = ['nothing', 'everything', 'garbage'];

/** Key and value of one write; undefined deletes. */
type Step = readonly [key: string, value: string | undefined];

const FIRST: readonly Step[] = [
  ['boot', '1'],
  ['key', 'secret'],
  ['boot', '2'],
  ['boot', '3'],
  ['key', undefined],
  ['boot', '4'],
  ['key', 'again'],
];
const SECOND: readonly Step[] = [
  ['boot', '5'],
  ['key', 'new'],
  ['boot', '6'],
];

/** What each key may have after a stop: the value that was confirmed last, and the one under way. */
class Expectation {
  readonly #allowed = new Map<string, readonly (string | undefined)[]>();

  copy(): Expectation {
    const copy = new Expectation();
    for (const [key, allowed] of this.#allowed) copy.#allowed.set(key, allowed);
    return copy;
  }

  begin([key, value]: Step): void {
    const confirmed = this.#allowed.get(key)?.[0];
    this.#allowed.set(key, [confirmed, value]);
  }

  confirm([key, value]: Step): void {
    this.#allowed.set(key, [value]);
  }

  /** Checks what is found, which from then on counts as confirmed. */
  meet(found: ReadonlyMap<string, string>, what: string): void {
    for (const [key, allowed] of this.#allowed) {
      expect(allowed, `${key} after ${what}`).toContain(found.get(key));
      this.#allowed.set(key, [found.get(key)]);
    }
  }
}

/** Loads and writes until done or stopped. */
async function run(files: PowerFiles, steps: readonly Step[], expectation: Expectation): Promise<void> {
  const work = async () => {
    const store = new FileStore('disk', files);
    await store.load();
    for (const step of steps) {
      expectation.begin(step);
      await store.write(step[0], step[1] === undefined ? undefined : new Uint8Array(Buffer.from(step[1])));
      expectation.confirm(step);
    }
  };
  await Promise.race([work(), files.stopped]);
}

async function valuesOn(files: PowerFiles): Promise<ReadonlyMap<string, string>> {
  const values = await new FileStore('disk', files).load();
  return new Map([...values].map(([key, value]) => [key, Buffer.from(value).toString()]));
}

async function stepsOf(steps: readonly Step[]): Promise<number> {
  const files = new PowerFiles();
  await run(files, steps, new Expectation());
  return files.stepCount;
}

describe('a power cut', () => {
  it('at any byte leaves the old or the new value, whatever the disk made of the rest', async () => {
    const count = await stepsOf(FIRST);
    expect(count).toBeGreaterThan(150);
    for (let at = 0; at <= count; at++) {
      for (const remains of REMAINS) {
        const expectation = new Expectation();
        const files = new PowerFiles(at);
        await run(files, FIRST, expectation);
        expectation.meet(await valuesOn(files.afterPowerCut(remains)), `${at} steps, ${remains} remains`);
      }
    }
  });

  it('after another one does so too', async () => {
    const count = await stepsOf(FIRST);
    const more = await stepsOf(SECOND);
    for (let at = 0; at <= count; at += 3) {
      for (let next = at % 7; next <= more + 8; next += 7) {
        const remains = REMAINS[(at + next) % 3] ?? 'nothing';
        const expectation = new Expectation();
        const files = new PowerFiles(at);
        await run(files, FIRST, expectation);
        expectation.meet(await valuesOn(files.afterPowerCut(remains)), `${at} steps`);
        const again = files.afterPowerCut(remains, next);
        await run(again, SECOND, expectation);
        expectation.meet(
          await valuesOn(again.afterPowerCut(remains)),
          `${at}, then ${next} steps, ${remains}`,
        );
      }
    }
  });

  it('after a kill, whose writes were only in the cache, does so too', async () => {
    const count = await stepsOf(FIRST);
    const more = await stepsOf(SECOND);
    for (let at = 0; at <= count; at += 3) {
      for (let next = at % 5; next <= more + 8; next += 5) {
        for (const remains of REMAINS) {
          const expectation = new Expectation();
          const files = new PowerFiles(at);
          await run(files, FIRST, expectation);
          const killed = files.afterKill();
          const found = await valuesOn(killed);
          const again = files.afterKill(next);
          const before = expectation.copy();
          expectation.meet(found, `${at} steps and a kill`);
          const isLoaded = await runLoaded(again, found, expectation);
          (isLoaded ? expectation : before).meet(
            await valuesOn(again.afterPowerCut(remains)),
            `kill ${at}, ${next} steps, ${remains}`,
          );
        }
      }
    }
  });
});

/** As `run`; tells whether it got to loading, as only then somebody relies on what was found. */
async function runLoaded(
  files: PowerFiles,
  found: ReadonlyMap<string, string>,
  expectation: Expectation,
): Promise<boolean> {
  let isLoaded = false;
  const store = new FileStore('disk', files);
  const work = async () => {
    expect(new Map([...(await store.load())].map(([k, v]) => [k, Buffer.from(v).toString()]))).toEqual(found);
    isLoaded = true;
    for (const step of SECOND) {
      expectation.begin(step);
      await store.write(step[0], new Uint8Array(Buffer.from(step[1] ?? '')));
      expectation.confirm(step);
    }
  };
  await Promise.race([work(), files.stopped]);
  return isLoaded;
}
