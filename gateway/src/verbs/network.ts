import { fieldOf } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { CommandError, ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import { writeNetworkFile } from '../setup.js';

export async function create(call: Call): Promise<ExitCode> {
  const [file] = call.operands;
  const { createNetwork } = await import('@fogwisp/device-sdk'); // `show` does without
  const network = createNetwork();
  if (file !== undefined) write(file, network);
  if (call.flag('json')) call.print(JSON.stringify(file === undefined ? { network } : { file }));
  else call.print(file ?? network);
  if (file !== undefined)
    call.talk('Whoever has this file is in the network: copy it to your devices, and keep it to yourself.');
  return ExitCode.done;
}

export async function show(call: Call): Promise<ExitCode> {
  const answer = await ask(call, { verb: 'network' });
  call.print(call.flag('json') ? JSON.stringify(answer) : String(fieldOf(answer, 'network')));
  return ExitCode.done;
}

function write(file: string, network: string): void {
  try {
    writeNetworkFile(file, network);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'EEXIST') {
      throw new CommandError(
        ExitCode.usage,
        `${file} exists and may hold a key in use`,
        'choose another name',
      );
    }
    if (code === 'EACCES' || code === 'EROFS')
      throw new CommandError(ExitCode.permission, `${file} cannot be written`);
    throw new CommandError(ExitCode.failed, `${file} cannot be written: ${String(code)}`);
  }
}
