import type { Instant, LinkId, LinkInfo, Machine, NodeInput, NodeOutput } from '@fogwisp/protocol';
import type { Birth, MakeNode } from '@fogwisp/protocol/sim';

type Toy = Machine<NodeInput, NodeOutput>;

/** The part that all toys have: an outbox, and the links that are up. */
abstract class ToyNode implements Toy {
  readonly links = new Map<LinkId, LinkInfo>();
  protected dueAt: Instant | undefined;
  readonly #outputs: NodeOutput[] = [];

  protected abstract onPacket(now: Instant, input: Extract<NodeInput, { kind: 'packet' }>): void;
  protected onTimeout(_now: Instant): void {}
  protected onCommand(_now: Instant, _input: Extract<NodeInput, { kind: 'command' }>): void {}

  handleInput(now: Instant, input: NodeInput): void {
    if (input.kind === 'linkUp') this.links.set(input.link, input.info);
    else if (input.kind === 'linkDown') this.links.delete(input.link);
    else if (input.kind === 'packet') this.onPacket(now, input);
    else if (input.kind === 'timeout') this.onTimeout(now);
    else if (input.kind === 'command') this.onCommand(now, input);
  }

  pollOutput(): NodeOutput | undefined {
    return this.#outputs.shift();
  }

  pollTimeout(): Instant | undefined {
    return this.dueAt;
  }

  protected put(output: NodeOutput): void {
    this.#outputs.push(output);
  }

  protected send(link: LinkId, bytes: Uint8Array, to = ''): void {
    this.put({ kind: 'transmit', link, to, bytes });
  }

  protected tell(topic: string, body: Uint8Array): void {
    this.put({ kind: 'event', event: { kind: 'message', from: { id: '', name: '' }, topic, body } });
  }
}

/**
 * Answers each packet with the same one, its first byte 1 instead of 0, and tells the application of answers.
 */
export class Echo extends ToyNode {
  protected override onPacket(
    _now: Instant,
    { link, from, bytes }: Extract<NodeInput, { kind: 'packet' }>,
  ): void {
    const copy = new Uint8Array(bytes);
    if (copy[0] === 1) return this.tell('answer', copy);
    copy[0] = 1;
    this.send(link, copy, from);
  }
}

/**
 * An echo that also sends `count` numbered packets of `size` bytes, one each `everyMs`, over its first link.
 */
export class Pinger extends Echo {
  readonly #options: {
    readonly everyMs: number;
    readonly count: number;
    readonly size: number;
    readonly to: string;
  };
  #sent = 0;

  constructor(birth: Birth, options: { everyMs: number; count: number; size?: number; to?: string }) {
    super();
    this.#options = { size: 20, to: '', ...options };
    this.dueAt = birth.now + options.everyMs;
  }

  protected override onTimeout(now: Instant): void {
    const { everyMs, count, size, to } = this.#options;
    const [link] = this.links.keys();
    const bytes = new Uint8Array(size);
    bytes[1] = this.#sent >> 8;
    bytes[2] = this.#sent;
    if (link !== undefined) this.send(link, bytes, to);
    this.dueAt = ++this.#sent < count ? now + everyMs : undefined;
  }
}

export const echo: MakeNode = () => new Echo();

export function pinger(options: { everyMs: number; count: number; size?: number; to?: string }): MakeNode {
  return (birth) => new Pinger(birth, options);
}

/** Passes what it has not seen to all its other links; starts a flood at random times and at any command. */
export class Flooder extends ToyNode {
  readonly #birth: Birth;
  readonly #meanMs: number;
  readonly #addresses = new Map<LinkId, string>();
  readonly seen = new Set<number>();
  lastOwn = 0;

  constructor(birth: Birth, meanMs: number) {
    super();
    this.#birth = birth;
    this.#meanMs = meanMs;
    this.dueAt = meanMs === 0 ? undefined : birth.now + 1 + (this.#draw() % (2 * meanMs));
  }

  protected override onPacket(_now: Instant, { link, bytes }: Extract<NodeInput, { kind: 'packet' }>): void {
    const name = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (this.seen.has(name)) return;
    this.seen.add(name);
    this.tell('flood', new Uint8Array(bytes));
    this.#pass(bytes, link);
  }

  protected override onTimeout(now: Instant): void {
    this.#start();
    this.dueAt = now + 1 + (this.#draw() % (2 * this.#meanMs));
  }

  protected override onCommand(_now: Instant, { command }: Extract<NodeInput, { kind: 'command' }>): void {
    if (command.kind === 'connect') this.#addresses.set(command.link, command.address);
    else this.#start();
  }

  #start(): void {
    const bytes = new Uint8Array(32);
    this.#birth.random.fill(bytes);
    this.lastOwn = new DataView(bytes.buffer).getUint32(0);
    this.seen.add(this.lastOwn);
    this.#pass(bytes, undefined);
  }

  #pass(bytes: Uint8Array, except: LinkId | undefined): void {
    for (const [link, info] of this.links) {
      if (link === except) continue;
      const to = info.cast === 'broadcast' ? '*' : (this.#addresses.get(link) ?? '');
      this.send(link, new Uint8Array(bytes), to);
    }
  }

  #draw(): number {
    const bytes = new Uint8Array(4);
    this.#birth.random.fill(bytes);
    return new DataView(bytes.buffer).getUint32(0);
  }
}

export function flooder(meanMs: number): MakeNode {
  return (birth) => new Flooder(birth, meanMs);
}

/** Counts in its store: a new value each `everyMs`, once the one before is confirmed. */
export class Counter extends ToyNode {
  readonly restored: number;
  value: number;
  confirmed = 0;
  readonly #everyMs: number;

  constructor(birth: Birth, everyMs: number) {
    super();
    this.restored = birth.restored.get('count')?.[0] ?? 0;
    this.value = this.restored;
    this.#everyMs = everyMs;
    this.dueAt = birth.now + everyMs;
  }

  override handleInput(now: Instant, input: NodeInput): void {
    super.handleInput(now, input);
    if (input.kind !== 'persisted') return;
    this.confirmed = this.value;
    this.dueAt = now + this.#everyMs;
  }

  protected override onPacket(): void {}

  protected override onTimeout(): void {
    this.value++;
    this.put({ kind: 'persist', key: 'count', value: new Uint8Array([this.value]) });
    this.dueAt = undefined;
  }
}
