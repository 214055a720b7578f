import { Device } from '@fogwisp/device-sdk';
import { BrokerPortTaken } from './bridge/embedded.js';
import { CommandError, ExitCode } from './cli/exit.js';
import type { GatewayConfig } from './config/config.js';
import { Registry } from './control/registry.js';
import { SocketTaken } from './control/server.js';
import { Gateway } from './gateway.js';
import type { Reading } from './readings.js';

export interface LaunchOptions {
  readonly config: GatewayConfig;
  readonly name: string;
  /** The network text. */
  readonly network: string;
  readonly state: string;
  readonly kind: 'demo' | 'up';
  readonly onTrouble: (trouble: string) => void;
  readonly onReading?: (reading: Reading) => void;
}

/** A gateway on the SDK's Device; what keeps it from starting is told with the next step. */
export async function launch(options: LaunchOptions): Promise<Gateway> {
  const { name, network, state, onTrouble, config, kind, onReading } = options;
  try {
    const logger = { warn: onTrouble };
    const device = await Device.start({ name, network, links: [], stateDirectory: state, logger });
    return await Gateway.start({
      device,
      config,
      network,
      kind,
      registry: Registry.ofUser(),
      onTrouble,
      ...(onReading === undefined ? {} : { onReading }),
    });
  } catch (thrown) {
    throw startError(thrown);
  }
}

function startError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const codes = [codeOf(thrown), codeOf(thrown.cause)];
  const { message } = thrown;
  if (codes.includes('stateLocked')) return new CommandError(ExitCode.failed, message);
  if (codes.includes('stateUnwritable')) return new CommandError(ExitCode.permission, message);
  if (codes.includes('EACCES') || codes.includes('EPERM'))
    return new CommandError(ExitCode.permission, message);
  if (codes.includes('networkInvalid') || codes.includes('networkMissing') || codes.includes('nameInvalid')) {
    return new CommandError(ExitCode.usage, message);
  }
  if (thrown instanceof BrokerPortTaken) {
    return new CommandError(
      ExitCode.failed,
      message,
      'stop that program, or leave "mqtt.port" out for a free one',
    );
  }
  return thrown instanceof SocketTaken ? new CommandError(ExitCode.failed, message) : thrown;
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
