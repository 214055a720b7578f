import { spawn } from 'node:child_process';

/** Runs a program of the system to its end; what it complains about becomes the error. */
export function command(program: string, words: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (bytes) => {
      stdout += String(bytes);
    });
    child.stderr.on('data', (bytes) => {
      stderr += String(bytes);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ${words.join(' ')}: ${stderr.trim() || `exit code ${code}`}`));
    });
    child.stdin.on('error', () => undefined); // it ended before it read all: its exit code tells
    child.stdin.end(input);
  });
}
