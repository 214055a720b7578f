import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { command } from './command.js';

const PREFIX = 'fognat-';

const KERNEL: readonly string[] = [
  // Nobody else is there to have the same address: IPv6 works at once instead of after 2 s.
  'net.ipv6.conf.all.accept_dad=0',
  'net.ipv6.conf.default.accept_dad=0',
  // A switch does not look into what it switches; where a kernel could not do so, there is no such setting.
  'net.bridge.bridge-nf-call-iptables=0',
  'net.bridge.bridge-nf-call-ip6tables=0',
];

export interface Interface {
  readonly space: string;
  readonly name: string;
}

/** Network namespaces of one lab, which go with it. Nothing in them has a way to the outside. */
export class Namespaces {
  readonly #prefix: string;
  readonly #made = new Set<string>();

  constructor(label: string) {
    this.#prefix = `${PREFIX}${process.pid}-${label}-`;
  }

  async make(space: string): Promise<void> {
    await command('ip', ['netns', 'add', this.#nameOf(space)]);
    this.#made.add(space);
    await this.setKernel(space, KERNEL);
    await this.configure(space, ['link set lo up']);
  }

  /** Lines as `ip` takes them, such as 'addr add 10.0.0.1/24 dev lan'. */
  async configure(space: string, lines: readonly string[]): Promise<void> {
    await command('ip', ['-n', this.#nameOf(space), '-batch', '-'], `${lines.join('\n')}\n`);
  }

  /** A cable between two interfaces, which it makes. */
  async wire(one: Interface, other: Interface): Promise<void> {
    const ends = [one, other].map(({ space, name }) => ['name', name, 'netns', this.#nameOf(space)]);
    const [near = [], far = []] = ends;
    await command('ip', ['link', 'add', ...near, 'type', 'veth', 'peer', ...far]);
    await this.configure(one.space, [`link set ${one.name} up`]);
    await this.configure(other.space, [`link set ${other.name} up`]);
  }

  /** Settings that this kernel does not have are left out. */
  async setKernel(space: string, settings: readonly string[]): Promise<void> {
    await command('nsenter', [this.#flagOf(space), 'sysctl', '-eqw', ...settings]);
  }

  async setRules(space: string, ruleset: string): Promise<void> {
    await command('nsenter', [this.#flagOf(space), 'nft', '-f', '-'], `flush ruleset\n${ruleset}`);
  }

  /** Ends with this process, however that ends. */
  spawn(space: string, program: string, words: readonly string[], options: SpawnOptions): ChildProcess {
    const mortal = ['setpriv', '--pdeathsig', 'KILL', program];
    return spawn('nsenter', [this.#flagOf(space), ...mortal, ...words], options);
  }

  async remove(spaces: readonly string[] = [...this.#made]): Promise<void> {
    for (const space of spaces) {
      if (!this.#made.delete(space)) continue;
      await command('ip', ['netns', 'del', this.#nameOf(space)]).catch(() => undefined);
    }
  }

  /** Those of labs that were killed. */
  static async removeOrphans(): Promise<void> {
    const listed = await command('ip', ['netns', 'list']);
    for (const line of listed.split('\n')) {
      const name = line.split(' ')[0] ?? '';
      const pid = Number(name.startsWith(PREFIX) ? name.substring(PREFIX.length).split('-')[0] : Number.NaN);
      if (pid > 0 && !isRunning(pid)) await command('ip', ['netns', 'del', name]).catch(() => undefined);
    }
  }

  #nameOf(space: string): string {
    return this.#prefix + space;
  }

  #flagOf(space: string): string {
    return `--net=/run/netns/${this.#nameOf(space)}`;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
