import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
export function ownNetwork(state: string, create: () => string): NetworkDoor & { readonly isNew: boolean } {
  const file = ownNetworkFile(state);
  if (existsSync(file)) return { ...networkIn(file), isNew: false };
  const text = create();
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeNetworkFile(file, text);
  return { text, addresses: [], isNew: true };
}

/** The text of a network, and where members of it are greeted when nobody else is there. */
export interface NetworkDoor {
  readonly text: string;
  readonly addresses: readonly string[];
}

export function ownNetworkFile(state: string): string {
  return join(state, NETWORK_FILE);
}

/** Never over an existing file, unless told so: it may be the only copy of a key. */
export function writeNetworkFile(
  file: string,
  text: string,
  addresses: readonly string[] = [],
  isForced = false,
): void {
  const warning =
    '# Whoever has the next line is in the network: copy it to your devices, show it to nobody.';
  const told = addresses.length === 0 ? [] : ['# Greeted while nobody else is there:', ...addresses];
  const lines = [warning, text, ...told, ''].join('\n');
  if (!isForced) return writeFileSync(file, lines, { mode: 0o600, flag: 'wx' });
  // Whole or not at all, and never readable by others on the way.
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, lines, { mode: 0o600, flag: 'wx' });
  renameSync(fresh, file);
}

/** What a network file says to programs: the key, then addresses. */
export function networkIn(file: string): NetworkDoor {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const [text = '', ...addresses] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return { text, addresses };
}
