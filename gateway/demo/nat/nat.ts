import { unreachable } from '../../src/unreachable.js';

/** What stands between a peer and the open net. */
export type Kind =
  | 'none' // on the open net itself
  | 'full' // full cone: whoever knows the mapped port may send to it
  | 'address' // only from addresses that were sent to
  | 'port' // only from addresses and ports that were sent to; what Linux does by itself
  | 'symmetric' // a new random port for each destination
  | 'blocked' // as 'port', with UDP dropped
  | 'double' // 'port' behind a carrier's 'port'
  | 'same' // both peers in one LAN, behind 'port' that does not turn packets round
  | 'hairpin' // both peers in one LAN, behind 'full' that does
  | 'isolated' // as 'hairpin', in two LANs that may not talk to each other
  | 'open6' // on the open net, with IPv6 alone
  | 'firewall6'; // behind a stateful IPv6 firewall

export type Dependence = 'independent' | 'address' | 'address and port';

/** In the terms of RFC 5780; `mapping` is 'none' where addresses stay as they are. */
export type Behavior =
  | { readonly udp: 'blocked' }
  | {
      readonly udp: 'open';
      readonly mapping: 'none' | Dependence;
      readonly filtering: Dependence;
      /** Where both peers are behind one router. */
      readonly neighbors?: Neighbors;
    };

/** Ways from one to the other that do not leave the router: by its outer address, and by the inner one. */
export interface Neighbors {
  readonly isTurnedRound: boolean;
  readonly isNear: boolean;
}

const FULL = { udp: 'open', mapping: 'independent', filtering: 'independent' } as const;
const PORT = { udp: 'open', mapping: 'independent', filtering: 'address and port' } as const;

export function behaviorOf(kind: Kind): Behavior {
  switch (kind) {
    case 'none':
    case 'open6':
      return { udp: 'open', mapping: 'none', filtering: 'independent' };
    case 'full':
      return FULL;
    case 'hairpin':
      return { ...FULL, neighbors: { isTurnedRound: true, isNear: true } };
    case 'isolated':
      return { ...FULL, neighbors: { isTurnedRound: true, isNear: false } };
    case 'address':
      return { udp: 'open', mapping: 'independent', filtering: 'address' };
    case 'port':
    case 'double':
      return PORT;
    case 'same':
      return { ...PORT, neighbors: { isTurnedRound: false, isNear: true } };
    case 'symmetric':
      return { udp: 'open', mapping: 'address and port', filtering: 'address and port' };
    case 'blocked':
      return { udp: 'blocked' };
    case 'firewall6':
      return { udp: 'open', mapping: 'none', filtering: 'address and port' };
    default:
      return unreachable(kind);
  }
}

export type Family = 4 | 6;

export function familyOf(kind: Kind): Family {
  return kind === 'open6' || kind === 'firewall6' ? 6 : 4;
}

/** What an IPv4 router does; its outer interface is `wan`, its inner ones are `lan` and `lan2`. */
export interface RouterRules {
  readonly filtering: Dependence;
  readonly isRandom: boolean;
  readonly isUdpBlocked: boolean;
  /** Its outer address, to turn packets round that go to it from inside. */
  readonly hairpin?: string;
  readonly areLansApart?: boolean;
}

/**
 * Rules for nft. Linux maps a source port to itself where it can, so a mapping depends on no endpoint unless
 * `fully-random` is said. What was sent from a port is kept in `mapped`, and to whom in `seen`: from them
 * come the two milder kinds of filtering, which connection tracking alone does not have.
 */
export function routerRuleset(rules: RouterRules): string {
  const { filtering, isRandom, isUdpBlocked, hairpin, areLansApart = false } = rules;
  const isMild = filtering !== 'address and port';
  const inner = 'iifname "lan*"';
  const outer = 'iifname "wan"';
  const lines = (isThere: boolean, ...given: string[]) => (isThere ? given : []);
  return `
table ip lab {
  map mapped { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 2m; }
  set seen { type inet_service . ipv4_addr; flags dynamic,timeout; timeout 2m; }
  ${chain('before', 'nat hook prerouting priority -100', [
    ...lines(isMild, `${outer} meta l4proto udp dnat to udp dport map @mapped`),
    ...lines(
      hairpin !== undefined,
      `${inner} ip daddr ${hairpin} meta l4proto udp dnat to udp dport map @mapped`,
    ),
  ])}
  ${chain('after', 'nat hook postrouting priority 100', [
    `oifname "wan" masquerade${isRandom ? ' fully-random' : ''}`,
    ...lines(hairpin !== undefined, `oifname "lan*" ct status dnat iifname "lan*" snat to ${hairpin}`),
  ])}
  ${chain('through', 'filter hook forward priority 0', [
    ...lines(isUdpBlocked, 'meta l4proto udp drop'),
    'oifname "wan" meta l4proto udp update @mapped { udp sport : ip saddr }',
    'oifname "wan" meta l4proto udp update @seen { udp sport . ip daddr }',
    'ct state established,related accept',
    ...lines(filtering === 'independent', `${outer} ct status dnat accept`),
    ...lines(filtering === 'address', `${outer} ct status dnat udp dport . ip saddr @seen accept`),
    `${outer} drop`,
    ...lines(areLansApart, `${inner} oifname "lan*" ct status dnat accept`, `${inner} oifname "lan*" drop`),
  ])}
  ${chain('inside', 'filter hook input priority 0', [
    'ct state established,related accept',
    'meta l4proto { tcp, udp } drop',
  ])}
}
`;
}

/** IPv6 needs no translation: who asks from inside is answered, and nobody else gets in. */
export const FIREWALL6_RULESET = `
table ip6 lab {
  ${chain('through', 'filter hook forward priority 0', [
    'ct state established,related accept',
    'iifname "wan" meta l4proto { tcp, udp } drop',
  ])}
}
`;

function chain(name: string, hook: string, lines: readonly string[]): string {
  return `chain ${name} { type ${hook}; policy accept;\n    ${lines.join('\n    ')}\n  }`;
}
