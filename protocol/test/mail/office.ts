import { nodeSuite } from '@fogwisp/firmware-shim/node';
import { shortKeyOf } from '../../src/identity/id.js';
import { createIdentity, type Identity } from '../../src/identity/identity.js';
import { createNetworkKey, type NetworkKey } from '../../src/identity/network.js';
import type { NodeKey } from '../../src/kernel/link.js';
import { type Limits, PI_LIMITS } from '../../src/limits.js';
import type { MailFate, MailMessage, MailOutput } from '../../src/mail/doors.js';
import { Mail } from '../../src/mail/mail.js';
import { testRandom } from '../support/random.js';

export const SUITE = nodeSuite();
const random = testRandom(77);
export const NETWORK: NetworkKey = createNetworkKey(SUITE, random);

export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly message: MailMessage;
}

/** One node with mail, and what a network would do for it. */
export class Resident {
  readonly identity: Identity = createIdentity(SUITE, random);
  readonly fates = new Map<number, MailFate[]>();
  readonly heard: string[] = [];
  readonly dropped: string[] = [];
  readonly store = new Map<string, Uint8Array>();
  /** Subscribers, as this one publishes to them. */
  readonly subscribers = new Map<NodeKey, readonly string[]>();
  /** What the application listens to. */
  readonly topics = new Set<string>();
  isThere = true;
  isClient = true;
  /** The store confirms at once. */
  confirms = true;
  mail: Mail;
  readonly name: string;
  readonly #office: Office;
  readonly #limits: Limits;

  constructor(office: Office, name: string, limits: Partial<Limits>) {
    this.name = name;
    this.#office = office;
    this.#limits = { ...PI_LIMITS, ...limits };
    this.mail = this.#make();
  }

  get key(): NodeKey {
    return this.identity.key;
  }

  get short(): string {
    return shortKeyOf(this.key);
  }

  restart(): void {
    this.mail = this.#make();
    this.isThere = true;
  }

  #make(): Mail {
    const { identity, name } = this;
    const restored = new Map(this.store);
    const options = {
      suite: SUITE,
      identity,
      network: NETWORK,
      random,
      limits: this.#limits,
      name,
      restored,
    };
    return new Mail(options, {
      isUp: (peer) => peer === this.key || this.#office.find(peer)?.isThere === true,
      publicKeyOf: (peer) => this.#office.find(peer)?.identity.publicKey,
      topicsOf: (peer) => this.subscribers.get(peer) ?? [],
      wants: (_, __, topic) => this.topics.has(topic),
    });
  }
}

/** Residents who reach each other at once while both are there. */
export class Office {
  now = 1000;
  readonly residents: Resident[] = [];
  readonly sent: Sent[] = [];
  /** False: it does not arrive. */
  passes: (sent: Sent) => boolean = () => true;

  add(name: string, limits: Partial<Limits> = {}): Resident {
    const resident = new Resident(this, name, limits);
    this.residents.push(resident);
    return resident;
  }

  find(peer: NodeKey): Resident | undefined {
    return this.residents.find(({ key }) => key === peer);
  }

  /** How often such a message was sent. */
  count(kind: MailMessage['kind'], from?: Resident): number {
    return this.sent.filter((each) => each.message.kind === kind && (from?.name ?? each.from) === each.from)
      .length;
  }

  sleep(who: Resident, candidates: readonly Resident[], forMs = 600_000): void {
    const keys = candidates.map(({ key }) => key);
    who.mail.handleInput(this.now, { kind: 'sleep', forMs, candidates: keys });
    this.settle();
    this.leave(who);
  }

  leave(who: Resident): void {
    who.isThere = false;
    for (const other of this.residents) {
      if (other !== who && other.isThere)
        other.mail.handleInput(this.now, { kind: 'peerDown', peer: who.key });
    }
    this.settle();
  }

  /** As after a restart: nothing but the store is left. */
  wake(who: Resident): void {
    who.restart();
    for (const other of this.residents) {
      if (other === who || !other.isThere) continue;
      other.mail.handleInput(this.now, { kind: 'peerUp', peer: who.key });
      who.mail.handleInput(this.now, { kind: 'peerUp', peer: other.key });
    }
    this.settle();
    who.mail.handleInput(this.now, { kind: 'listen' });
    this.settle();
  }

  post(from: Resident, to: Resident, tag: number, text = `${tag}`, topic = 'level'): void {
    const body = new TextEncoder().encode(text);
    from.mail.handleInput(this.now, { kind: 'post', tag, to: to.key, topic, body });
    this.settle();
  }

  give(to: Resident, from: Resident, message: MailMessage): void {
    to.mail.handleInput(this.now, { kind: 'message', from: from.key, message, isClient: from.isClient });
    this.settle();
  }

  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = this.residents
        .filter(({ isThere }) => isThere)
        .map(({ mail }) => mail.pollTimeout() ?? Infinity);
      const at = Math.min(until, ...next);
      this.now = Math.max(this.now, at);
      for (const { mail, isThere } of this.residents) {
        if (isThere && (mail.pollTimeout() ?? Infinity) <= this.now)
          mail.handleInput(this.now, { kind: 'timeout' });
      }
      this.settle();
      if (at >= until) return;
    }
  }

  settle(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (const resident of this.residents) {
        for (let out = resident.mail.pollOutput(); out !== undefined; out = resident.mail.pollOutput()) {
          isBusy = true;
          this.#perform(resident, out);
        }
      }
    }
  }

  #perform(from: Resident, output: MailOutput): void {
    switch (output.kind) {
      case 'send':
        return this.#send(from, output);
      case 'notice':
        for (const { key: to } of this.residents) {
          if (to !== from.key) this.#send(from, { kind: 'send', to, message: output.message });
        }
        return;
      case 'persist':
        from.store.set(output.key, output.value);
        if (from.confirms) from.mail.handleInput(this.now, { kind: 'persisted', key: output.key });
        return;
      case 'letter':
        from.heard.push(new TextDecoder().decode(output.body));
        return;
      case 'mailed':
        from.fates.set(output.tag, [...(from.fates.get(output.tag) ?? []), output.fate]);
        return;
      case 'dropped':
        from.dropped.push(output.reason);
        return;
      case 'sleeper':
        return;
    }
  }

  #send(from: Resident, { to, message }: Extract<MailOutput, { kind: 'send' }>): void {
    const target = this.find(to);
    if (target === undefined) return;
    const sent = { from: from.name, to: target.name, message };
    this.sent.push(sent);
    if (!target.isThere || !from.isThere || !this.passes(sent)) return;
    target.mail.handleInput(this.now, { kind: 'message', from: from.key, message, isClient: from.isClient });
  }
}

/** A sleeper that listens, a publisher that it subscribed at, and so many who keep. */
export function household(keeperCount = 2, limits: Partial<Limits> = {}) {
  const office = new Office();
  const keepers = Array.from({ length: keeperCount }, (_, i) => office.add(`keeper ${i}`, limits));
  const reader = office.add('reader');
  const writer = office.add('writer');
  reader.topics.add('level');
  writer.subscribers.set(reader.key, ['level']);
  return { office, keepers, reader, writer };
}

export function states({ fates }: Resident, tag: number): readonly string[] {
  return (fates.get(tag) ?? []).map((fate) => (fate.state === 'lost' ? `lost: ${fate.reason}` : fate.state));
}
