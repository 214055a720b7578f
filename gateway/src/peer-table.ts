import type { Json } from './bridge/json.js';
import { nameOf, type PeerView, pathText, type ReadingView, reasonText, sleepText } from './peer-view.js';
import type { Paint, Tone } from './text/style.js';
import { type Cell, type Column, cell, renderTable } from './text/table.js';
import { formatAge, formatRoundTrip } from './text/units.js';

export const PEER_COLUMNS: readonly Column[] = [
  { title: 'PEER' },
  { title: 'PATH' },
  { title: 'RTT', align: 'right' },
  { title: 'LAST READING' },
  { title: 'AGE', align: 'right' },
  { title: 'WHY NOT DIRECT' },
];

export function peerTable(peers: readonly PeerView[], paint: Paint, width?: number): string[] {
  if (peers.length === 0) return ['no peer yet: is one on the same network text, and on a common link?'];
  return renderTable(
    PEER_COLUMNS,
    peers.map((peer) => peerRow(peer)),
    paint,
    width,
  );
}

export function peerRow(peer: PeerView, textOf: (reading: ReadingView) => string = plainReading): Cell[] {
  const { path, reading, status } = peer;
  const isOnline = status === 'online';
  return [
    cell(nameOf(peer), isOnline ? 'strong' : 'faint'),
    cell(isOnline ? pathText(path) : absentText(peer), toneOf(peer)),
    cell(path.roundTripMs === undefined ? '-' : formatRoundTrip(path.roundTripMs)),
    cell(reading === undefined ? '-' : textOf(reading)),
    ageCell(reading?.msAgo ?? peer.heardMsAgo),
    cell(status === 'asleep' ? sleepText(peer) : reasonText(path), 'faint'),
  ];
}

function absentText({ path, status }: PeerView): string {
  if (status === 'asleep') return status;
  return status === 'offline' ? `${pathText(path)} (offline)` : pathText(path);
}

function plainReading(reading: ReadingView): string {
  return `${reading.topic} ${valueText(reading.value)}`;
}

export function toneOf(peer: PeerView): Tone {
  if (peer.status === 'offline') return 'bad';
  if (peer.status === 'asleep') return 'faint';
  if (peer.path.kind === 'direct') return 'good';
  return peer.path.kind === 'relayed' ? 'warn' : 'faint';
}

/** Older than any peer of ours leaves between two readings. */
const STALE_MS = 30_000;

function ageCell(ms: number | undefined): Cell {
  return ms === undefined ? cell('-') : cell(formatAge(ms), ms > STALE_MS ? 'warn' : 'plain');
}

const VALUE_TEXT_MAX = 24;

export function valueText(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= VALUE_TEXT_MAX ? text : `${text.substring(0, VALUE_TEXT_MAX - 1)}…`;
}
