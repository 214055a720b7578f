import type { Call } from '../src/cli/verb.js';

const CTRL_C = '\u0003';

/** Single keys of a terminal, until the disposer is called. Nothing where there is none. */
export function listenForKeys(call: Call, actions: Readonly<Record<string, () => void>>): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true || call.stdout.isTTY !== true) return () => undefined;
  const onKey = (bytes: Uint8Array) => {
    for (const key of bytes.toString()) {
      // Without its line mode a terminal leaves this one to us, too.
      if (key === CTRL_C || key === 'q') process.kill(process.pid, 'SIGINT');
      actions[key]?.();
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', onKey);
  return () => {
    stdin.off('data', onKey);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
