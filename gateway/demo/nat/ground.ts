import { unreachable } from '../../src/unreachable.js';
import { Namespaces } from './namespaces.js';
import {
  type Dependence,
  FIREWALL6_RULESET,
  familyOf,
  type Kind,
  type RouterRules,
  routerRuleset,
} from './nat.js';

export type Side = 'a' | 'b';

/** What is behind each: two addresses, as who tells how a NAT behaves needs a second one. */
export const OPEN_NET = {
  4: ['203.0.113.1', '203.0.113.2'],
  6: ['2001:db8::1', '2001:db8::2'],
} as const;

const FORWARDING = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
const OUTER: Readonly<Record<Side, number>> = { a: 11, b: 12 };
const AFTER_RESTART = 20;

/**
 * The open net, a host on it called `relay`, and two peers, `a` and `b`, each behind what a cell says:
 *
 *     a --- router-a ---+              +--- router-b --- b
 *                       +-- switch ----+
 *                              |
 *                            relay
 */
export class Ground {
  readonly namespaces: Namespaces;
  #sides: string[] = [];
  readonly #outer = { ...OUTER };
  /** Of the sides, as `ip` takes them away. */
  #cables: string[] = [];

  private constructor(label: string) {
    this.namespaces = new Namespaces(label);
  }

  static async make(label: string): Promise<Ground> {
    const ground = new Ground(label);
    const { namespaces } = ground;
    try {
      await namespaces.make('switch');
      await namespaces.configure('switch', [
        'link add name net type bridge mcast_snooping 0',
        'link set net up',
      ]);
      await namespaces.make('relay');
      await ground.#plug('relay', 'wan', [
        ...OPEN_NET[4].map((address) => `${address}/24`),
        ...OPEN_NET[6].map((address) => `${address}/64`),
      ]);
      return ground;
    } catch (thrown) {
      await ground.remove();
      throw thrown;
    }
  }

  /** Takes away what was between the peers and the open net, and lays what these kinds say. */
  async lay(a: Kind, b: Kind): Promise<void> {
    await this.#clear();
    if (a === 'same' || a === 'hairpin' || a === 'isolated') return this.#layShared(a);
    await this.#laySide('a', a);
    await this.#laySide('b', b);
  }

  remove(): Promise<void> {
    return this.namespaces.remove();
  }

  /** As if a router had been restarted: it has another address, and forgot all that went by the old one. */
  restart(side: Side): Promise<void> {
    const old = this.#outer[side];
    this.#outer[side] = old === OUTER[side] ? old + AFTER_RESTART : OUTER[side];
    const lines = [
      `addr del 203.0.113.${old}/24 dev wan`,
      `addr add 203.0.113.${this.#outer[side]}/24 dev wan`,
    ];
    return this.namespaces.configure(`router-${side}`, lines);
  }

  /** A namespace goes when the kernel finds time; a cable goes at once, and its names with it. */
  async #clear(): Promise<void> {
    if (this.#cables.length > 0) await this.namespaces.configure('switch', this.#cables);
    await this.namespaces.remove(this.#sides);
    // Else it sends to the machines that had these addresses before, for some seconds.
    await this.namespaces.configure('relay', ['neigh flush all']);
    this.#cables = [];
    this.#sides = [];
  }

  async #laySide(side: Side, kind: Kind): Promise<void> {
    await this.#make(side);
    if (kind === 'none') return this.#plug(side, 'wan', [`203.0.113.${OUTER[side] + 10}/24`]);
    if (kind === 'open6') return this.#plug(side, 'wan', [`2001:db8::${OUTER[side]}/64`]);
    const router = `router-${side}`;
    await this.#make(router);
    await this.namespaces.setKernel(router, FORWARDING);
    if (familyOf(kind) === 6) return this.#layFirewall6(side, router);
    if (kind === 'double') await this.#layCarrier(side, router);
    else await this.#plug(router, 'wan', [`203.0.113.${OUTER[side]}/24`]);
    await this.#layLan(side, router, 'lan', `192.168.${OUTER[side]}`, 10);
    await this.namespaces.setRules(router, routerRuleset(rulesOf(kind)));
  }

  async #layFirewall6(side: Side, router: string): Promise<void> {
    const inside = `2001:db8:${OUTER[side]}:`;
    await this.#plug(router, 'wan', [`2001:db8::${OUTER[side]}/64`]);
    await this.namespaces.wire({ space: router, name: 'lan' }, { space: side, name: 'eth0' });
    await this.namespaces.configure(router, [`addr add ${inside}:1/64 dev lan nodad`]);
    await this.namespaces.configure(side, [
      `addr add ${inside}:10/64 dev eth0 nodad`,
      `route add default via ${inside}:1`,
    ]);
    await this.namespaces.setRules(router, FIREWALL6_RULESET);
  }

  /** The carrier's router has addresses of RFC 6598 inside. */
  async #layCarrier(side: Side, router: string): Promise<void> {
    const carrier = `carrier-${side}`;
    const inside = `100.64.${OUTER[side]}`;
    await this.#make(carrier);
    await this.namespaces.setKernel(carrier, FORWARDING);
    await this.#plug(carrier, 'wan', [`203.0.113.${OUTER[side]}/24`]);
    await this.namespaces.wire({ space: carrier, name: 'lan' }, { space: router, name: 'wan' });
    await this.namespaces.configure(carrier, [`addr add ${inside}.1/24 dev lan`]);
    await this.namespaces.configure(router, [
      `addr add ${inside}.10/24 dev wan`,
      `route add default via ${inside}.1`,
    ]);
    await this.namespaces.setRules(carrier, routerRuleset(rulesOf('port')));
  }

  async #layShared(kind: 'same' | 'hairpin' | 'isolated'): Promise<void> {
    const router = 'router-a';
    await this.#make('a');
    await this.#make('b');
    await this.#make(router);
    await this.namespaces.setKernel(router, FORWARDING);
    await this.#plug(router, 'wan', [`203.0.113.${OUTER.a}/24`]);
    if (kind === 'isolated') {
      await this.#layLan('a', router, 'lan', '192.168.11', 10);
      await this.#layLan('b', router, 'lan2', '192.168.12', 10);
    } else {
      await this.namespaces.configure(router, [
        'link add name lan type bridge mcast_snooping 0',
        'link set lan up',
        'addr add 192.168.11.1/24 dev lan',
      ]);
      for (const [side, host] of [
        ['a', 10],
        ['b', 11],
      ] as const) {
        await this.namespaces.wire({ space: router, name: `port-${side}` }, { space: side, name: 'eth0' });
        await this.namespaces.configure(router, [`link set port-${side} master lan`]);
        await this.#address(side, '192.168.11', host);
      }
    }
    await this.namespaces.setRules(router, routerRuleset(rulesOf(kind)));
  }

  async #layLan(side: Side, router: string, lan: string, net: string, host: number): Promise<void> {
    await this.namespaces.wire({ space: router, name: lan }, { space: side, name: 'eth0' });
    await this.namespaces.configure(router, [`addr add ${net}.1/24 dev ${lan}`]);
    await this.#address(side, net, host);
  }

  #address(side: Side, net: string, host: number): Promise<void> {
    return this.namespaces.configure(side, [
      `addr add ${net}.${host}/24 dev eth0`,
      `route add default via ${net}.1`,
    ]);
  }

  async #plug(space: string, name: string, addresses: readonly string[]): Promise<void> {
    const port = `to-${space}`;
    await this.namespaces.wire({ space, name }, { space: 'switch', name: port });
    await this.namespaces.configure('switch', [`link set ${port} master net`]);
    if (space !== 'relay') this.#cables.push(`link del ${port}`);
    const lines = addresses.map((each) => `addr add ${each} dev ${name}${flagsOf(each)}`);
    await this.namespaces.configure(space, [...lines, ...waysOf(addresses)]);
  }

  async #make(space: string): Promise<void> {
    this.#sides.push(space);
    await this.namespaces.make(space);
  }
}

/** The relay's second IPv6 address is for the probe: nothing is sent from it unless that is asked for. */
function flagsOf(address: string): string {
  if (!address.includes(':')) return '';
  return address.startsWith(`${OPEN_NET[6][1]}/`) ? ' nodad preferred_lft 0' : ' nodad';
}

/** Everybody on the open net knows the way behind each firewall: there is no router to ask for it. */
function waysOf(own: readonly string[]): readonly string[] {
  const others = Object.values(OUTER).filter((outer) => !own.includes(`2001:db8::${outer}/64`));
  const isOn6 = own.some((each) => each.includes(':'));
  return isOn6 ? others.map((outer) => `route add 2001:db8:${outer}::/64 via 2001:db8::${outer}`) : [];
}

function rulesOf(kind: Kind): RouterRules {
  const plain = { filtering: 'address and port', isRandom: false, isUdpBlocked: false } as const;
  const mild = (filtering: Dependence) => ({ ...plain, filtering });
  const hairpin = `203.0.113.${OUTER.a}`;
  switch (kind) {
    case 'full':
      return mild('independent');
    case 'address':
      return mild('address');
    case 'symmetric':
      return { ...plain, isRandom: true };
    case 'blocked':
      return { ...plain, isUdpBlocked: true };
    case 'hairpin':
      return { ...mild('independent'), hairpin };
    case 'isolated':
      return { ...mild('independent'), hairpin, areLansApart: true };
    case 'port':
    case 'double':
    case 'same':
      return plain;
    case 'none':
    case 'open6':
    case 'firewall6':
      throw new Error(`${kind} has no IPv4 router`);
    default:
      return unreachable(kind);
  }
}
