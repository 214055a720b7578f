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
  const chosen = victim === 'gateway' ? gateways[0] : await supernodeAmong(gateways);
  process.kill(chosen.pid, 'SIGKILL');
  call.print(`killed ${chosen.name}; the demo shows who takes over`);
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

/** The gateways connect the links of the demo, so it is mostly they who are elected. */
async function supernodeAmong(gateways: readonly [Registration, ...Registration[]]): Promise<Registration> {
  const client = await ControlClient.open(gateways[0].socket);
  const serving = asRoles(await client.call({ verb: 'roles' })).filter(isServing);
  client.close();
  serving.sort((a, b) => b.serves.length - a.serves.length);
  for (const { name } of serving) {
    const found = gateways.find((each) => each.name === name);
    if (found !== undefined) return found;
  }
  const names = serving.map(({ name }) => name).join(', ');
  const next = names === '' ? 'wait until one is elected' : `press s in the demo to kill one of ${names}`;
  throw new CommandError(ExitCode.failed, 'no gateway is a supernode now', next);
}
