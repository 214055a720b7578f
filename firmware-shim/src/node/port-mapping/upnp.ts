/**
 * Asks an Internet gateway for a port of UDP by UPnP, which is what routers speak that know neither PCP nor
 * NAT-PMP. Each time it is looked for anew: one that was restarted has other ports itself. What it says is
 * believed as far as it makes sense.
 */
import { type Random, randomBelow } from '@fogwisp/protocol';
import { askHttp } from './http.js';
import {
  type ActionAnswer,
  decodeActionAnswer,
  decodeDescription,
  encodeAction,
  type IgdService,
  isVersion2,
  upnpRefusal,
} from './igd.js';
import { parseIpv4 } from './ip.js';
import { findGateways, type SearchOptions } from './ssdp.js';

const NAME = 'fogwisp';
/** That port has somebody else, or it gives only what nobody else has. */
const CONFLICTS = [718, 727, 729];
const FOR_EVER_ONLY = 725;
const SERVICES_MAX = 4;
const NO_SUCH_ACTION = [401, 602];
const PORT_TRIES_MAX = 6;
const OTHER_PORTS = { first: 20_000, count: 40_000 } as const;

export interface UpnpWanted {
  readonly port: number;
  readonly externalPort: number;
  readonly lifetimeS: number;
}

export type UpnpAnswer =
  | { readonly kind: 'granted'; readonly external: string; readonly externalPort: number }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nobody says to be a gateway. */
  | { readonly kind: 'absent' };

type Add = UpnpWanted & { readonly action: 'AddPortMapping' | 'AddAnyPortMapping' };

export class Upnp {
  readonly #random: Random;
  readonly #search: SearchOptions;
  /** What is to be given back. */
  #held: { readonly service: IgdService; readonly externalPort: number } | undefined;
  #isAsking = false;
  #isClosed = false;

  constructor(random: Random, search: SearchOptions) {
    this.#random = random;
    this.#search = search;
  }

  async ask(wanted: UpnpWanted): Promise<UpnpAnswer> {
    this.#isAsking = true;
    const answer = await this.#ask(wanted);
    this.#isAsking = false;
    if (this.#isClosed) await this.#giveBack();
    return answer;
  }

  /** Gives the port back: a gateway may have given it for ever. */
  close(): void {
    this.#isClosed = true;
    if (!this.#isAsking) void this.#giveBack();
  }

  async #ask(wanted: UpnpWanted): Promise<UpnpAnswer> {
    const gateways = await findGateways(this.#search);
    if (gateways.length === 0) return { kind: 'absent' };
    const services = [];
    for (const url of gateways) services.push(...(await this.#servicesOf(url)));
    for (const service of services.slice(0, SERVICES_MAX)) {
      const said = await this.#act(service, 'GetExternalIPAddress', {});
      const external = said?.kind === 'done' ? said.fields.get('NewExternalIPAddress') : undefined;
      const address = parseIpv4(external ?? '');
      if (address !== undefined) return this.#addTo(service, address, wanted);
    }
    const what = services.length === 0 ? 'what it says of itself' : 'its own address';
    return { kind: 'refused', reason: `${what} makes no sense` };
  }

  async #servicesOf(url: URL): Promise<readonly IgdService[]> {
    const said = await askHttp({ url, own: this.#search.own });
    return said === undefined ? [] : decodeDescription(said, url);
  }

  async #addTo(service: IgdService, external: string, wanted: UpnpWanted): Promise<UpnpAnswer> {
    const isNew = this.#held === undefined;
    let add: Add = {
      ...wanted,
      action: isNew && isVersion2(service) ? 'AddAnyPortMapping' : 'AddPortMapping',
    };
    let reason = '';
    for (let tries = 0; tries < PORT_TRIES_MAX && !this.#isClosed; tries++) {
      const said = await this.#add(service, add);
      if (said === undefined) return { kind: 'refused', reason: 'what it answers makes no sense' };
      if (said.kind === 'done') return this.#granted(service, external, add, said.fields);
      reason = upnpRefusal(said.code);
      const next = this.#instead(add, said.code);
      if (next === undefined) break;
      add = next;
    }
    return { kind: 'refused', reason };
  }

  /** What else it may give. */
  #instead(add: Add, code: number): Add | undefined {
    const { action, lifetimeS } = add;
    if (action === 'AddAnyPortMapping' && NO_SUCH_ACTION.includes(code))
      return { ...add, action: 'AddPortMapping' };
    if (code === FOR_EVER_ONLY && lifetimeS > 0) return { ...add, lifetimeS: 0 };
    if (!CONFLICTS.includes(code)) return undefined;
    this.#held = undefined; // nobody gives back what others have
    return { ...add, externalPort: OTHER_PORTS.first + randomBelow(this.#random, OTHER_PORTS.count) };
  }

  #add(
    service: IgdService,
    { action, port, externalPort, lifetimeS }: Add,
  ): Promise<ActionAnswer | undefined> {
    return this.#act(service, action, {
      NewRemoteHost: '',
      NewExternalPort: externalPort,
      NewProtocol: 'UDP',
      NewInternalPort: port,
      NewInternalClient: this.#search.own,
      NewEnabled: 1,
      NewPortMappingDescription: NAME,
      NewLeaseDuration: lifetimeS,
    });
  }

  #granted(
    service: IgdService,
    external: string,
    { action, externalPort: asked }: Add,
    fields: ReadonlyMap<string, string>,
  ): UpnpAnswer {
    const externalPort =
      action === 'AddPortMapping' ? asked : Number(fields.get('NewReservedPort') || 'none');
    if (!Number.isInteger(externalPort) || externalPort < 1 || externalPort > 0xffff)
      return { kind: 'refused', reason: 'the port that it gives makes no sense' };
    this.#held = { service, externalPort };
    return { kind: 'granted', external, externalPort };
  }

  async #giveBack(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    const words = { NewRemoteHost: '', NewExternalPort: held.externalPort, NewProtocol: 'UDP' };
    await this.#act(held.service, 'DeletePortMapping', words);
  }

  async #act(
    { type, control: url }: IgdService,
    action: string,
    words: Readonly<Record<string, string | number>>,
  ): Promise<ActionAnswer | undefined> {
    const headers = { 'Content-Type': 'text/xml; charset="utf-8"', SOAPAction: `"${type}#${action}"` };
    const body = encodeAction(type, action, words);
    const said = await askHttp({ url, own: this.#search.own, body, headers });
    return said === undefined ? undefined : decodeActionAnswer(said, action);
  }
}
