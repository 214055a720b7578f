import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONFIG_DEFAULT, type GatewayConfig } from '../src/config/config.js';
import { faultLines, parseConfig } from '../src/config/parse.js';

function good(text: string): GatewayConfig {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(faultLines('test.yaml', parsed.faults).join('\n'));
  return parsed.config;
}

function bad(text: string): string[] {
  const parsed = parseConfig(text);
  return parsed.ok ? [] : faultLines('f.yaml', parsed.faults);
}

describe('a configuration file', () => {
  it('may be empty: a gateway on the local network with a broker of its own', () => {
    expect(good('')).toEqual(CONFIG_DEFAULT);
    expect(good('# nothing yet\n')).toEqual(CONFIG_DEFAULT);
  });

  it('names every serial port, LAN, UDP and TCP address', () => {
    const { links } = good(`
links:
  lan: { interfaces: [eth0], port: 5000, mdns: true }
  udp: { bind: 0.0.0.0, port: 5001, connect: [shed.local:5001, "[fe80::1]:5001"] }
  tcp: { listen: 443, connect: [10.0.0.9:443] }
  serial:
    - /dev/ttyUSB0
    - { path: /dev/ttyACM0, baudRate: 57600 }
`);
    expect(links).toEqual([
      { kind: 'lan', interfaces: ['eth0'], port: 5000, loopbackOnly: false, mdns: true },
      { kind: 'udp', bind: '0.0.0.0', port: 5001, connect: ['shed.local:5001', '[fe80::1]:5001'] },
      { kind: 'tcpListen', bind: undefined, port: 443 },
      { kind: 'tcpDial', address: '10.0.0.9:443' },
      { kind: 'serial', path: '/dev/ttyUSB0', baudRate: 115200 },
      { kind: 'serial', path: '/dev/ttyACM0', baudRate: 57600 },
    ]);
  });

  it('takes short forms', () => {
    expect(
      good('links: { lan: true, serial: /dev/ttyUSB0, udp: true }').links.map((link) => link.kind),
    ).toEqual(['lan', 'udp', 'serial']);
    expect(good('links: { lan: false }').links).toEqual([]);
    expect(good('network: { file: home.key }').network).toBe('home.key');
  });

  it('chooses the broker', () => {
    const theirs = good(
      'mqtt: { broker: "mqtt://box:1883", username: me, password: secret, base: home/fog, raw: true }',
    );
    expect(theirs.mqtt).toMatchObject({
      broker: { kind: 'url', url: 'mqtt://box:1883' },
      base: 'home/fog',
      raw: true,
    });
    expect(good('mqtt: { broker: none }').mqtt.broker).toEqual({ kind: 'none' });
    const ours = { kind: 'embedded', bind: '127.0.0.1', port: 1999, isPortFixed: true };
    expect(good('mqtt: { broker: embedded, port: 1999 }').mqtt.broker).toEqual(ours);
  });
});

describe('the example', () => {
  it('is good, and has every kind of link', () => {
    const config = good(readFileSync(new URL('../fogwisp.example.yaml', import.meta.url), 'utf8'));
    const kinds = ['lan', 'udp', 'tcpListen', 'tcpDial', 'serial', 'serial'];
    expect(config.links.map((link) => link.kind)).toEqual(kinds);
    expect(config).toMatchObject({
      name: 'hearth',
      share: true,
      mqtt: { base: 'fog', queueMessagesMax: 10_000 },
    });
  });
});

describe('a mistake in a configuration file', () => {
  it('is told by line and column with the key that was meant', () => {
    expect(bad('links:\n  serail: /dev/ttyUSB0\n')).toEqual([
      'f.yaml:2:3: unknown key "serail" in "links"; did you mean "serial"?',
    ]);
    expect(bad('mqtt:\n  raw: true\n  brokr: none\n')).toEqual([
      'f.yaml:3:3: unknown key "brokr" in "mqtt"; did you mean "broker"?',
    ]);
  });

  it('lists what is known when nothing is near', () => {
    expect(bad('colour: red')).toEqual([
      'f.yaml:1:1: unknown key "colour"; known here: name, network, state, socket, links, mqtt, share',
    ]);
  });

  it('does not hide the others', () => {
    expect(bad('nmae: x\nlinks:\n  udp: { port: 70000 }\nshare: perhaps\n')).toEqual([
      'f.yaml:1:1: unknown key "nmae"; did you mean "name"?',
      'f.yaml:3:16: "links.udp.port" must be a whole number from 0 to 65535',
      'f.yaml:4:8: "share" must be true or false',
    ]);
  });

  it('is found in what YAML itself refuses', () => {
    expect(bad('links: [')[0]).toMatch(/^f\.yaml:1:\d+: /);
    expect(bad('name: a\nname: b\n')[0]).toMatch(/^f\.yaml:2:1: .*unique/);
  });

  it.each([
    ['name: "Attic Room"', '"name" must be 1 to 32 of a-z'],
    ['network: secret', '"network" must start with fog1-'],
    ['links: { udp: { connect: [nowhere] } }', '"nowhere" is not HOST:PORT'],
    ['links: { tcp: {} }', '"links.tcp" needs listen: PORT'],
    ['links: { serial: { baudRate: 9600 } }', '"links.serial" needs path'],
    ['mqtt: { broker: "http://box" }', '"mqtt.broker" must be embedded, none, or mqtt://'],
    ['mqtt: { broker: embedded, bind: 0.0.0.0 }', 'needs "username" and "password"'],
    ['mqtt: { broker: "mqtt://box", port: 1884 }', '"mqtt.port" belongs to broker: embedded'],
    ['mqtt: { base: "fog/#" }', '"mqtt.base" must be a topic'],
    ['- a list', 'the file must be a map'],
    ['name: &n x\nstate: *n', 'aliases (*name) are not used here'],
  ])('%s', (text, problem) => {
    expect(bad(text).join('\n')).toContain(problem);
  });
});
