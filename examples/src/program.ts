import { pathToFileURL } from 'node:url';
import { FogError } from '@fogwisp/device-sdk';

export type Print = (line: string) => void;

/** Runs an example when its file is the program, not when a test imports it. */
export async function runAsProgram(moduleUrl: string, run: (print: Print) => Promise<void>): Promise<void> {
  const program = process.argv[1];
  if (program === undefined || pathToFileURL(program).href !== moduleUrl) return;
  try {
    await run((line) => console.log(line));
  } catch (error) {
    if (!(error instanceof FogError)) throw error;
    console.error(error.message); // it says what is wrong and what to do: no stack needed
    process.exit(1); // peers that were started keep a process alive
  }
}
