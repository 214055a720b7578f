/*
 * Fuzzing for as long as one likes: npm run fuzz -- --minutes 60 [--target node] [--seed 1000]
 * What fails is told in the form of regressions.json, where it belongs.
 */
import { fuzzTargets } from './targets.js';

const NODE_SHARE = 0.7;

interface Plan {
  readonly minutes: number;
  readonly seed: number;
  readonly target: string | undefined;
}

function planOf(words: readonly string[]): Plan {
  const wordAfter = (name: string): string | undefined => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1];
  };
  // A new place to begin each second, so that each run looks at something else.
  const seed = Number(wordAfter('--seed') ?? Math.floor(Date.now() / 1000));
  const minutes = Number(wordAfter('--minutes') ?? 1);
  if (!Number.isFinite(seed) || !(minutes > 0)) throw new Error('usage: --minutes N [--seed S] [--target T]');
  return { minutes, seed, target: wordAfter('--target') };
}

function fuzz({ minutes, seed: first, target: only }: Plan): number {
  const targets = fuzzTargets().filter(({ name }) => only === undefined || only === name);
  if (targets.length === 0) throw new Error(`no target '${only}': ${fuzzTargets().map(({ name }) => name)}`);
  const until = Date.now() + minutes * 60_000;
  const decoders = targets.filter(({ name }) => name !== 'node');
  const node = targets.find(({ name }) => name === 'node');
  let [cases, seed, nodeMs, allMs] = [0, first, 0, 0];
  for (; Date.now() < until; seed++) {
    const isNodesTurn = node !== undefined && (decoders.length === 0 || nodeMs <= NODE_SHARE * allMs);
    for (const target of isNodesTurn ? [node] : decoders) {
      const startedAt = Date.now();
      try {
        cases += target.run(seed, target.cases);
      } catch (error) {
        console.error(error);
        console.error(JSON.stringify({ target: target.name, seed, cases: target.cases, why: '' }));
        return 1;
      }
      const ms = Date.now() - startedAt;
      allMs += ms;
      if (isNodesTurn) nodeMs += ms;
    }
  }
  console.log(`${cases} cases, seeds ${first} to ${seed - 1}, nothing found`);
  return 0;
}

process.exitCode = fuzz(planOf(process.argv.slice(2)));
