import { asRoles } from '../src/cli/answers.js';
import { commandName } from '../src/cli/command-name.js';
import { CommandError, ExitCode } from '../src/cli/exit.js';
import type { Call } from '../src/cli/verb.js';
import { ControlClient } from '../src/control/client.js';
import { type Registration, Registry } from '../src/control/registry.js';
import { isServing } from '../src/roles.js';

/** Kills one of the demo that runs in another terminal, as if its power had gone. */
export async function kill(call: Call, victim: string): Promise<ExitCode> {
  if (victim !== 'gateway' && victim !== 'supernode') {
    throw new CommandError(
      ExitCode.usage,
      `--kill "${victim}" is not known`,
      'write --kill gateway or --kill supernode',
    );
  }
  const gateways = gatewaysOf(call);
  if (victim === 'supernode') return killSupernode(call, gateways[0]);
  const [{ pid, name }] = gateways;
  process.kill(pid, 'SIGKILL');
  call.print(`killed ${name}; the demo shows who takes over`);
  return ExitCode.done;
}

/** What tells the demo to kill one; it alone knows the processes of all. */
export const KILL_SUPERNODE = 'SIGUSR2';

async function killSupernode(call: Call, { socket, parent }: Registration): Promise<ExitCode> {
  const client = await ControlClient.open(socket);
  const serving = asRoles(await client.call({ verb: 'roles' })).filter(isServing);
  client.close();
  if (serving.length === 0)
    throw new CommandError(ExitCode.failed, 'nobody is a supernode yet', 'wait until one is elected');
  process.kill(parent, KILL_SUPERNODE);
  const names = serving.map(({ name }) => name).join(', ');
  call.print(`the demo kills one of ${names}, and shows how it is replaced`);
  return ExitCode.done;
}

/** Of the newest demo; both, so that one can take over. */
function gatewaysOf(call: Call): readonly [Registration, ...Registration[]] {
  const running = Registry.ofUser(call.environment)
    .list()
    .filter(({ kind }) => kind === 'demo');
  const house = running.filter(({ networkId }) => networkId === running[0]?.networkId);
  const [first, ...others] = house.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (first === undefined) {
    const next = `start one with \`${commandName()} demo\``;
    throw new CommandError(ExitCode.noGateway, 'no demo runs here', next);
  }
  if (others.length === 0) {
    const next = 'the other is started again soon';
    throw new CommandError(ExitCode.failed, `only "${first.name}" is left`, next);
  }
  return [first, ...others];
}
