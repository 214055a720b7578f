import { encodeValue, type LinkAddress } from '@fogwisp/protocol';
import { BOXES, type Box } from '../boxes.js';
import type { Fleet, Member, MemberOptions } from '../fleet.js';
import type { Host } from '../host.js';
import { LIE, Liar } from '../liar.js';
import type { Medium, Sighting } from '../medium.js';
import { PROFILES } from '../profiles.js';
import { tampering } from '../tampering.js';
import type { Target, Trial } from '../trial.js';

/** Nobody ever gets more than that for one byte. */
const EVER = { atMost: 3 } as const;
/** First byte (SPEC §4.1). */
const PROBE = 0x09;
/** IP and UDP headers, which victims get too. */
const UDP_BYTES = 28;
/** Nobody ever was there: each strike has a /16 of its own, from 45.0.0.0 on. */
const VICTIMS_FROM = 45;
const VICTIMS_UNTIL = 61;
const RELAYS: readonly LinkAddress[] = ['198.51.100.1:4747', '198.51.100.2:4747'];
const TARGET = '203.0.113.1:4747';
const LIAR = '203.0.113.2:4747';
const BOXED = '192.168.1.2:4747';
/** It asks for nothing that anybody would answer in this time. */
const LIE_MS = 100;
const READ_MS = 25;

/** What went into a strike, and what came of it. */
interface Account {
  in: number;
  out: number;
  /** Of traversal: nobody was ever observed there. */
  probes: number;
}

export interface StageOptions {
  readonly name: string;
  /** The target and the liar are behind boxes, and meet by way of others. */
  readonly isBoxed?: boolean;
  /** The liar is all that the target knows. */
  readonly isAlone?: boolean;
  /** Sees what the target says before it is sealed. */
  readonly onTold?: (plain: Uint8Array) => void;
}

/** Two relays and a target, a member that means harm, and victims that have no part in anything. */
export class Stage {
  readonly fleet: Fleet;
  readonly internet: Medium;
  readonly target: Member;
  readonly honest: readonly Member[];
  readonly liar = new Liar();
  readonly member: Member;
  /** Sees what the others send as well. */
  onSent: ((sighting: Sighting) => void) | undefined;
  readonly #isRead: boolean;
  #strikes = 0;
  readonly #accounts = new Map<number, Account>();

  constructor(trial: Trial, { name, isBoxed = false, isAlone = false, onTold }: StageOptions) {
    this.#isRead = trial.isControl;
    this.fleet = trial.fleet(name, {}, { willingness: 0 });
    this.internet = this.fleet.world.addMedium({ ...PROFILES.udp, loss: 0, jitterMs: 0 });
    const known = isAlone ? [] : RELAYS;
    const relays = known.map((address) => this.#settle(address, { onBoot: () => undefined }));
    const dial = (host: Host): void => dialAll(host, isAlone ? [LIAR] : RELAYS);
    const { suite } = trial.setting;
    const told = tampering(suite, (plain) => {
      onTold?.(plain);
      return plain;
    });
    this.target = this.#lodge(TARGET, isBoxed ? BOXES.port : undefined, { suite: told, onBoot: dial });
    this.member = this.#lodge(LIAR, isBoxed ? BOXES.random : undefined, {
      suite: this.liar.suite(suite),
      disguise: (node) => this.liar.disguise(node),
      onBoot: (host) => dialAll(host, isAlone ? [] : isBoxed ? RELAYS : [...RELAYS, TARGET]),
    });
    this.honest = [...relays, this.target];
    this.fleet.world.tap = (sighting) => this.#see(sighting);
  }

  get bytesIn(): number {
    return this.#sum((account) => account.in);
  }

  get bytesOut(): number {
    return this.#sum((account) => account.out);
  }

  /** Probes to where nobody was ever observed. */
  get probes(): number {
    return this.#sum(({ probes }) => probes);
  }

  /** The most that came of one strike for each of its bytes. */
  get worst(): number {
    const factors = [...this.#accounts.values()].map((each) => (each.in === 0 ? 0 : each.out / each.in));
    return Math.max(0, ...factors);
  }

  nextStrike(): number {
    return ++this.#strikes;
  }

  /** Which of those who mean no harm is there. */
  at(address: LinkAddress): Member | undefined {
    return this.honest.find(({ host }) => host.ports.some((port) => port.address === address));
  }

  /** One of the addresses of a strike. */
  victim(strike: number, place = 1): LinkAddress {
    return `${VICTIMS_FROM + (strike >> 8)}.${strike & 0xff}.0.${place}:6666`;
  }

  /** Somebody sends this to a member in the name of a victim. */
  spoof(to: Member, strike: number, bytes: Uint8Array, place = 1): void {
    this.charge(strike, bytes);
    const packet = new Uint8Array(bytes);
    this.fleet.world.after(0, () => to.host.packet(1, this.victim(strike, place), packet));
  }

  charge(strike: number, bytes: Uint8Array): void {
    this.#account(strike).in += bytes.length + UDP_BYTES;
  }

  /** The member says this to the target, in the name of a victim or in its own. */
  say(strike: number, plain: Uint8Array, isSpoofed: boolean): void {
    this.liar.lie = plain;
    this.liar.onPacket = (bytes, isLie) => {
      if (!isLie) return false;
      if (isSpoofed) this.spoof(this.target, strike, bytes);
      else this.charge(strike, bytes);
      return isSpoofed;
    };
    const body = encodeValue(0);
    const to = this.target.identity.key;
    this.member.host.command({ kind: 'request', to, path: LIE, body, deadlineMs: LIE_MS });
  }

  measure(trial: Trial, target: Target): void {
    const { name } = this.fleet;
    trial.measure(`${name}: bytes in`, this.bytesIn);
    trial.measure(`${name}: bytes out`, this.bytesOut);
    trial.measure(`${name}: ratio`, this.bytesOut / Math.max(1, this.bytesIn), target);
    trial.measure(`${name}: ratio of the worst strike`, this.worst, EVER);
  }

  /** What goes to a victim comes to the member as well. */
  #read(from: LinkAddress, bytes: Uint8Array): void {
    const packet = new Uint8Array(bytes);
    this.fleet.world.after(READ_MS, () => this.member.host.packet(1, from, packet));
  }

  #settle(address: LinkAddress, options: MemberOptions): Member {
    const member = this.fleet.add(options);
    this.fleet.world.attach(member.host, this.internet, { address });
    return member;
  }

  #lodge(address: LinkAddress, box: Box, options: MemberOptions): Member {
    if (box === undefined) return this.#settle(address, options);
    const member = this.fleet.add(options);
    const behind = this.fleet.world.addNat({ ...box, ip: address.split(':')[0] ?? '' });
    this.fleet.world.attach(member.host, this.internet, { address: BOXED, behind });
    return member;
  }

  #see(sighting: Sighting): void {
    const { fate, port, address, bytes } = sighting;
    if (fate !== 'sent') return;
    this.onSent?.(sighting);
    const struck = strikeOf(address);
    if (port.host === this.member.host || struck === undefined) return;
    const account = this.#account(struck);
    account.out += bytes.length + UDP_BYTES;
    if (bytes[0] === PROBE) account.probes++;
    if (this.#isRead) this.#read(port.address, bytes);
  }

  #account(strike: number): Account {
    const account = this.#accounts.get(strike) ?? { in: 0, out: 0, probes: 0 };
    this.#accounts.set(strike, account);
    return account;
  }

  #sum(of: (account: Account) => number): number {
    return [...this.#accounts.values()].reduce((sum, account) => sum + of(account), 0);
  }
}

function dialAll(host: Host, addresses: readonly LinkAddress[]): void {
  for (const address of addresses) host.command({ kind: 'connect', link: 1, address });
}

/** Whose victim is there. */
function strikeOf(address: LinkAddress): number | undefined {
  const [first = 0, second = 0] = address.split('.').map(Number);
  if (first < VICTIMS_FROM || first >= VICTIMS_UNTIL) return undefined;
  return ((first - VICTIMS_FROM) << 8) + second;
}
