import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { hashOfSeeds } from './programs/seeds.js';

/** The ten worlds in whatever Node runs this; it says so as the hosts do. */
const hash = hashOfSeeds(nodeSuite());
const { heapUsed: heapBytes } = process.memoryUsage();
console.error(JSON.stringify({ at: 'seeds', heapBytes, peakBytes: heapBytes }));
console.error(JSON.stringify({ result: { hash } }));
