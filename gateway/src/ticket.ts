import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { formatNetworkKey, parseInvitation } from '@fogwisp/protocol';
import { CommandError, ExitCode } from './cli/exit.js';
import type { NetworkDoor } from './setup.js';

/** What a join ticket says, if it is good. */
export function openTicket(text: string, unixMs = Date.now()): NetworkDoor & { readonly expiresAt: number } {
  const parsed = parseInvitation(nodeSuite(), text);
  const again = 'ask for another one';
  if (!parsed.ok) {
    switch (parsed.why) {
      case 'absent':
        throw new CommandError(ExitCode.usage, 'that is no join ticket', 'one starts with fogjoin1-');
      case 'mistyped':
        throw new CommandError(
          ExitCode.unverified,
          'the join ticket is not whole',
          `copy it again, or ${again}`,
        );
      case 'forged':
        throw new CommandError(ExitCode.unverified, 'nobody signed this join ticket', again);
    }
  }
  const { network, addresses, expiresAt } = parsed.invitation;
  if (expiresAt !== 0 && expiresAt * 1000 <= unixMs) {
    const since = new Date(expiresAt * 1000).toISOString();
    throw new CommandError(ExitCode.unverified, `the join ticket expired at ${since}`, again);
  }
  return { text: formatNetworkKey(network), addresses, expiresAt };
}
