import { host as bare } from './bare.js';
import type { Host } from './host.js';
export const host: Host = bare;
