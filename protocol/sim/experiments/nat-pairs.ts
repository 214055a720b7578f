import type { LinkAddress, NodeKey, PathReport } from '@fogwisp/protocol';
import type { Fleet, Member, MemberOptions } from '../fleet.js';
import type { Host } from '../host.js';
import type { NatOptions } from '../nat.js';
import { PROFILES } from '../profiles.js';
import { lateSync, tampering } from '../tampering.js';
import type { Experiment, Running, Trial } from '../trial.js';

/** What stands between a host and the open; `unasked` takes what comes unasked for its own, as Linux does. */
const BOXES = {
  open: undefined,
  cone: { mapping: 'independent', filtering: 'open' },
  address: { mapping: 'independent', filtering: 'address' },
  port: { mapping: 'independent', filtering: 'port' },
  predictable: { mapping: 'sequential', filtering: 'port' },
  random: { mapping: 'random', filtering: 'port' },
  blocked: { mapping: 'independent', filtering: 'port', blocksUdp: true },
  unasked: { mapping: 'independent', filtering: 'port', preservesPorts: true, takesUnasked: true },
} as const satisfies Record<string, Omit<NatOptions, 'ip'> | undefined>;
type BoxName = keyof typeof BOXES;

const CLASSES = ['open', 'cone', 'address', 'port', 'predictable', 'random', 'blocked'] as const;
const PAIRS: readonly (readonly [BoxName, BoxName])[] = [
  ...CLASSES.flatMap((a) => CLASSES.map((b) => [a, b] as const)),
  ['unasked', 'unasked'],
];
/** A random port is met by whoever lets in any port of an address that it sent to, and by nobody else. */
const STRICT: readonly BoxName[] = ['port', 'predictable', 'random'];

/** Two relays in the open, so that everybody has two observers, and whom only they know. */
const RELAYS: readonly LinkAddress[] = ['198.51.100.1:4747', '198.51.100.2:4747'];
const STRANGER: LinkAddress = '198.51.100.3:4747';
const SETTLE_MS = 3000;
const WITHIN_MS = 5000;
const STEP_MS = 5;
const REQUEST_MS = 3000;
/** The relay is 120 ms away on average: session, request, and the wait of the end that yields. */
const DIRECT_MS_MAX = 2000;
const DIRECT_MIN = 0.99;

/** Of all meetings of one pair of boxes. */
interface Tally {
  direct: number;
  silent: number;
  readonly times: number[];
}

/** Two nodes behind boxes of every kind meet, time and again. */
export const natPairs: Experiment = {
  name: 'nat-pairs',
  promise:
    'two nodes behind NATs of any two kinds are direct where that can be, and else relayed, never silent',
  control: 'the end that leads begins two seconds after the other one',
  nodes: 134,
  nodesQuick: 8,
  nodesMin: 2,
  *run(trial: Trial): Running {
    const runs = Math.floor(trial.setting.nodes / 2);
    const all: Tally = { direct: 0, silent: 0, times: [] };
    trial.measure('meetings of each pair', runs);
    for (const [a, b] of PAIRS) {
      const tally: Tally = { direct: 0, silent: 0, times: [] };
      for (let run = 0; run < runs; run++) yield* meet(trial, a, b, tally);
      const target = targetOf(a, b);
      trial.measure(`${a}:${b}: direct`, tally.direct / runs, target);
      all.silent += tally.silent;
      all.times.push(...tally.times);
    }
    all.times.sort((x, y) => x - y);
    trial.measure('meetings in silence', all.silent, { atMost: 0 });
    trial.measure('direct after, median ms', all.times[all.times.length >> 1] ?? 0);
    trial.measure('direct after, most ms', all.times[all.times.length - 1] ?? 0, { atMost: DIRECT_MS_MAX });
  },
};

/** What is possible, ports being predicted where a box gives them out in order; undefined: now and then. */
function targetOf(a: BoxName, b: BoxName): { atMost: number } | { atLeast: number } | undefined {
  if (a === 'blocked' || b === 'blocked') return { atMost: 0 };
  if (a === 'predictable' && b === 'predictable') return undefined;
  if ((a === 'random' && STRICT.includes(b)) || (b === 'random' && STRICT.includes(a))) return { atMost: 0 };
  return { atLeast: DIRECT_MIN };
}

function* meet(trial: Trial, a: BoxName, b: BoxName, tally: Tally): Running {
  const place = new Place(trial, [a, b]);
  const { fleet } = place;
  yield* trial.run(fleet, SETTLE_MS, `${a}:${b}`);
  const from = fleet.world.now;
  const first = fleet.ask(place.a, place.b, 'id', REQUEST_MS);
  while (!place.isDirect && fleet.world.now < from + WITHIN_MS) fleet.world.runFor(STEP_MS);
  const last = fleet.ask(place.a, place.b, 'id', REQUEST_MS);
  if (place.isDirect) {
    tally.direct++;
    tally.times.push(fleet.world.now - from);
  }
  yield* trial.run(fleet, REQUEST_MS, `${a}:${b}`);
  if (first.end !== 'answered' || last.end !== 'answered') tally.silent++;
  trial.end(fleet);
}

/** Two hosts, each behind its box, who know two relays; whoever can send no UDP has TCP to these. */
class Place {
  readonly fleet: Fleet;
  readonly a: Member;
  readonly b: Member;
  /** What each end says of the path to the other. */
  readonly #paths = new Map<number, PathReport['kind']>();

  constructor(trial: Trial, [a, b]: readonly [BoxName, BoxName]) {
    this.fleet = trial.fleet(`${a}:${b}`, {}, { willingness: 0 });
    const { world } = this.fleet;
    const internet = world.addMedium({ ...PROFILES.udp, loss: 0 });
    const { suite } = trial.setting;
    const told = trial.isControl ? { suite: tampering(suite, lateSync) } : {};
    const settle = (address: LinkAddress, options: MemberOptions): Member => {
      const member = this.fleet.add(options);
      world.attach(member.host, internet, { address });
      return member;
    };
    const relays = RELAYS.map((address) => settle(address, { onBoot: () => undefined }));
    settle(STRANGER, { onBoot: dialRelays });
    const lodge = (box: BoxName, side: 1 | 2): Member => {
      const behind: Omit<NatOptions, 'ip'> | undefined = BOXES[box];
      const ip = `203.0.113.${side}0`;
      if (behind === undefined) return settle(`${ip}:4747`, { ...told, onBoot: dialRelays });
      const member = this.fleet.add({ ...told, onBoot: dialRelays });
      world.attach(member.host, internet, {
        address: `192.168.1.${side}0:4747`,
        behind: world.addNat({ ...behind, ip }),
      });
      if (behind.blocksUdp === true) {
        for (const { host } of relays) world.connect(member.host, host, { ...PROFILES.tcp, loss: 0 });
      }
      return member;
    };
    this.a = lodge(a, 1);
    this.b = lodge(b, 2);
    this.#watch([this.a, this.b]);
  }

  get isDirect(): boolean {
    return [this.a, this.b].every(({ index }) => this.#paths.get(index) === 'direct');
  }

  #watch([a, b]: readonly [Member, Member]): void {
    const others = new Map<number, NodeKey>([
      [a.index, b.identity.key],
      [b.index, a.identity.key],
    ]);
    this.fleet.onEvent = (event, { index }) => {
      if (event.kind !== 'peer' || event.peer.id !== others.get(index)) return;
      this.#paths.set(index, event.peer.path.kind);
    };
  }
}

function dialRelays(host: Host): void {
  for (const address of RELAYS) host.command({ kind: 'connect', link: 1, address });
}
