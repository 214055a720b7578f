import { readConfigFile } from '../cli/config-file.js';
import { ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';

export async function check(call: Call): Promise<ExitCode> {
  const file = call.operands[0] ?? 'fogwisp.yaml';
  const config = readConfigFile(file);
  const { mqtt } = config;
  const masked = {
    ...config,
    ...given('network', config.network),
    mqtt: { ...mqtt, ...given('password', mqtt.password) },
  };
  call.print(call.flag('json') ? JSON.stringify(masked) : `${file} is good: ${config.links.length} links`);
  return ExitCode.done;
}

/** Secrets are named, never shown. */
function given(key: string, secret: string | undefined): Record<string, string> {
  return secret === undefined ? {} : { [key]: '***' };
}
