import { setPriority } from 'node:os';
import { buildHosts } from './hosts.js';
import { missingTools } from './toolchain.js';

/**
 * For a parent that has other things to do: tells it where the hosts are, after half a minute when they have
 * to be built first; ends without a word where they cannot be built. The parent starts it as the leader of a
 * process group, which ends with the parent.
 */
const LOWEST = 19;

function endAll(): void {
  process.kill(-process.pid, 'SIGKILL');
}

process.once('disconnect', endAll);
if (!process.connected) endAll();
setPriority(LOWEST);
if ((await missingTools()) === '') {
  const hosts = await buildHosts(() => undefined);
  process.send?.(hosts);
}
process.off('disconnect', endAll);
if (process.connected) process.disconnect();
