import { readFileSync } from 'node:fs';
import type { GatewayConfig } from '../config/config.js';
import { faultLines, parseConfig } from '../config/parse.js';
import { CommandError, ExitCode } from './exit.js';

/** The configuration in a file; all of its faults are one error, a line each. */
export function readConfigFile(file: string): GatewayConfig {
  const parsed = parseConfig(textOf(file));
  if (parsed.ok) return parsed.config;
  throw new CommandError(ExitCode.usage, faultLines(file, parsed.faults).join('\n'));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'EACCES')
      throw new CommandError(ExitCode.permission, `${file} may not be read by this user`);
    if (code === 'ENOENT') throw new CommandError(ExitCode.usage, `there is no file ${file}`);
    throw new CommandError(ExitCode.usage, `${file} cannot be read: ${String(code)}`);
  }
}
