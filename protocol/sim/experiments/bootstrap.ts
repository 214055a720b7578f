import type { LinkAddress } from '@fogwisp/protocol';
import type { Fleet, Member } from '../fleet.js';
import type { Host } from '../host.js';
import type { Medium } from '../medium.js';
import { PROFILES } from '../profiles.js';
import { answeredShare, type Experiment, type Running, type Trial } from '../trial.js';
import { Joins } from './joins.js';

const DAY_MS = 86_400_000;
const STEP_MS = 60_000;
const NODES = 24;
const DAYS = 30;
/** A network that is too small for that has three days of 2.4 hours. */
const SMALL = 16;
const SMALL_DAYS = 3;
const SMALL_SCALE = 0.1;
/** The bootstrap dies then and stays dead, as a share of the run. */
const DEATH = 1 / 3;
const UP_MS = 20 * 3_600_000;
const DOWN_MS = 2 * 3_600_000;
/** Everybody starts within this time of the first day. */
const START_MS = 3_600_000;
/** One of three is behind a box that lets no stranger in, one of eight knows nobody but by a cable. */
const HIDDEN_EVERY = 3;
const CABLE_EVERY = 8;
/** One of six comes later, with a ticket. */
const LATE_EVERY = 6;
const PAIRS = 40;
const ANSWERED_MIN = 0.99;
const BOOT = '198.51.100.1:4747';
const PORT = 4747;
/** Of H1 and RESUME (SPEC §4.1). */
const OPENING_TYPES: readonly number[] = [0x05, 0x0a];

/** A month of a network whose members come and go, by themselves or with a ticket. */
export const bootstrap: Experiment = {
  name: 'bootstrap',
  promise:
    'after the first day nobody asks a bootstrap, and who knows one living peer finds the network again',
  control: 'nobody keeps addresses of peers',
  nodes: NODES,
  nodesQuick: 12,
  nodesMin: 10,
  *run(trial: Trial): Running {
    const isSmall = trial.setting.nodes < SMALL;
    const days = isSmall ? SMALL_DAYS : DAYS;
    const scale = isSmall ? SMALL_SCALE : 1;
    const dayMs = DAY_MS * scale;
    const town = new Town(trial, { scale, endMs: days * dayMs });
    const fleet = town.fleet;
    for (let ms = 0; ms < days * dayMs; ms += STEP_MS) {
      if (ms >= days * dayMs * DEATH && town.boot.isPowered) town.boot.crash('new');
      for (const citizen of town.citizens) live(trial, town, citizen, ms);
      fleet.world.runFor(STEP_MS);
      town.joins.look(fleet.world.now);
      yield { fleet, doing: 'coming and going' };
    }
    trial.measure('days', days);
    trial.measure('contacts of the bootstrap on the first day', town.contacts(0, dayMs));
    const after = town.contacts(dayMs, Infinity);
    trial.measure('contacts of the bootstrap after the first day', after, { atMost: 0 });
    tellJoins(trial, town);
    const share = yield* talk(trial, town);
    trial.measure('requests answered at the end', share, { atLeast: ANSWERED_MIN });
  },
};

function tellJoins(trial: Trial, { joins }: Town): void {
  const { all, possible, made } = joins.ended;
  trial.measure('starts', all);
  trial.measure('starts with a living peer that is known', possible);
  trial.measure('of them with a neighbor within 10 minutes', possible === 0 ? 1 : made / possible, {
    atLeast: 1,
  });
  trial.measure('seconds until then, median', joins.quantile(0.5));
  trial.measure('seconds until then, 99th of 100', joins.quantile(0.99));
}

function* talk(trial: Trial, { fleet, citizens }: Town): Running<number> {
  const powered = citizens.filter(
    ({ member, since }) => member.host.isPowered && fleet.world.now - since > STEP_MS,
  );
  const questions = [];
  for (let i = 0; i < PAIRS; i++) {
    const [from, to] = [trial.random.pick(powered), trial.random.pick(powered)];
    if (from === to) continue;
    questions.push(fleet.ask(from.member, to.member, 'id'));
    yield* trial.run(fleet, 500, 'talking');
  }
  yield* trial.run(fleet, 11_000, 'talking');
  return answeredShare(questions);
}

interface Citizen {
  readonly member: Member;
  /** Where strangers reach it, if they do. */
  readonly address: LinkAddress | undefined;
  readonly startsAtMs: number;
  readonly isLate: boolean;
  hasLived: boolean;
  since: number;
  /** From the ticket that it came with. */
  ticket: readonly LinkAddress[];
  /** Whose cable it is on. */
  readonly beside: Citizen | undefined;
}

function live(trial: Trial, town: Town, citizen: Citizen, ms: number): void {
  const { member } = citizen;
  const { host } = member;
  const { scale } = town.time;
  if (!citizen.hasLived) {
    if (ms < citizen.startsAtMs) return;
    citizen.hasLived = true;
    if (citizen.isLate) citizen.ticket = town.ticket();
    return town.start(citizen);
  }
  if (!trial.random.chance(STEP_MS / ((host.isPowered ? UP_MS : DOWN_MS) * scale))) return;
  if (!host.isPowered) return town.start(citizen);
  host.crash('new');
  town.joins.left(member.index);
  if (trial.isControl) host.disk.put('acquaintances', undefined);
}

/** How long a day is beside a real one, and when all is over. */
interface Time {
  readonly scale: number;
  readonly endMs: number;
}

/** Who lives there, and what was seen of them. */
class Town {
  readonly fleet: Fleet;
  readonly boot: Host;
  readonly citizens: Citizen[] = [];
  readonly joins = new Joins();
  readonly time: Time;
  readonly #internet: Medium;
  readonly #trial: Trial;
  readonly #contacts: number[] = [];
  readonly #indexByAddress = new Map<LinkAddress, number>();

  constructor(trial: Trial, time: Time) {
    this.#trial = trial;
    this.time = time;
    this.fleet = trial.fleet('town', { recordCountMax: 128 }, { willingness: 0 });
    const { world } = this.fleet;
    this.#internet = world.addMedium(PROFILES.udp);
    this.boot = this.fleet.add({ onBoot: () => undefined }).host;
    world.attach(this.boot, this.#internet, { address: BOOT });
    for (let i = 0; i < trial.setting.nodes; i++) this.citizens.push(this.#settle(i));
    this.#watch();
  }

  contacts(fromMs: number, untilMs: number): number {
    return this.#contacts.filter((at) => at >= fromMs && at < untilMs).length;
  }

  /** Two who can be reached, from somebody who is there. */
  ticket(): readonly LinkAddress[] {
    const open = this.citizens.filter(
      ({ member, address }) => member.host.isPowered && address !== undefined,
    );
    this.#trial.random.shuffle(open);
    return open.slice(0, 2).flatMap(({ address }) => address ?? []);
  }

  start(citizen: Citizen): void {
    citizen.since = this.fleet.world.now;
    const { member, beside, ticket } = citizen;
    // Who has nothing but a cable cannot go where the ticket says.
    const ways = beside === undefined ? ticket : [];
    const open = ways.flatMap((address) => this.#indexByAddress.get(address) ?? []);
    const cable = beside === undefined ? [] : [beside.member.index];
    this.joins.begin(this.fleet.world.now, member.index, [...open, ...cable]);
    member.host.start();
  }

  #settle(i: number): Citizen {
    const { world } = this.fleet;
    const isOnCable = i % CABLE_EVERY === CABLE_EVERY - 1;
    const isHidden = i % HIDDEN_EVERY === HIDDEN_EVERY - 1;
    const isLate = i % LATE_EVERY === LATE_EVERY - 1;
    const member = this.fleet.add({ isOff: true, onBoot: (host) => this.#configure(i, host) });
    const beside = isOnCable ? this.citizens.find(({ address }) => address !== undefined) : undefined;
    const ip = `203.0.${i}.1`;
    const address = isOnCable || isHidden ? undefined : `${ip}:${PORT}`;
    if (beside !== undefined) world.connect(member.host, beside.member.host, PROFILES.serial);
    else if (isHidden) {
      const behind = world.addNat({ ip, mapping: 'independent', filtering: 'port' });
      world.attach(member.host, this.#internet, { address: `192.168.1.2:${PORT}`, behind });
    } else world.attach(member.host, this.#internet, { address: `${ip}:${PORT}` });
    if (address !== undefined) this.#indexByAddress.set(address, member.index);
    const { random } = this.#trial;
    const { scale, endMs } = this.time;
    const share = isLate ? 0.4 + 0.5 * random.fraction() : 0;
    const startsAtMs = share * endMs + random.below(START_MS * scale);
    return { member, address, startsAtMs, isLate, hasLived: false, since: 0, ticket: [], beside };
  }

  #configure(i: number, host: Host): void {
    const link = host.ports.findIndex(({ medium }) => medium === this.#internet) + 1;
    if (link === 0) return;
    host.command({ kind: 'connect', link, address: BOOT, rung: 'bootstrap' });
    for (const address of this.citizens[i]?.ticket ?? []) {
      host.command({ kind: 'connect', link, address, rung: 'introduction' });
    }
  }

  #watch(): void {
    const { world } = this.fleet;
    this.fleet.onEvent = (event, { index }) => {
      if (event.kind !== 'peer' || event.peer.path.kind !== 'direct') return;
      const citizen = this.citizens[index - 1];
      // A board on the own cable is no way into the network.
      if (citizen?.beside === undefined && event.peer.path.link?.kind !== PROFILES.udp.kind) return;
      const other = this.fleet.indexOf(event.peer.id.substring(0, 16));
      if (other !== undefined && other !== 0) this.#met(index, other);
      this.joins.made(world.now, index);
    };
    this.#internet.tap = ({ fate, address, bytes }) => {
      if (fate === 'sent' && address === BOOT && OPENING_TYPES.includes(bytes[0] as number)) {
        this.#contacts.push(world.now);
      }
    };
  }

  /** Only who is reached unasked can be found again. */
  #met(index: number, other: number): void {
    if (this.citizens[other - 1]?.address !== undefined) this.joins.met(index, other);
  }
}
