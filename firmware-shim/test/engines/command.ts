import { spawn } from 'node:child_process';

export interface Ended {
  /** 128 and more: by a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; one that cannot be started ends with 127, as in a shell. */
export function runCommand(file: string, words: readonly string[], folder?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(file, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 128, stdout, stderr }));
  });
}

/** The same for steps that must succeed. */
export async function mustRun(file: string, words: readonly string[], folder?: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(file, words, folder);
  if (code === 0) return stdout;
  throw new Error(
    `${file} ${words.join(' ').substring(0, 200)} ended with ${code}:\n${stderr.substring(0, 2000)}`,
  );
}

/** Two at a time, as the machines that build are small. */
export async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all([worker(), worker()]);
}
