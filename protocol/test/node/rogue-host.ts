import { createIdentity } from '@fogwisp/protocol';
import type { Host, HostOptions, Medium } from '@fogwisp/protocol/sim';
import { Rogue } from '../support/rogue.js';
import { type Network, SUITE } from './network.js';

export interface RogueHost {
  readonly host: Host;
  readonly rogue: Rogue;
  /** Has the rogue do something now; what it says goes out at once. */
  readonly act: (what: () => void) => void;
}

/** A member that lies, on a medium under its name. */
export function addRogue(net: Network, name: string, medium: Medium, options: HostOptions = {}): RogueHost {
  let rogue: Rogue | undefined;
  const host = net.world.addHost(
    name,
    ({ random }) => {
      const identity = net.identities.get(name) ?? createIdentity(SUITE, random);
      net.identities.set(name, identity);
      rogue ??= new Rogue({ suite: SUITE, identity, network: net.key, random });
      return rogue;
    },
    options,
  );
  net.world.attach(host, medium);
  if (rogue === undefined) throw new Error('a host starts with its node');
  const act = (what: () => void): void => {
    what();
    host.give({ kind: 'timeout' });
    net.world.step();
  };
  return { host, rogue, act };
}
