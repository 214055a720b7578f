import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isInvitedAddress } from '@fogwisp/protocol';
import { fieldOf } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { commandName } from '../cli/command-name.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import { defaultName, networkIn, ownNetworkFile, stateDirectoryOf, writeNetworkFile } from '../setup.js';
import { renderCode } from '../text/code.js';
import { openTicket } from '../ticket.js';

const DAY_MS = 86_400_000;
const YEAR_DAYS = 366;

/** A ticket of the gateway that runs, for people and for cameras. */
export async function invite(call: Call): Promise<ExitCode> {
  const addresses = call.texts('address');
  for (const address of addresses) {
    if (isInvitedAddress(address)) continue;
    const next = 'write HOST:PORT, udp://HOST:PORT or tcp://HOST:PORT';
    throw new CommandError(ExitCode.usage, `--address "${address}" is no address`, next);
  }
  const answer = await ask(call, { verb: 'invite', addresses, expiresAt: expiryOf(call) });
  if (call.flag('json')) {
    call.print(JSON.stringify(answer));
    return ExitCode.done;
  }
  const ticket = String(fieldOf(answer, 'ticket'));
  if (call.stdout.isTTY) for (const line of renderCode(ticket)) call.print(line);
  call.print(ticket);
  const told = fieldOf(answer, 'addresses');
  const isLocal = Array.isArray(told) && told.length === 0;
  call.talk('Whoever has this ticket is in the network, also after it has expired: it holds the key.');
  if (isLocal)
    call.talk('It has no address in it: it is good on the same local network; --address names one.');
  call.talk(`On the other machine: ${commandName()} network join TICKET`);
  return ExitCode.done;
}

/** Unix seconds; 0: never. */
function expiryOf(call: Call): number {
  if (call.text('expires') === 'never') return 0;
  const ms = call.duration('expires', DAY_MS);
  if (ms <= YEAR_DAYS * DAY_MS) return Math.ceil((Date.now() + ms) / 1000);
  throw new CommandError(ExitCode.usage, '--expires is more than a year', 'write never, if that is meant');
}

export async function join(call: Call): Promise<ExitCode> {
  const [given = '', file = defaultFile(call)] = call.operands;
  const ticket = given === '-' ? readFileSync(0, 'utf8') : given;
  const { text, addresses, expiresAt } = openTicket(ticket);
  const isThere = existsSync(file);
  if (isThere && networkIn(file).text !== text && !call.flag('force')) {
    const next = '--force replaces it, and its key is lost then';
    throw new CommandError(ExitCode.usage, `${file} holds the key of another network`, next);
  }
  write(file, text, addresses);
  if (call.flag('json')) call.print(JSON.stringify({ file, addresses, expiresAt }));
  else call.print(file);
  call.talk('Whoever has this file is in the network: keep it to yourself.');
  return ExitCode.done;
}

function defaultFile(call: Call): string {
  const state = call.text('state') ?? stateDirectoryOf(call.text('name') ?? defaultName(), call.environment);
  return ownNetworkFile(state);
}

function write(file: string, text: string, addresses: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeNetworkFile(file, text, addresses, true);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const isPermission = code === 'EACCES' || code === 'EROFS';
    const exitCode = isPermission ? ExitCode.permission : ExitCode.failed;
    throw new CommandError(exitCode, `${file} cannot be written${isPermission ? '' : `: ${String(code)}`}`);
  }
}
