import { describe, expect, it } from 'vitest';
import { ownStations } from '../../src/node/own-stations.js';

const each = (family: 'IPv4' | 'IPv6', address: string, internal = false) =>
  ({ family, address, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as const;

const INTERFACES = {
  lo: [each('IPv4', '127.0.0.1', true), each('IPv6', '::1', true)],
  eth0: [each('IPv6', 'fe80::1'), each('IPv6', '2001:db8::5'), each('IPv4', '192.168.1.5')],
};

describe('where others find a UDP socket', () => {
  it('is each address of the machine that they may reach, when it is bound to all', () => {
    expect(ownStations('::', 4747, INTERFACES)).toEqual(['192.168.1.5:4747', '[2001:db8::5]:4747']);
    expect(ownStations('0.0.0.0', 4747, INTERFACES)).toEqual(['192.168.1.5:4747']);
  });

  it('is the one that it is bound to', () => {
    expect(ownStations('127.0.0.1', 4747, INTERFACES)).toEqual(['127.0.0.1:4747']);
    expect(ownStations('2001:db8::5', 4747, INTERFACES)).toEqual(['[2001:db8::5]:4747']);
  });
});
