/** What is known of this node's own links from outside (SPEC §7.12), and what it tells others of it. */
import type { FilteringKind, ReachabilityReport } from '../api.js';
import type { DirectVia, LinkAddress, LinkId, LinkInfo } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { Instant } from '../kernel/time.js';
import { type Endpoint, ipOf, isEndpoint, isPrivate, isTellable } from '../packet/endpoint.js';
import type { TraversalOutput } from './doors.js';
import { MappingLife } from './keepalive.js';
import type { TraversalPeer } from './peer.js';
import { type Mapping, Reflexive } from './reflexive.js';
import type { Side } from './side.js';

/** Of each link, beside what others see of it. */
const OWN_ADDRESSES_MAX = 2;

/** Of each link: one of each family. */
const MAPPED_ADDRESSES_MAX = 2;

/** One link, seen by IPv4 and by IPv6. */
interface View {
  readonly own: readonly LinkAddress[];
  readonly doors: number;
  readonly v4: Reflexive;
  readonly v6: Reflexive;
  readonly life: MappingLife;
  /** Where the box in front of it lets anybody in, as that box says. */
  mapped: readonly LinkAddress[];
  filtering: FilteringKind;
  /** Nobody has tried yet whether strangers get in. */
  isUnchecked: boolean;
  told: string;
}

export class Outlook {
  readonly #peers: ReadonlyMap<number, TraversalPeer>;
  readonly #out: Outbox<TraversalOutput>;
  readonly #views = new Map<LinkId, View>();

  constructor(peers: ReadonlyMap<number, TraversalPeer>, out: Outbox<TraversalOutput>) {
    this.#peers = peers;
    this.#out = out;
  }

  /** The links on which something can be tried. */
  get links(): readonly LinkId[] {
    return [...this.#views.keys()];
  }

  /** The link that has the most doors. */
  get linkWithDoors(): LinkId | undefined {
    let best: LinkId | undefined;
    let most = 0;
    for (const [link, { doors }] of this.#views) {
      if (doors <= most) continue;
      best = link;
      most = doors;
    }
    return best;
  }

  add(link: LinkId, { addresses = [], doors = 0 }: LinkInfo): void {
    const own = addresses.filter(isEndpoint);
    const fresh = { v4: new Reflexive(own), v6: new Reflexive(own), life: new MappingLife() };
    const unknown = { mapped: [], filtering: 'unknown', isUnchecked: true, told: '' } as const;
    this.#views.set(link, { own, doors, ...fresh, ...unknown });
  }

  remove(link: LinkId): void {
    this.#views.delete(link);
  }

  setMapped(link: LinkId, addresses: readonly LinkAddress[]): void {
    const view = this.#views.get(link);
    if (view !== undefined) view.mapped = addresses.filter(isTellable).slice(0, MAPPED_ADDRESSES_MAX);
  }

  /** Undefined when there is nothing to be learned on the link. */
  lifeOf(link: LinkId): MappingLife | undefined {
    return this.#views.get(link)?.life;
  }

  /** Of what reaches that address. */
  mappingTo({ link, address }: DirectVia): Mapping | undefined {
    const view = this.#views.get(link);
    return view && familyOf(view, address).mapping();
  }

  /** A peer tells from where it sees this node. True when that is from elsewhere than before. */
  note(now: Instant, { session }: TraversalPeer, via: DirectVia, observed: LinkAddress): boolean {
    const view = this.#views.get(via.link);
    if (view === undefined || !isEndpoint(observed) || !isEndpoint(via.address)) return false;
    const observation = { session, ip: ipOf(via.address), address: observed, at: now };
    const isChanged = familyOf(view, observed).note(observation);
    if (isChanged) {
      view.filtering = 'unknown';
      view.isUnchecked = true;
    }
    this.#tell(via.link, view);
    return isChanged;
  }

  /** True once for each address that strangers could know. */
  takeUnchecked(link: LinkId): boolean {
    const view = this.#views.get(link);
    if (view === undefined || !view.isUnchecked) return false;
    const address = view.v4.mapping().address ?? view.v6.mapping().address;
    if (address === undefined || isPrivate(address)) return false;
    view.isUnchecked = false;
    return true;
  }

  setFiltering(link: LinkId, filtering: FilteringKind): void {
    const view = this.#views.get(link);
    if (view === undefined) return;
    view.filtering = filtering;
    this.#tell(link, view);
  }

  /** What a peer is told; what helps it most comes first, as there may be room for some only. */
  side(): Side {
    const [seen, open, near]: [Endpoint[], Endpoint[], Endpoint[]] = [[], [], []];
    let known: Pick<Side, 'mapping' | 'filtering' | 'step'> | undefined;
    for (const { own, mapped, v4, v6, filtering } of this.#views.values()) {
      const mappings = [v4.mapping(), v6.mapping()];
      for (const { kind: mapping, address, step } of mappings) {
        if (address === undefined || !isTellable(address)) continue;
        seen.push({ address, isOwn: false });
        known ??= { mapping, filtering, step };
      }
      if (mappings.every(({ address }) => address === undefined)) continue;
      for (const address of mapped.filter((each) => isBehind(each, mappings)))
        open.push({ address, isOwn: false, isMapped: true });
      const others = own.filter((address) => {
        return isTellable(address) && mappings.every((mapping) => mapping.address !== address);
      });
      for (const address of others.slice(0, OWN_ADDRESSES_MAX)) near.push({ address, isOwn: true });
    }
    const doors = Math.max(0, ...[...this.#views.values()].map((view) => view.doors));
    const endpoints = [...seen, ...open, ...near];
    return { ...(known ?? { mapping: 'unknown', filtering: 'unknown', step: 0 }), endpoints, doors };
  }

  /** What of that tells a peer where to try. */
  get told(): string {
    const { mapping, step, endpoints } = this.side();
    return `${mapping === 'random'} ${step} ${endpoints.map(({ address }) => address).join(' ')}`;
  }

  #tell(link: LinkId, view: View): void {
    const { v4, v6, filtering } = view;
    const seen = v4.observations.length > 0 ? v4 : v6;
    const { kind: mapping, address } = seen.mapping();
    const news = `${address} ${mapping} ${filtering}`;
    if (news === view.told) return;
    view.told = news;
    const evidence = seen.observations.map((one) => {
      return { observer: this.#peers.get(one.session)?.key ?? '', address: one.address, at: one.at };
    });
    const reachability: ReachabilityReport = { link, address, mapping, filtering, evidence };
    this.#out.push({ kind: 'event', event: { kind: 'reachability', reachability } });
  }
}

/**
 * Whether others see this node at its IP address, and not at that port: a box may be behind another one, or
 * lie, and nobody shall be sent to somebody else for it.
 */
function isBehind(mapped: LinkAddress, mappings: readonly Mapping[]): boolean {
  const seen = mappings.flatMap(({ address }) => address ?? []);
  return seen.some((address) => ipOf(address) === ipOf(mapped)) && !seen.includes(mapped);
}

function familyOf({ v4, v6 }: View, address: LinkAddress): Reflexive {
  return address.startsWith('[') ? v6 : v4;
}
