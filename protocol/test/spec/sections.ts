import { ROLE_NEXT } from '../../src/election/doors.js';
import type { Limits } from '../../src/limits.js';
import { BOARD_LIMITS, PI_LIMITS } from '../../src/limits.js';
import { FIRST_BYTES } from '../../src/packet/first-byte.js';
import {
  FIELD_TYPES,
  type FieldType,
  MESSAGES,
  type MessageRow,
  ROUTE_FIELDS,
} from '../../src/packet/message-table.js';
import { PATH_NEXT } from '../../src/path/path.js';
import { NEIGHBOR_NEXT } from '../../src/routing/neighbor.js';
import { ROUTE_NEXT } from '../../src/routing/route.js';
import { ATTEMPT_NEXT } from '../../src/traversal/attempt.js';
import handshakes from '../../vectors/handshake.json' with { type: 'json' };
import vectors from '../../vectors/packet.json' with { type: 'json' };

/** What SPEC.md contains between its markers, by the name in the marker. */
export function generatedSections(): ReadonlyMap<string, string> {
  return new Map([
    ['first bytes', firstBytes()],
    ['message table', messageTable()],
    ['cddl', cddl()],
    ['path states', states(PATH_NEXT)],
    ['attempt states', states(ATTEMPT_NEXT)],
    ['neighbor states', states(NEIGHBOR_NEXT)],
    ['route states', states(ROUTE_NEXT)],
    ['role states', states(ROLE_NEXT)],
    ['limits', limits()],
    ['handshake', handshake()],
    ['examples', examples()],
  ]);
}

type Fields = readonly (readonly [string, FieldType])[];

function firstBytes(): string {
  const rows = FIRST_BYTES.map(({ first, last, title }) => {
    const range = first === last ? byte(first) : `${byte(first)}-${byte(last)}`;
    return `| ${range} | ${title} |`;
  });
  return ['| first byte | packet |', '|---|---|', ...rows].join('\n');
}

function messageTable(): string {
  const rows = MESSAGES.map((row: MessageRow) => {
    const fields = row.fields.map(([name]) => name).join(', ');
    const type = row.control === undefined ? `${row.type}` : `${row.type} ${row.control}`;
    return `| ${type} | ${row.kind} | ${fields} | ${row.delivery} |`;
  });
  return ['| type | message | fields | delivery |', '|---|---|---|---|', ...rows].join('\n');
}

function cddl(): string {
  const messages = MESSAGES.map((row: MessageRow) => {
    const numbers = row.control === undefined ? `${row.type}` : `${row.type}, ${row.control}`;
    return `${row.kind} = (${[numbers, ...namedFields(row.fields)].join(', ')})`;
  });
  const alone = MESSAGES.filter((row) => row.delivery !== 'reliable' && row.kind !== 'reliable');
  const numbered = MESSAGES.filter((row) => row.delivery !== 'datagram');
  const types = Object.keys(FIELD_TYPES).map((name) => `${name} = ${cddlType(name as FieldType)}`);
  const lines = [
    'packet-body = bytes .cborseq [0*256 unit]',
    `unit = (${alone.map((row) => row.kind).join(' // ')} //`,
    `  reliable, (${numbered.map((row) => row.kind).join(' // ')}))`,
    '',
    ...messages,
    '',
    `route = (${namedFields(ROUTE_FIELDS).join(', ')})`,
    ...types,
  ];
  return ['```cddl', ...lines.flatMap((line) => wrapped(line)), '```'].join('\n');
}

function namedFields(fields: Fields): readonly string[] {
  return fields.map(([name, type]) => `${name}: ${type}`);
}

function cddlType(type: FieldType): string {
  const field = FIELD_TYPES[type];
  switch (field.shape) {
    case 'uint':
      return `0..${field.max}`;
    case 'bytes':
      return `bytes .size ${field.min === field.max ? field.min : `(${field.min}..${field.max})`}`;
    case 'text':
      return `text .size (0..${field.max})`;
    case 'target':
      return 'path / u16 / [alias: u16, path: path]';
    case 'routes':
      return `[0*${field.max} route]`;
    case 'uints':
      return `[0*${field.max} 0..${field.each}]`;
  }
}

/** One arrow for each state, in the order of the table. */
function states(next: Readonly<Record<string, readonly string[]>>): string {
  const width = Math.max(...Object.keys(next).map((state) => state.length));
  const rows = Object.entries(next).map(([from, to]) => {
    return `${from.padEnd(width)} -> ${to.length === 0 ? '(for ever)' : to.join(' | ')}`;
  });
  return ['```', ...rows, '```'].join('\n');
}

/** What each bound is of, and the section that it belongs to. */
const BOUNDED: Readonly<Record<keyof Limits, string>> = {
  sessionCountMax: 'sessions with other nodes',
  provisionalCountMax: 'sessions that no packet has opened yet (§7.2)',
  dhPerSecondMax: 'DH operations for strangers, and as many for those with a proof (§7.3)',
  neighborCountMax: 'neighbors (§8.2)',
  routeCountMax: 'destinations (§8.3)',
  labelCountMax: 'labels for each neighbor and direction (§8.4)',
  relayBytesMax: 'bytes that wait for a neighbor on a slow link (§8.11)',
  relayBytesPerSecondMax: 'bytes relayed for one source (§8.11)',
  recordCountMax: 'records of other nodes (§9.3)',
  messageBytesMax: 'bytes of a request, answer or publication',
  sendQueueMax: 'messages that wait for one peer (§7.9)',
  receiveWindow: 'units ahead of a gap (§7.9); above 64 the replay window is 256 (§7.5)',
  subscriptionCountMax: 'subscriptions by and from each peer, and last values (§9.2)',
  requestCountMax: 'requests under way, own ones and those of others (§9.1)',
  indexCountMax: 'records kept for others (§9.6); 0: none',
  reservationCountMax: 'reservations granted (§8.8); 0: never a supernode',
  mailboxCountMax: 'nodes that sleep, whose mail is kept (§8.12); 0: for nobody',
  mailboxBytesMax: 'bytes of letters in each of these boxes (§8.12)',
};

function limits(): string {
  const names = Object.keys(PI_LIMITS) as (keyof Limits)[];
  const rows = names.map(
    (name) => `| ${name} | ${BOUNDED[name]} | ${PI_LIMITS[name]} | ${BOARD_LIMITS[name]} |`,
  );
  return ['| bound | of | Raspberry Pi | ESP32 |', '|---|---|---|---|', ...rows].join('\n');
}

function examples(): string {
  const messages = vectors.messages.map(({ name, hex }) => example(name, hex));
  const forward = vectors.forward.map(({ kind, hex }) => example(`${kind} frame`, hex));
  const clear = [
    ...vectors.beacon.map(({ hex }) => example('BEACON', hex)),
    ...vectors.h1.map(({ name, hex }) => example(`H1, ${name}`, hex)),
    ...vectors.retry.map(({ hex }) => example('RETRY', hex)),
    ...vectors.probe.map(({ name, hex }) => example(`PROBE, ${name}`, hex)),
    ...vectors.session.map(({ name, header }) => example(`session header, ${name}`, header)),
  ];
  return ['```', ...clear, ...forward, ...messages, '```'].join('\n');
}

function handshake(): string {
  const { networkKey, networkId, initiator, responder } = handshakes;
  const [kk] = handshakes.handshakes;
  if (kk === undefined) return '';
  const [h1 = '', h2 = ''] = kk.packets;
  const lines = [
    example('network key, network id', [networkKey, networkId]),
    example('initiator: seed, public key, node id', [initiator.seed, initiator.publicKey, initiator.id]),
    example('responder: seed, public key, node id', [responder.seed, responder.publicKey, responder.id]),
    example('initiator: ephemeral secret, e', [initiator.ephemeralSecret, initiator.ephemeral]),
    example('responder: ephemeral secret, e', [responder.ephemeralSecret, responder.ephemeral]),
    example('H1', [h1]),
    example('H2', [h2]),
    ...Object.entries(kk.keys).map(([name, key]) => example(name, [key])),
    example('body of a session packet: publish, alias 3, 20 bytes', [kk.body]),
    example('from the initiator, counter 0', [kk.first]),
    example('from the responder, counter 0, on a short link', [kk.back]),
  ];
  return ['```', ...lines, '```'].join('\n');
}

/** Fields apart, 32 bytes at most in one piece, pieces on lines that can be read. */
function example(title: string, fields: readonly string[]): string {
  const pieces = fields.flatMap((field) => field.match(/.{1,64}/g) ?? []);
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= 100)
      lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(`    ${piece}`);
  }
  return [title, ...(lines.length === 0 ? ['    (empty)'] : lines)].join('\n');
}

function byte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

/** Breaks a rule of CDDL between its parts. */
function wrapped(line: string): readonly string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > 110) {
    const at = Math.max(rest.lastIndexOf(' // ', 106), rest.lastIndexOf(', ', 108));
    const cut = rest.charAt(at) === ',' ? at + 1 : at + 3;
    lines.push(rest.substring(0, cut));
    rest = `    ${rest.substring(cut).trim()}`;
  }
  return [...lines, rest];
}
