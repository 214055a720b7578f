import { fetchNode } from './nodes/fetch.js';
import { REPOSITORY, runTests, tellCounts } from './nodes/tests.js';

/** All tests on the other versions of Node that are supported; words are handed to Vitest. */
const VERSIONS = [22, 24];

try {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  for (const version of VERSIONS) {
    const node = fetchNode(system, process.arch, version);
    const counts = runTests({ node: [node], folder: REPOSITORY, words: process.argv.slice(2) });
    tellCounts(`Node ${version}`, counts);
  }
} catch (thrown) {
  process.stderr.write(`test:nodes: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
