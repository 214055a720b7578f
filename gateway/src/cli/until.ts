/** Why a long-running verb ends. */
export type End = 'interrupted' | 'terminated' | 'elapsed';

/** Resolves on Ctrl-C, on SIGTERM or when the terminal closes, or after `forMs` where that is given. */
export function untilEnd(forMs: number | undefined): Promise<End> {
  return new Promise((resolve) => {
    const timer = forMs === undefined ? undefined : setTimeout(() => end('elapsed'), forMs);
    const end = (why: End) => {
      clearTimeout(timer);
      resolve(why);
    };
    process.once('SIGINT', () => end('interrupted'));
    process.once('SIGTERM', () => end('terminated'));
    process.once('SIGHUP', () => end('terminated'));
  });
}
