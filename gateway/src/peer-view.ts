import type { Limited, PathReason } from '@fogwisp/protocol';
import type { Json } from './bridge/json.js';
import type { PathReport, PeerReport } from './mesh.js';
import { formatAge } from './text/units.js';

/** One peer as people and scripts are told: plain JSON, ages in place of instants of a private clock. */
export interface PeerView {
  readonly id: string;
  readonly name: string;
  readonly status: PeerReport['status'];
  readonly path: PathView;
  /** Asleep: until it means to be back; below 0 when it is late. */
  readonly dueInMs?: number;
  /** Since its last authenticated packet. */
  readonly heardMsAgo?: number;
  readonly reading?: ReadingView;
  /** The gateway that speaks for it on the broker, where there is one. */
  readonly bridgedBy?: string;
}

export interface PathView {
  readonly kind: PathReport['kind'];
  readonly link?: string;
  readonly linkName?: string;
  readonly via?: readonly string[];
  readonly hops?: number;
  /** Relayed by a supernode of this node: how much that forwards for it. */
  readonly limited?: Limited;
  readonly roundTripMs?: number;
  readonly sinceMsAgo: number;
  readonly verifiedMsAgo?: number;
  readonly reason?: PathReason;
}

export interface ReadingView {
  readonly topic: string;
  readonly value: Json;
  readonly msAgo: number;
}

export function viewPeer(report: PeerReport, now: number, reading: ReadingView | undefined): PeerView {
  const { id, name, status, path, heardAt, dueAt } = report;
  return {
    id,
    name,
    status,
    ...(dueAt === undefined ? {} : { dueInMs: dueAt - now }),
    path: viewPath(path, now),
    ...(heardAt === undefined ? {} : { heardMsAgo: Math.max(0, now - heardAt) }),
    ...(reading === undefined ? {} : { reading }),
  };
}

export function viewPath(path: PathReport, now: number): PathView {
  const { kind, link, via, hops, limited, roundTripMs, since, verifiedAt, reason } = path;
  return {
    kind,
    ...(link === undefined ? {} : { link: link.kind, linkName: link.name }),
    ...(via === undefined
      ? {}
      : { via: via.map((each) => (each.name === '' ? each.id.substring(0, 8) : each.name)) }),
    ...(hops === undefined ? {} : { hops }),
    ...(limited === undefined ? {} : { limited }),
    ...(roundTripMs === undefined ? {} : { roundTripMs }),
    sinceMsAgo: Math.max(0, now - since),
    ...(verifiedAt === undefined ? {} : { verifiedMsAgo: Math.max(0, now - verifiedAt) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** direct(lan), relayed(via hearth), unknown, none. */
export function pathText(path: PathView): string {
  switch (path.kind) {
    case 'direct':
      return `direct(${path.link ?? '?'})`;
    case 'relayed': {
      const via = path.via ?? [];
      return via.length === 0 ? 'relayed' : `relayed(via ${via.join(', ')})`;
    }
    default:
      return path.kind;
  }
}

export const REASONS: Record<PathReason, string> = {
  noCommonLink: 'no link reaches both',
  validating: 'an address is known and is being tried',
  silent: 'the direct path stopped answering',
  notContacted: 'nothing was sent to it yet',
  asymmetric: 'direct in one direction only',
  noRoute: 'nobody forwards to it',
};

/** Why a path is not direct; '' when it is. */
export function reasonText(path: PathView): string {
  if (path.kind === 'direct' || path.reason === undefined) return '';
  return REASONS[path.reason];
}

/** '' unless it sleeps. */
export function sleepText({ status, dueInMs = 0 }: Pick<PeerView, 'status' | 'dueInMs'>): string {
  if (status !== 'asleep') return '';
  return dueInMs < 0 ? `late by ${formatAge(-dueInMs)}` : `due in ${formatAge(dueInMs)}`;
}

export function nameOf(peer: { readonly id: string; readonly name: string }): string {
  return peer.name === '' ? peer.id.substring(0, 8) : peer.name;
}
