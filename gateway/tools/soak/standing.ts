import type { Device } from '@fogwisp/device-sdk';
import { isServing as serves } from '../../src/roles.js';
import type { Standing } from './wire.js';

export function standingOf(device: Device): Standing {
  const { role } = device;
  const isServing = role !== undefined && serves(role);
  const held = role?.supernodes.length ?? 0;
  const isServed = role !== undefined && role.state !== 'listen' && held >= role.wanted;
  const paths = device.peers().map(({ name, path }) => {
    return { to: name, kind: path.kind, via: (path.via ?? []).map((each) => each.name) };
  });
  return { isServing, isServed: isServing || isServed, held, paths };
}
