import type { Json } from '../bridge/json.js';
import { ControlClient, GatewayGone } from '../control/client.js';
import { ControlFault, type ControlRequest, type FaultCode } from '../control/protocol.js';
import { type Registration, Registry } from '../control/registry.js';
import { formatAge } from '../text/units.js';
import { commandName } from './command-name.js';
import { CommandError, ExitCode } from './exit.js';
import type { Call } from './verb.js';

const EXIT_CODES: Record<FaultCode, ExitCode> = {
  badRequest: ExitCode.usage,
  peerNotFound: ExitCode.notFound,
  pathNotFound: ExitCode.notFound,
  timeout: ExitCode.timedOut,
  unreachable: ExitCode.timedOut,
  refused: ExitCode.permission,
  unavailable: ExitCode.failed,
  failed: ExitCode.failed,
};

export interface AskOptions {
  readonly onEvent?: (value: Json) => void;
  /** Ends the asking from our side; the answer is null then. */
  readonly signal?: AbortSignal;
}

/** Asks the running gateway one thing; faults become errors of the command line. */
export async function ask(call: Call, request: ControlRequest, options: AskOptions = {}): Promise<Json> {
  const { onEvent, signal } = options;
  const client = await openGateway(call);
  const onInterrupt = () => process.exit(ExitCode.interrupted);
  process.once('SIGINT', onInterrupt);
  try {
    const aborted = new Promise<Json>((resolve) => signal?.addEventListener('abort', () => resolve(null)));
    return await Promise.race([client.call(request, onEvent), aborted]);
  } catch (thrown) {
    if (thrown instanceof ControlFault) {
      throw new CommandError(EXIT_CODES[thrown.fault.code], thrown.fault.message, thrown.fault.next);
    }
    if (thrown instanceof GatewayGone)
      throw new CommandError(ExitCode.noGateway, 'the gateway ended meanwhile');
    throw thrown;
  } finally {
    process.off('SIGINT', onInterrupt);
    client.close();
  }
}

async function openGateway(call: Call): Promise<ControlClient> {
  const chosen = call.text('socket') ?? call.environment['FOGWISP_SOCKET'];
  if (chosen !== undefined && chosen !== '') return openChosen(chosen);
  const running = Registry.ofUser(call.environment).list();
  for (const each of running) {
    try {
      const client = await ControlClient.open(each.socket);
      if (new Set(running.map(({ networkId }) => networkId)).size > 1)
        call.talk(`${running.length} gateways run; asking the newest, ${told(each)}; --socket chooses`);
      return client;
    } catch {
      // it is just ending, or belongs to an earlier process of that number: the next one
    }
  }
  throw new CommandError(
    ExitCode.noGateway,
    'no gateway runs here',
    `start one with \`${commandName()} up\`, or \`${commandName()} demo\` to try it`,
  );
}

async function openChosen(path: string): Promise<ControlClient> {
  try {
    return await ControlClient.open(path);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    const isOthers = message.includes('belongs to another user');
    throw new CommandError(isOthers ? ExitCode.permission : ExitCode.noGateway, message);
  }
}

function told(each: Registration): string {
  return `"${each.name}" (${each.kind}, started ${formatAge(Date.now() - each.startedAt)} ago)`;
}
