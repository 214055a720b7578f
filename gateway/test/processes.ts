import { readdirSync, readFileSync } from 'node:fs';

/** Processes of this machine that were started with `text` in their environment. Linux only. */
export function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).filter((pid) => readOf(pid, 'environ').includes(text));
}

/** What it was started with, for people. */
export function commandOf(pid: number): string {
  return readOf(pid, 'cmdline').split('\0').join(' ');
}

function readOf(pid: number, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // it ended between the listing and now, or is another user's
  }
}
