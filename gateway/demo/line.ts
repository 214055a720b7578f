import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A cable between two serial ports of this machine that are no hardware: both programs open a real terminal
 * device.
 */
export interface PtyLine {
  readonly gatewayPath: string;
  readonly peerPath: string;
  close(): void;
}

const OPEN_MS_MAX = 3000;

/** Undefined where socat is missing or does not work; a pipe takes its place then. */
export async function openPtyLine(directory: string): Promise<PtyLine | undefined> {
  if (process.platform === 'win32' || spawnSync('socat', ['-V'], { stdio: 'ignore' }).error !== undefined)
    return undefined;
  const gatewayPath = join(directory, 'serial-gateway');
  const peerPath = join(directory, 'serial-peer');
  const child = spawnGuarded(gatewayPath, peerPath);
  const until = performance.now() + OPEN_MS_MAX;
  while (!(existsSync(gatewayPath) && existsSync(peerPath))) {
    if (child.exitCode !== null || performance.now() > until) {
      child.stdin?.end();
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { gatewayPath, peerPath, close: () => child.stdin?.end() };
}

/**
 * socat would outlive a parent that is killed. So a shell starts it and reads from us: whatever ends us ends
 * what it reads, and then it ends socat.
 */
function spawnGuarded(gatewayPath: string, peerPath: string): ChildProcess {
  const script = 'socat "$1" "$2" & line=$!; cat >/dev/null; kill "$line"';
  const end = (path: string) => `pty,raw,echo=0,link=${path}`;
  // Its own group: Ctrl-C must not cut the cable before the peers have said goodbye.
  return spawn('sh', ['-c', script, 'sh', end(gatewayPath), end(peerPath)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}
