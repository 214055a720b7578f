import type { NatOptions } from './nat.js';

/** What stands between a host and the open; undefined: nothing. */
export type Box = Omit<NatOptions, 'ip'> | undefined;

/** One of each kind, by the names that RFC 3489 gave them or by how it gives out ports. */
export const BOXES = {
  open: undefined,
  cone: { mapping: 'independent', filtering: 'open' },
  address: { mapping: 'independent', filtering: 'address' },
  port: { mapping: 'independent', filtering: 'port' },
  predictable: { mapping: 'sequential', filtering: 'port' },
  random: { mapping: 'random', filtering: 'port' },
  blocked: { mapping: 'independent', filtering: 'port', blocksUdp: true },
  /** Takes what comes unasked for its own, as Linux does. */
  unasked: { mapping: 'independent', filtering: 'port', preservesPorts: true, takesUnasked: true },
} as const satisfies Record<string, Box>;
export type BoxName = keyof typeof BOXES;
