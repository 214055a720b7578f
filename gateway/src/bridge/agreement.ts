import type { NodeKey } from '../mesh.js';
import { Rendezvous } from './rendezvous.js';

/** How often a gateway says to the others that it lives; one that is late for three is given up. */
export const BEAT_MS = 1000;
export const SILENT_MS = 3000;
/** With its last will at the broker as well: later than one beat and a half. */
export const SILENT_AND_WILL_MS = 1500;
/** What a living gateway hands over is taken this much later, so that both know of it. */
export const SETTLE_MS = 2000;
/** The broker tells who else is there at once after a subscription. */
export const LISTEN_MS = 500;
/** How long those are waited for who are at the broker, and not heard yet in the mesh. */
export const MEET_MS_MAX = 10_000;
/** A gateway without the broker keeps its devices until another has had it for longer than any retry. */
export const BROKER_AWAY_MS_MAX = 12_000;
/** As many as a gateway could carry readings of. */
const DEVICES_MAX = 10_000;

/** `open`: it is about to be ours, or not known yet. */
export type Standing = 'ours' | 'theirs' | 'open';

export interface Gain {
  readonly device: NodeKey;
  /** Whose it was; undefined when it was nobody's that we know. */
  readonly from: NodeKey | undefined;
  /** Since `from` was last heard, when it is gone. */
  readonly silentMs: number | undefined;
}

export interface Beat {
  readonly life: number;
  readonly brokerMs: number;
  readonly doesSeeUs: boolean;
}

export interface Hears {
  readonly life: number;
  /** The first 16 digits of the id of each device. */
  readonly devices: ReadonlySet<string>;
}

interface Partner {
  isAtBroker: boolean;
  beatAt: number | undefined;
  /** How long it has had the broker, 0 when it has not. */
  brokerMs: number;
  /** Since when it has not. */
  awaySince: number | undefined;
  doesSeeUs: boolean;
  /** Another one after each start, so that nothing of a former life is believed. */
  life: number | undefined;
  /** Undefined until it has told. */
  hears: Hears | undefined;
}

interface Seat {
  winner: NodeKey;
  former: NodeKey | undefined;
  /** When ours: from then on. */
  mineAt: number;
  isTaken: boolean;
}

/**
 * Who of several gateways on one broker bridges a device: agreed without a leader, from what each knows of
 * the others. All of it is forgotten when they fall silent. What goes to another is given up at once; what
 * comes from a living one is taken a little later; what a dead one had is taken at once.
 */
export class Agreement {
  readonly #self: NodeKey;
  readonly #rendezvous = new Rendezvous();
  readonly #partners = new Map<NodeKey, Partner>();
  readonly #seats = new Map<NodeKey, Seat>();
  /** Everything that was asked about, so that gains are told without asking. */
  readonly #devices = new Set<NodeKey>();
  readonly #heard = new Set<NodeKey>();
  #brokerSince: number | undefined;
  #awaySince: number | undefined;
  #hasJoined = false;
  /** Since when we listen who is there; undefined when we know. */
  #joiningSince: number | undefined;
  #tickedAt: number;

  constructor(self: NodeKey, now: number) {
    this.#self = self;
    this.#joiningSince = now;
    this.#awaySince = now;
    this.#tickedAt = now;
  }

  get isJoining(): boolean {
    return this.#joiningSince !== undefined;
  }

  /** False until we have had the broker, and have heard who else has. */
  get hasJoined(): boolean {
    return this.#hasJoined;
  }

  /** Everybody who was ever said to be at this broker. */
  get partners(): readonly NodeKey[] {
    return [...this.#partners.keys()];
  }

  /** What we hear, for the others. */
  get heard(): readonly NodeKey[] {
    return [...this.#heard];
  }

  brokerMs(now: number): number {
    return this.#brokerSince === undefined ? 0 : Math.max(1, Math.floor(now - this.#brokerSince));
  }

  living(now: number): readonly NodeKey[] {
    return this.partners.filter((id) => this.isAlive(now, id));
  }

  isAlive(now: number, id: NodeKey): boolean {
    const partner = this.#partners.get(id);
    if (partner?.beatAt === undefined) return false;
    return now - partner.beatAt <= (partner.isAtBroker ? SILENT_MS : SILENT_AND_WILL_MS);
  }

  /** The broker says that a gateway is there, or (by its last will) that it is not. */
  onAnnounced(id: NodeKey, isAtBroker: boolean): void {
    if (id === this.#self) return;
    const partner = this.#partners.get(id);
    if (partner !== undefined) partner.isAtBroker = isAtBroker;
    else if (isAtBroker) this.#partners.set(id, newPartner());
  }

  onBeat(now: number, id: NodeKey, beat: Beat): void {
    const partner = this.#partners.get(id);
    if (partner === undefined) return;
    partner.beatAt = now;
    partner.life = beat.life;
    partner.brokerMs = beat.brokerMs;
    partner.awaySince = beat.brokerMs > 0 ? undefined : (partner.awaySince ?? now);
    partner.doesSeeUs = beat.doesSeeUs;
  }

  onHears(id: NodeKey, hears: Hears): void {
    const partner = this.#partners.get(id);
    if (partner !== undefined) partner.hears = hears;
  }

  /** Whether readings of this device come here. True when that is news. */
  setHeard(device: NodeKey, isHeard: boolean): boolean {
    if (this.#heard.has(device) === isHeard) return false;
    if (isHeard) this.#heard.add(device);
    else this.#heard.delete(device);
    return true;
  }

  onBroker(now: number, isOnline: boolean): void {
    this.#brokerSince = isOnline ? now : undefined;
    this.#awaySince = isOnline ? undefined : (this.#awaySince ?? now);
    if (isOnline) this.#join(now);
  }

  /** To be called each quarter of a beat. Gives the devices that are ours from now on. */
  handleTick(now: number): readonly Gain[] {
    const wasStopped = now - this.#tickedAt > SILENT_MS;
    this.#tickedAt = now;
    // A process that was stopped has been given up by the others, and has heard none of them.
    if (wasStopped && this.#partners.size > 0) this.#join(now);
    if (this.#isMet(now)) {
      this.#joiningSince = undefined;
      this.#hasJoined = true;
    }
    if (this.isJoining) return [];
    return [...this.#devices].flatMap((device) => this.#settle(now, device) ?? []);
  }

  /** False while a device is not ours, or ours and not taken over: handleTick gives it. */
  isTaken(device: NodeKey): boolean {
    return this.#seats.get(device)?.isTaken ?? false;
  }

  standing(now: number, device: NodeKey): Standing {
    this.#note(device);
    if (this.isJoining || (now - this.#tickedAt > SILENT_MS && this.#partners.size > 0)) return 'open';
    const seat = this.#seatOf(now, device);
    if (seat.winner !== this.#self) return 'theirs';
    if (seat.isTaken) return 'ours';
    const isDue = now >= seat.mineAt && this.living(now).every((id) => this.#partners.get(id)?.doesSeeUs);
    return isDue ? 'ours' : 'open';
  }

  winnerOf(now: number, device: string): NodeKey {
    return this.#rendezvous.winnerOf(device, this.#candidates(now, device)) ?? this.#self;
  }

  /** Names that were never there may be asked about, too; the oldest goes, and is noted when it speaks. */
  #note(device: NodeKey): void {
    if (this.#devices.has(device)) return;
    this.#devices.add(device);
    if (this.#devices.size <= DEVICES_MAX) return;
    const [oldest = ''] = this.#devices;
    this.#devices.delete(oldest);
    this.#seats.delete(oldest);
  }

  #settle(now: number, device: NodeKey): Gain | undefined {
    if (this.standing(now, device) !== 'ours') return undefined;
    const seat = this.#seats.get(device);
    if (seat === undefined || seat.isTaken) return undefined;
    seat.isTaken = true;
    const { former } = seat;
    const beatAt = former === undefined ? undefined : this.#partners.get(former)?.beatAt;
    const isGone = former !== undefined && !this.isAlive(now, former);
    return { device, from: former, silentMs: isGone && beatAt !== undefined ? now - beatAt : undefined };
  }

  #seatOf(now: number, device: NodeKey): Seat {
    const winner = this.winnerOf(now, device);
    let seat = this.#seats.get(device);
    if (seat?.winner === winner) return seat;
    const former = seat?.winner;
    const isHandedOver = former === undefined ? this.living(now).length > 0 : this.isAlive(now, former);
    seat = { winner, former, mineAt: isHandedOver ? now + SETTLE_MS : now, isTaken: false };
    this.#seats.set(device, seat);
    return seat;
  }

  /** Those who could speak for a device: at the broker, and hearing it. */
  #candidates(now: number, device: string): readonly NodeKey[] {
    const all = [this.#self, ...this.living(now)];
    // A gateway that dies cannot say so itself: where there are others, one of them speaks for it.
    const others = all.filter((id) => id !== device);
    const atBroker = others.filter((id) => this.#hasBroker(now, id));
    const known = atBroker.length > 0 ? atBroker : all;
    const hearing = known.filter((id) => this.#doesHear(id, device));
    return hearing.length > 0 ? hearing : known;
  }

  /** False when it has been without the broker for long, and another has had it for as long. */
  #hasBroker(now: number, id: NodeKey): boolean {
    const awaySince = id === this.#self ? this.#awaySince : this.#partners.get(id)?.awaySince;
    if (awaySince === undefined || now - awaySince < BROKER_AWAY_MS_MAX) return true;
    const partners = this.living(now).map((each) => this.#partners.get(each)?.brokerMs ?? 0);
    return ![this.brokerMs(now), ...partners].some((ms) => ms >= BROKER_AWAY_MS_MAX);
  }

  #doesHear(id: NodeKey, device: string): boolean {
    if (id === this.#self) return this.#heard.has(device);
    return heardBy(this.#partners.get(id))?.has(device.substring(0, 16)) ?? false;
  }

  #join(now: number): void {
    this.#joiningSince = now;
    // Whose they were before is no news; each is told again.
    for (const seat of this.#seats.values()) {
      seat.isTaken = false;
      seat.former = undefined;
    }
  }

  /** Whether everybody who is at the broker has been heard, or was waited for long enough. */
  #isMet(now: number): boolean {
    const since = this.#joiningSince;
    if (since === undefined || now - since < LISTEN_MS) return false;
    if (this.#brokerSince === undefined && !this.#hasJoined) return false;
    if (now - since >= MEET_MS_MAX) return true;
    const awaited = [...this.#partners.values()].filter((each) => each.isAtBroker);
    return awaited.every(
      (each) => each.beatAt !== undefined && each.beatAt >= since && heardBy(each) !== undefined,
    );
  }
}

/** Undefined while it has not said so in this life. */
function heardBy(partner: Partner | undefined): ReadonlySet<string> | undefined {
  return partner?.hears?.life === partner?.life ? partner?.hears?.devices : undefined;
}

function newPartner(): Partner {
  return {
    isAtBroker: true,
    beatAt: undefined,
    brokerMs: 0,
    awaySince: undefined,
    doesSeeUs: false,
    life: undefined,
    hears: undefined,
  };
}
