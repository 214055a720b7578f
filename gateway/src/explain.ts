import { type Box, isRandom, mainBox } from './box.js';
import type { LinkReport } from './links/observed-link.js';
import type { Mesh, PeerReport } from './mesh.js';
import { nameOf, type PathView, viewPath } from './peer-view.js';
import { isServing, ownRole, type RoleView } from './roles.js';
import { formatAge } from './text/units.js';
import { type LinkName, linksOf } from './trace.js';

/** Why a peer is reached as it is. */
export interface Explanation {
  readonly to: string;
  readonly id: string;
  readonly status: PeerReport['status'];
  readonly path: PathView;
  readonly heardMsAgo?: number;
  /** Ours that are up, and theirs as they say; undefined when they do not say. */
  readonly links: readonly LinkName[];
  readonly theirLinks: readonly LinkName[] | undefined;
  /** Kinds of links that both have. */
  readonly common: readonly string[] | undefined;
  /** The NAT in front of each, where others have told. */
  readonly boxHere?: Box;
  readonly boxThere?: Box;
  readonly why: string;
  /** When a direct path is tried again, as far as it is known. */
  readonly next: string | undefined;
  /** Who keeps this node in mind for others, and why those. */
  readonly served: string;
}

export async function explain(
  mesh: Mesh,
  peer: PeerReport,
  reports: readonly LinkReport[],
  boxesHere: readonly Box[],
): Promise<Explanation> {
  const links = reports.filter(({ state }) => state === 'up').map(({ kind, name }) => ({ kind, name }));
  const theirLinks = peer.status === 'online' ? await linksOf(mesh, peer.id) : undefined;
  const now = mesh.now();
  const path = viewPath(peer.path, now);
  const common = theirLinks && commonKinds(links, theirLinks);
  const boxesThere = (theirLinks ?? []).flatMap(({ box }) => box ?? []);
  const [boxHere, boxThere] = [mainBox(boxesHere), mainBox(boxesThere)];
  return {
    to: nameOf(peer),
    id: peer.id,
    status: peer.status,
    path,
    ...(peer.heardAt === undefined ? {} : { heardMsAgo: Math.max(0, now - peer.heardAt) }),
    links,
    theirLinks,
    common,
    ...(boxHere === undefined ? {} : { boxHere }),
    ...(boxThere === undefined ? {} : { boxThere }),
    ...reasonsOf(path, common, isRandom(boxesHere) && isRandom(boxesThere)),
    served: servedText(ownRole(mesh)),
  };
}

function servedText(own: RoleView): string {
  if (isServing(own)) return 'by itself: it is a supernode now';
  const { supernodes, wanted } = own;
  if (wanted === 0) return 'by nobody: it reaches everybody directly';
  const lack = supernodes.length < wanted ? `; ${wanted - supernodes.length} more is sought` : '';
  const names = supernodes.join(' and ') || 'nobody';
  return `by ${names}: elected, the best score first, by different first hops${lack}`;
}

/** A serial line is a cable to one peer: that both have one does not make it the same. */
function commonKinds(ours: readonly LinkName[], theirs: readonly LinkName[]): string[] {
  const kinds = new Set(ours.map(mediumOf));
  return [...new Set(theirs.map(mediumOf))].filter((kind) => kinds.has(kind)).sort();
}

/** 'serial (pipe)' is a serial line, too. */
function mediumOf({ kind }: LinkName): string {
  return kind.split(' ')[0] ?? kind;
}

type Reasons = Pick<Explanation, 'why' | 'next'>;

function reasonsOf(path: PathView, common: readonly string[] | undefined, areRandom: boolean): Reasons {
  if (path.kind === 'direct')
    return { why: 'the last authenticated packet came on that very link', next: undefined };
  switch (path.reason) {
    case 'validating':
      return {
        why: 'an address is known, and has not proved itself yet',
        next: 'now: it is being tried',
      };
    case 'silent':
      return {
        why: 'the direct path stopped answering',
        next: '5 s after it failed, then twice as long each time, up to 5 m; at once when it is heard',
      };
    case 'notContacted':
      return { why: 'nothing was sent to it yet', next: 'with the first request or ping' };
    case 'noRoute':
      return { why: 'nobody forwards to it', next: 'when a neighbor tells a route, or it is heard' };
    default:
      return notInCommon(path, common, areRandom);
  }
}

function notInCommon(path: PathView, common: readonly string[] | undefined, areRandom: boolean): Reasons {
  const next = 'when its address is heard on a link of ours; a beacon tells it within 32 s';
  if (common === undefined) return { why: 'no link of ours reaches it', next };
  if (common.length === 0) return { why: 'no kind of link in common', next: undefined };
  if (common.includes('udp')) return notThrough(path, areRandom);
  const kinds = common.join(' and ');
  return {
    why: `both have ${kinds}, and no address of it is known there: not the same line or network`,
    next,
  };
}

/** Both ends send at the same time, twice in the first seconds, and once more a minute later (SPEC §7.11). */
const FIRST_TRIES_MS = 10_000;
const LAST_TRY_MS = 70_000;

function notThrough({ sinceMsAgo }: PathView, areRandom: boolean): Reasons {
  if (areRandom) {
    return {
      why: 'both are behind NATs that give each destination a random port: neither can know where to send',
      next: 'none can succeed, until one of them is in another network',
    };
  }
  const why = 'both have udp, and nothing has got through a NAT or firewall in between yet';
  if (sinceMsAgo < FIRST_TRIES_MS) return { why, next: 'now: both ends send at the same time' };
  if (sinceMsAgo < LAST_TRY_MS) {
    return { why, next: `in about ${formatAge(LAST_TRY_MS - sinceMsAgo)}; at once when an address changes` };
  }
  return { why, next: 'none is due: all failed; at once when either is seen at another address' };
}
