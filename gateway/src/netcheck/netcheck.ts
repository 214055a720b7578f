import type { PortMappingReport } from '@fogwisp/firmware-shim/node';
import type { BrokerReport } from '../bridge/broker-client.js';
import type { HeardReport } from '../links/links.js';
import type { LinkReport } from '../links/observed-link.js';
import type { StationReport } from '../links/station-watch.js';
import type { PeerView } from '../peer-view.js';
import { reasonText } from '../peer-view.js';
import { formatAge } from '../text/units.js';
import type { CheckLine } from './line.js';
import { mappingLine } from './mapping-line.js';
import { type SeenLink, seenLine, strangersLine } from './seen-line.js';

/** Everything that a gateway knows of its network without asking anybody. */
export interface NetFacts {
  readonly links: readonly LinkReport[];
  readonly stations: readonly StationReport[];
  readonly heard: readonly HeardReport[];
  /** The UDP links. */
  readonly seen: readonly SeenLink[];
  /** Of the UDP links, in the same order. */
  readonly mappings: readonly PortMappingReport[];
  /** On the clock of those. */
  readonly now: number;
  /** Addresses of this machine that others may reach, by family. */
  readonly addresses: { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] };
  readonly peers: readonly PeerView[];
  readonly broker: BrokerReport | undefined;
}

/** Longer than any peer that is there keeps silent on a link of its own. */
const FRESH_MS = 150_000;
/** A greeting is repeated; so many without an answer are no accident. */
const UNANSWERED_PACKETS = 3;

/** What is known, each with its evidence: nothing is guessed, and what nobody has tried is unknown. */
export function netcheck(facts: NetFacts): readonly CheckLine[] {
  const lines = [
    ...linkLines(facts),
    ...facts.stations.map(stationLine),
    udpLine(facts),
    tcpLine(facts),
    ...facts.seen.flatMap((seen, i) => natLines(seen, facts.mappings[i], facts.now)),
    ipv6Line(facts),
    lanLine(facts),
    pathLine(facts),
    brokerLine(facts),
  ];
  return lines.map((line) => ({ ...line, ageMs: line.ageMs ?? 0 }));
}

function natLines(seen: SeenLink, mapping: PortMappingReport | undefined, now: number): CheckLine[] {
  const asked = mapping === undefined ? [] : [mappingLine(seen, mapping, now)];
  return [seenLine(seen), strangersLine(seen), ...asked];
}

function linkLines({ links }: NetFacts): CheckLine[] {
  if (links.length === 0) {
    return [{ state: 'fail', check: 'links', evidence: 'there is none', next: 'name some below "links:"' }];
  }
  return links.map(({ kind, name, state, reason }) => {
    const check = `link ${kind} ${name}`.trim();
    if (state === 'up') return { state: 'ok', check, evidence: 'up' };
    if (state === 'opening') return { state: 'unknown', check, evidence: 'it is being opened' };
    return { state: 'fail', check, evidence: reason ?? 'down' };
  });
}

function stationLine(station: StationReport): CheckLine {
  const { medium, address, state, sentPackets, waitedMs, heardMsAgo, reason } = station;
  const check = `${medium} ${address}`;
  const age = heardMsAgo === undefined ? {} : { ageMs: heardMsAgo };
  switch (state) {
    case 'unresolved':
      return { state: 'fail', check, evidence: 'the name has no address', next: 'correct the name' };
    case 'down':
      return { state: 'fail', check, evidence: reason ?? 'not connected' };
    case 'standby':
      return { state: 'n/a', check, evidence: 'not dialled, as UDP works' };
    case 'heard':
      if (medium === 'tcp') return { state: 'ok', check, evidence: 'connected', ...age };
      if ((heardMsAgo ?? 0) > FRESH_MS) return { state: 'warn', check, evidence: 'silent since', ...age };
      return { state: 'ok', check, evidence: 'packets come from it', ...age };
    default: {
      const evidence = `${sentPackets} packets to it in ${formatAge(waitedMs)}, none came back`;
      if (sentPackets < UNANSWERED_PACKETS) return { state: 'unknown', check, evidence };
      const next = 'a firewall drops UDP, or nobody is there: see the line of TCP to it';
      return { state: 'fail', check, evidence, next };
    }
  }
}

/** Whether UDP gets out at all: what decides between a direct path and a relay for ever. */
function udpLine({ stations }: NetFacts): CheckLine {
  const check = 'udp to outside';
  const udp = stations.filter(({ medium }) => medium === 'udp');
  const isHeard = (station: StationReport) => station.state === 'heard';
  if (udp.length === 0) return { state: 'n/a', check, evidence: 'no station is greeted by UDP' };
  const heard = udp.filter(isHeard);
  if (heard.length > 0) {
    const ageMs = Math.min(...heard.map(({ heardMsAgo = 0 }) => heardMsAgo));
    return { state: 'ok', check, evidence: `${heard.length} of ${udp.length} stations answered`, ageMs };
  }
  if (udp.every(({ sentPackets }) => sentPackets < UNANSWERED_PACKETS)) {
    return { state: 'unknown', check, evidence: 'nobody has answered yet' };
  }
  const isTcpThere = stations.some((station) => station.medium === 'tcp' && isHeard(station));
  if (!isTcpThere) return { state: 'fail', check, evidence: 'no station answers, by TCP neither' };
  return {
    state: 'warn',
    check,
    evidence: 'stations answer by TCP and not by UDP: this network drops it',
    next: 'paths to peers elsewhere stay relayed; allow outgoing UDP to change that',
  };
}

/** What reaches a relay where UDP does not. */
function tcpLine({ stations }: NetFacts): CheckLine {
  const check = 'tcp to outside';
  const tcp = stations.filter(({ medium }) => medium === 'tcp');
  if (tcp.length === 0) return { state: 'n/a', check, evidence: 'no station is dialled' };
  const heard = tcp.filter(({ state }) => state === 'heard');
  if (heard.length > 0) {
    const ageMs = Math.min(...heard.map(({ heardMsAgo = 0 }) => heardMsAgo));
    return { state: 'ok', check, evidence: `${heard.length} of ${tcp.length} stations connected`, ageMs };
  }
  const standby = tcp.filter(({ state }) => state === 'standby');
  if (standby.length > 0) return { state: 'n/a', check, evidence: 'not tried, as UDP works' };
  if (tcp.some(({ state }) => state === 'waiting')) {
    return { state: 'unknown', check, evidence: 'nobody has answered yet' };
  }
  const [reason = 'not connected'] = tcp.flatMap((each) => each.reason ?? []);
  const next = 'a firewall may leave only some ports open, such as 443: have a station listen there';
  return { state: 'fail', check, evidence: `no station answers: ${reason}`, next };
}

function ipv6Line({ addresses, heard }: NetFacts): CheckLine {
  const check = 'ipv6';
  const ages = heard.flatMap(({ msAgo6 }) => msAgo6 ?? []);
  if (ages.length > 0)
    return { state: 'ok', check, evidence: 'packets come by it', ageMs: Math.min(...ages) };
  const [address] = addresses.ipv6;
  if (address === undefined) return { state: 'n/a', check, evidence: 'no interface has an address of it' };
  return { state: 'unknown', check, evidence: `this machine is ${address}; no packet has come by it yet` };
}

function lanLine({ links, heard }: NetFacts): CheckLine {
  const check = 'lan multicast';
  if (!links.some(({ kind }) => kind === 'lan'))
    return { state: 'n/a', check, evidence: 'there is no lan link' };
  const ages = heard.flatMap(({ kind, msAgo }) => (kind === 'lan' ? (msAgo ?? []) : []));
  if (ages.length > 0) return { state: 'ok', check, evidence: 'others are heard', ageMs: Math.min(...ages) };
  return {
    state: 'unknown',
    check,
    evidence: 'nobody was heard: there may be nobody, or the network keeps them apart',
    next: 'guest networks do that; where beacons are lost, mdns or a named address may help',
  };
}

function pathLine({ peers }: NetFacts): CheckLine {
  const check = 'paths';
  const online = peers.filter(({ status }) => status === 'online');
  if (online.length === 0) return { state: 'unknown', check, evidence: 'no peer is online' };
  const relayed = online.filter(({ path }) => path.kind === 'relayed');
  const direct = online.filter(({ path }) => path.kind === 'direct').length;
  const evidence = `${direct} of ${online.length} peers direct, ${relayed.length} relayed`;
  if (relayed.length === 0) return { state: 'ok', check, evidence };
  const reasons = [...new Set(relayed.map(({ path }) => reasonText(path)).filter((text) => text !== ''))];
  return {
    state: 'warn',
    check,
    evidence: [evidence, ...reasons].join('; '),
    next: '`fogwisp peers` has each',
  };
}

function brokerLine({ broker }: NetFacts): CheckLine {
  if (broker === undefined) return { state: 'n/a', check: 'broker', evidence: 'there is none' };
  const { url, state, version, reason } = broker;
  const check = `broker ${url}`;
  if (state === 'online') return { state: 'ok', check, evidence: `online, MQTT ${version ?? '?'}` };
  return { state: 'fail', check, evidence: reason ?? state };
}
