import { spawnSync } from 'node:child_process';

const PROGRAMS: readonly { readonly program: string; readonly words: string[]; readonly from: string }[] = [
  { program: 'ip', words: ['-V'], from: 'iproute2' },
  { program: 'nft', words: ['-v'], from: 'nftables' },
  { program: 'nsenter', words: ['-V'], from: 'util-linux' },
  { program: 'sysctl', words: ['-V'], from: 'procps' },
];

/** What this machine lacks for a lab, in one line; undefined: nothing. */
export function missingForLab(): string | undefined {
  if (process.platform !== 'linux') return 'the lab is made of Linux network namespaces';
  if (process.getuid?.() !== 0) return 'network namespaces are made by root only';
  const missing = PROGRAMS.filter(
    ({ program, words }) => spawnSync(program, words, { stdio: 'ignore' }).error !== undefined,
  );
  if (missing.length > 0) return `apt-get install ${missing.map(({ from }) => from).join(' ')}`;
  return firstRefusal();
}

/** Root of a container may still be refused, and a small kernel may lack NAT. */
function firstRefusal(): string | undefined {
  const name = `fognat-${process.pid}-try`;
  const rules =
    'table ip t { chain c { type nat hook postrouting priority 100; masquerade fully-random; }; }';
  try {
    const isMade = spawnSync('ip', ['netns', 'add', name]).status === 0;
    if (!isMade) return 'this machine refuses to make a network namespace';
    const nat = spawnSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: rules });
    return nat.status === 0 ? undefined : `this kernel has no NAT: ${String(nat.stderr).split('\n')[0]}`;
  } finally {
    spawnSync('ip', ['netns', 'del', name]);
  }
}
