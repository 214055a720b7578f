import { isIPv4 } from 'node:net';
import type { Answer, Question } from 'dns-packet';

/** DNS-SD (RFC 6763) over mDNS (RFC 6762): what a station says of itself, and what is read of others. */
const MDNS_SERVICE = '_fogwisp._udp.local';
const SERVICES = '_services._dns-sd._udp.local';

/** As RFC 6762 §10 wants them: two minutes for what has an address in it, 75 minutes for the rest. */
const HOST_TTL_S = 120;
const OTHER_TTL_S = 4500;

/** Stations read from one packet; ours say one each. */
const STATIONS_PER_PACKET_MAX = 8;

/** Digits of the network id that are told: enough to leave strangers alone, and no key can be had of them. */
export const NETWORK_DIGITS = 8;

export interface MdnsService {
  /** Unique on the network: its instance and its host are named so. */
  readonly label: string;
  readonly address: string;
  readonly port: number;
  /** The first digits of the network id. */
  readonly network: string;
}

/** What one packet says of a station. `foreign`: of another network. */
export type Heard =
  | { readonly kind: 'station'; readonly port: number; readonly addresses: readonly string[] }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'junk' };

/** Who is there? We are; so that our own responder, which hears this too, need not say so. */
export function questionOf(service: MdnsService): { questions: Question[]; answers: Answer[] } {
  const answers = ownRecords(service).filter((record) => record.type === 'PTR');
  return { questions: [{ name: MDNS_SERVICE, type: 'PTR' }], answers };
}

/** Everything in one packet, as nobody needs a part of it. */
export function recordsOf(service: MdnsService): Answer[] {
  const type = { name: SERVICES, type: 'PTR', ttl: OTHER_TTL_S, data: MDNS_SERVICE } as const;
  return [...ownRecords(service), type];
}

/** The same with no time left, less what others say as well. */
export function goodbyeOf(service: MdnsService): Answer[] {
  return ownRecords(service).map((record) => ({ ...record, ttl: 0 }));
}

function ownRecords({ label, address, port, network }: MdnsService): Answer[] {
  const instance = `${label}.${MDNS_SERVICE}`;
  const host = `${label}.local`;
  const family = isIPv4(address) ? 'A' : 'AAAA';
  return [
    { name: MDNS_SERVICE, type: 'PTR', ttl: OTHER_TTL_S, data: instance },
    { name: instance, type: 'SRV', ttl: HOST_TTL_S, flush: true, data: { port, target: host } },
    { name: instance, type: 'TXT', ttl: OTHER_TTL_S, flush: true, data: [`net=${network}`] },
    { name: host, type: family, ttl: HOST_TTL_S, flush: true, data: withoutScope(address) },
  ];
}

/** Whether a question is one that `recordsOf` answers. */
export function isAsked(question: { readonly name: string; readonly type: string }, label: string): boolean {
  const name = question.name.toLowerCase();
  if (name === MDNS_SERVICE || name === SERVICES) return isOneOf(question.type, ['PTR', 'ANY']);
  if (name === `${label}.${MDNS_SERVICE}`) return isOneOf(question.type, ['SRV', 'TXT', 'ANY']);
  return name === `${label}.local` && isOneOf(question.type, ['A', 'AAAA', 'ANY']);
}

/** Whether the asker says that it knows us already, for half of the time at least (RFC 6762 §7.1). */
export function isKnown(records: readonly Answer[], label: string): boolean {
  const instance = `${label}.${MDNS_SERVICE}`;
  return records.some(
    (record) =>
      record.type === 'PTR' && record.data.toLowerCase() === instance && (record.ttl ?? 0) >= OTHER_TTL_S / 2,
  );
}

/** Reads what a response says of stations; goodbyes say nothing, as only a session knows who is there. */
export function readStations(records: readonly Answer[], network: string): Heard[] {
  const heard: Heard[] = [];
  for (const record of records) {
    if (heard.length >= STATIONS_PER_PACKET_MAX) break;
    if (record.type !== 'SRV' || record.ttl === 0) continue;
    const instance = record.name.toLowerCase();
    if (instance.endsWith(`.${MDNS_SERVICE}`))
      heard.push(readStation(records, instance, record.data, network));
  }
  return heard;
}

function readStation(
  records: readonly Answer[],
  instance: string,
  { port, target }: { readonly port: number; readonly target: string },
  network: string,
): Heard {
  let theirs: string | undefined;
  const addresses: string[] = [];
  const host = target.toLowerCase();
  for (const record of records) {
    const name = 'name' in record ? record.name.toLowerCase() : '';
    if (record.type === 'TXT' && name === instance) theirs = networkIn(record.data) ?? theirs;
    const isAddress = record.type === 'A' || record.type === 'AAAA';
    if (isAddress && name === host) addresses.push(record.data);
  }
  if (theirs === undefined || port === 0) return { kind: 'junk' };
  return theirs === network ? { kind: 'station', port, addresses } : { kind: 'foreign' };
}

/** Of `net=1a2b3c4d`, in any case. */
function networkIn(data: string | Buffer | readonly (string | Buffer)[]): string | undefined {
  const entries = typeof data === 'string' || Buffer.isBuffer(data) ? [data] : data;
  for (const entry of entries) {
    const [, digits] = /^net=([0-9a-f]{8})$/i.exec(entry.toString()) ?? [];
    if (digits !== undefined) return digits.toLowerCase();
  }
  return undefined;
}

function isOneOf(type: string, types: readonly string[]): boolean {
  return types.includes(type);
}

function withoutScope(address: string): string {
  return address.split('%')[0] ?? address;
}
