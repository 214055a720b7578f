import { readdirSync, readFileSync } from 'node:fs';

/** Processes of this machine that were started with `text` in their environment. Linux only. */
export function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => environmentOf(pid).includes(text)).map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return ''; // it ended between the listing and now, or is another user's
  }
}
