import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** The number that systems give to nobody; without the right to become it, the test's own user has to do. */
const BECOME_NOBODY = 'if (process.getuid() === 0) process.setuid(65534);';

/** Runs a module as a user without rights; gives what it prints. */
export async function runAsStranger(program: string, argument: string): Promise<string> {
  const imports = "import { FileStore, serialLink } from '@fogwisp/firmware-shim/node'; import 'serialport';";
  const source = `${imports}\n${BECOME_NOBODY}\n${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source, argument], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return text.trim();
}
