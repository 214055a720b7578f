import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

/** Where a gateway keeps its identity: what the service manager gives, else the user's own state, by name. */
export function stateDirectoryOf(name: string, environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment['STATE_DIRECTORY']?.split(':')[0];
  if (given !== undefined && given !== '') return join(given, name);
  const base = environment['XDG_STATE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.local', 'state') : base, 'fogwisp', name);
}

/** This machine's name as a peer name. */
export function defaultName(host = hostname()): string {
  const plain = (host.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .substring(0, 32);
  return plain === '' ? 'gateway' : plain;
}

const NETWORK_FILE = 'network.key';

/** The network of a gateway that was not told one: its own, made once and kept beside its identity. */
export function ownNetwork(
  state: string,
  create: () => string,
): { readonly text: string; readonly isNew: boolean } {
  const file = join(state, NETWORK_FILE);
  if (existsSync(file)) return { text: networkTextIn(file), isNew: false };
  const text = create();
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeNetworkFile(file, text);
  return { text, isNew: true };
}

/** Never over an existing file: it may be the only copy of a key. */
export function writeNetworkFile(file: string, text: string): void {
  writeFileSync(
    file,
    `# Whoever has the next line is in the network: copy it to your devices, show it to nobody.\n${text}\n`,
    {
      mode: 0o600,
      flag: 'wx',
    },
  );
}

/** The first line of a network file that is not for people. */
export function networkTextIn(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.trim()).find((line) => line !== '' && !line.startsWith('#')) ?? '';
}
