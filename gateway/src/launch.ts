import { Device } from '@fogwisp/device-sdk';
import { BrokerPortTaken } from './bridge/embedded.js';
import { CommandError, ExitCode } from './cli/exit.js';
import type { GatewayConfig } from './config/config.js';
import { Registry } from './control/registry.js';
import { SocketTaken } from './control/server.js';
import { Gateway } from './gateway.js';

export interface LaunchOptions {
  readonly config: GatewayConfig;
  readonly name: string;
  /** The network text. */
  readonly network: string;
  readonly state: string;
  readonly kind: 'demo' | 'up';
  readonly onTrouble: (trouble: string) => void;
}

/** A gateway that runs, and what to wait for: it is rejected when the device fails by itself. */
export interface Launched {
  readonly gateway: Gateway;
  readonly failed: Promise<never>;
}

/** A gateway on the SDK's Device; what keeps it from starting is told with the next step. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { name, network, state, onTrouble, config, kind } = options;
  let onFault: (fault: Error) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    onFault = (fault) => reject(new CommandError(ExitCode.failed, `the gateway failed: ${fault.message}`));
  });
  failed.catch(() => undefined); // whoever does not wait for it is not told
  try {
    const logger = { warn: onTrouble };
    const device = await Device.start({ name, network, links: [], stateDirectory: state, logger });
    const registry = Registry.ofUser();
    const gateway = await Gateway.start({ device, config, network, kind, registry, onTrouble, onFault });
    return { gateway, failed };
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
