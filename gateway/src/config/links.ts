import { BAUD_RATE_DEFAULT, FOG_PORT, type LinkConfig } from './config.js';
import type { ConfigCursor } from './cursor.js';
import { isHostPort, type StationConfig, stationOf, withStations, withWaysIn } from './stations.js';

const PORT_MAX = 65_535;

/** `links:` with one key per kind of link. */
export function readLinks(links: ConfigCursor): readonly LinkConfig[] {
  const fields = links.fields(['connect', 'bootstrap', 'lan', 'udp', 'tcp', 'serial'] as const);
  const named = [
    ...read(fields.get('lan'), readLan),
    ...read(fields.get('udp'), readUdp),
    ...read(fields.get('tcp'), readTcp),
    ...read(fields.get('serial'), readSerialPorts),
  ];
  const connect = fields.get('connect');
  const greeting = connect === undefined ? named : withStations(named, stations(connect));
  const bootstrap = fields.get('bootstrap');
  return bootstrap === undefined ? greeting : withWaysIn(greeting, bootstraps(bootstrap), 'bootstrap');
}

function read(field: ConfigCursor | undefined, reader: (field: ConfigCursor) => LinkConfig[]): LinkConfig[] {
  return field === undefined ? [] : reader(field);
}

function readLan(field: ConfigCursor): LinkConfig[] {
  if (field.isFlag) return field.flag() === true ? [{ kind: 'lan', loopbackOnly: false }] : [];
  const fields = field.fields(['interfaces', 'port', 'loopbackOnly', 'mdns'] as const);
  const interfaces = fields.get('interfaces');
  return [
    {
      kind: 'lan',
      interfaces: interfaces === undefined ? undefined : texts(interfaces, '[eth0, wlan0]', 'eth0'),
      port: fields.get('port')?.integer(1, PORT_MAX),
      loopbackOnly: fields.get('loopbackOnly')?.flag() ?? false,
      mdns: fields.get('mdns')?.flag(),
    },
  ];
}

function readUdp(field: ConfigCursor): LinkConfig[] {
  if (field.isFlag) return field.flag() === true ? [{ kind: 'udp', port: FOG_PORT, connect: [] }] : [];
  const fields = field.fields(['bind', 'port', 'connect', 'portMapping'] as const);
  const connect = fields.get('connect');
  const portMapping = fields.get('portMapping')?.flag();
  return [
    {
      kind: 'udp',
      bind: fields.get('bind')?.text('0.0.0.0'),
      port: fields.get('port')?.integer(0, PORT_MAX) ?? FOG_PORT,
      connect: connect === undefined ? [] : addresses(connect),
      ...(portMapping === undefined ? {} : { portMapping }),
    },
  ];
}

function readTcp(field: ConfigCursor): LinkConfig[] {
  const fields = field.fields(['bind', 'listen', 'connect'] as const);
  const port = fields.get('listen')?.integer(0, PORT_MAX);
  const connect = fields.get('connect');
  const dials = connect === undefined ? [] : addresses(connect);
  const links: LinkConfig[] = dials.map((address) => ({ kind: 'tcpDial', address, isStandby: false }));
  if (port !== undefined)
    links.unshift({ kind: 'tcpListen', bind: fields.get('bind')?.text('0.0.0.0'), port });
  if (links.length === 0) field.fault(`"${field.path}" needs listen: PORT, or connect: [HOST:PORT]`);
  return links;
}

function readSerialPorts(field: ConfigCursor): LinkConfig[] {
  if (!field.isList) return readSerial(field);
  return field.list('[/dev/ttyUSB0]').flatMap(readSerial);
}

function readSerial(field: ConfigCursor): LinkConfig[] {
  if (!field.isMap) return serial(field.text('/dev/ttyUSB0'), undefined);
  const fields = field.fields(['path', 'baudRate'] as const);
  const path = fields.get('path');
  if (path === undefined) field.fault(`"${field.path}" needs path: /dev/...`);
  return serial(path?.text('/dev/ttyUSB0'), fields.get('baudRate')?.integer(300, 4_000_000));
}

function serial(path: string | undefined, baudRate: number | undefined): LinkConfig[] {
  return path === undefined ? [] : [{ kind: 'serial', path, baudRate: baudRate ?? BAUD_RATE_DEFAULT }];
}

function addresses(field: ConfigCursor): string[] {
  const items = field.isList ? field.list('[192.168.1.20:4747]') : [field];
  return items.flatMap((item) => {
    const address = item.text('192.168.1.20:4747');
    if (address === undefined) return [];
    if (isHostPort(address)) return [address];
    item.fault(`"${address}" is not HOST:PORT, such as 192.168.1.20:4747 or [fe80::1]:4747`);
    return [];
  });
}

function stations(field: ConfigCursor): StationConfig[] {
  const items = field.isList ? field.list('[relay.example:4747]') : [field];
  return items.flatMap((item) => {
    const text = item.text('relay.example:4747');
    if (text === undefined) return [];
    const station = stationOf(text);
    if (station !== undefined) return [station];
    item.fault(`"${text}" is not HOST:PORT; udp:// or tcp:// before it leaves the other out`);
    return [];
  });
}

/** Never by TCP alone: that would be dialled all the time. */
function bootstraps(field: ConfigCursor): StationConfig[] {
  return stations(field).filter(({ media, address }) => {
    if (media.includes('udp')) return true;
    field.fault(`"tcp://${address}" is no bootstrap by itself: write ${address}, which is by UDP and TCP`);
    return false;
  });
}

function texts(field: ConfigCursor, listExample: string, example: string): string[] {
  return field.list(listExample).flatMap((item) => item.text(example) ?? []);
}
