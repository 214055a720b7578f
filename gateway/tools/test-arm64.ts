import { cacheFolder, fetchEmulator, fetchNode } from './nodes/fetch.js';
import { copyRepository, runTests, tellCounts } from './nodes/tests.js';

/** The tests that matter for another processor, on the Node of a Raspberry Pi, emulated. */
const NODE_VERSION = 22;
const ARCHITECTURE = 'arm64';
/** What starts processes is left out: without help from the system, an emulated one cannot start another. */
const FILES = [
  'protocol/test/kernel',
  'protocol/test/framing',
  'protocol/test/crypto',
  'protocol/test/identity',
  'protocol/test/packet',
  'protocol/test/session',
  'protocol/test/node',
  'firmware-shim/test/crypto',
  'firmware-shim/test/stream-link',
  'firmware-shim/test/node/store.test',
  'firmware-shim/test/node/platform',
  'firmware-shim/test/node/udp',
];
/** Emulation is some twenty times slower than the machine. */
const WORDS = ['--pool=threads', '--maxWorkers=1', '--testTimeout=3600000', '--hookTimeout=600000'];

function main(): void {
  if (process.platform !== 'linux') throw new Error('the emulator needs Linux');
  const isHere = process.arch === ARCHITECTURE;
  const node = fetchNode('linux', ARCHITECTURE, NODE_VERSION);
  const emulator = isHere ? undefined : fetchEmulator();
  const folder = cacheFolder('arm64-copy');
  copyRepository(folder, ARCHITECTURE);
  const words = [...WORDS, ...(process.argv.length > 2 ? process.argv.slice(2) : FILES)];
  const start = emulator === undefined ? [node] : [emulator.program, ...emulator.words, node];
  tellCounts(`Node ${NODE_VERSION} on ${ARCHITECTURE}`, runTests({ node: start, folder, words }));
}

try {
  main();
} catch (thrown) {
  process.stderr.write(`test:arm64: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
