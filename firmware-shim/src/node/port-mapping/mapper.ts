/**
 * Asks the router for a port, by PCP and, where that is not spoken, NAT-PMP; where both come to nothing, by
 * UPnP, of which it says only when. Renews it at half of its life. A router that does not answer, or that
 * says no, costs a few packets an hour. What it says is believed as far as it makes sense; whether it is
 * true, the node finds out from others.
 */
import { equalBytes, type LinkAddress, type Machine, type Random } from '@fogwisp/protocol';
import { decodeNatPmp, encodeAddressWanted, encodeNatPmp, natPmpRefusal } from './nat-pmp.js';
import { decodePcp, encodePcp, isOtherVersion, NONCE_BYTES, pcpRefusal } from './pcp.js';
import type { UpnpAnswer, UpnpWanted } from './upnp.js';

export const MAPPING_LIFE_S = 7200;
/** Shorter ones would have to be asked for all the time; longer ones are asked for as often. */
const LIFE_S_MIN = 60;
const RETRY_MS = 3_600_000;
/** How long each packet is waited for; UPnP sends its own, and answers by then. */
const WAITS_MS = { pcp: [500, 1000, 2000], 'nat-pmp': [500, 1000], upnp: [60_000] } as const;

export type MappingMethod = keyof typeof WAITS_MS;

/** What became of it. `absent`: nobody answered, so there is no such service, or it is turned off. */
export interface MapperReport {
  readonly state: 'asking' | 'mapped' | 'refused' | 'absent';
  readonly method: MappingMethod | undefined;
  /** Of mapped ones. */
  readonly address: LinkAddress | undefined;
  readonly reason: string;
  readonly at: number;
}

export type MapperInput =
  /** Asks anew, for that port, from that IPv4 address. */
  | { readonly kind: 'ask'; readonly own: string; readonly port: number }
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  | { readonly kind: 'upnp'; readonly answer: UpnpAnswer }
  /** The system was told that nobody listens there. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'release' }
  | { readonly kind: 'timeout' };

export type MapperOutput =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'upnp'; readonly wanted: UpnpWanted }
  | { readonly kind: 'report'; readonly report: MapperReport };

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'asking';
      readonly method: MappingMethod;
      readonly tries: number;
      readonly nextAt: number;
    }
  /** It has what it wanted, or will not get it now. */
  | { readonly kind: 'resting'; readonly nextAt: number };

interface Held {
  readonly method: MappingMethod;
  readonly address: LinkAddress;
  readonly externalPort: number;
  readonly until: number;
}

/** What came of PCP and NAT-PMP, in case that nothing comes of UPnP either. */
interface Failure {
  readonly state: 'refused' | 'absent';
  readonly method: MappingMethod | undefined;
  readonly reason: string;
}

const SILENCE: Failure = { state: 'absent', method: undefined, reason: 'it does not answer' };

export class Mapper implements Machine<MapperInput, MapperOutput> {
  readonly #random: Random;
  readonly #out: MapperOutput[] = [];
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  #state: State = { kind: 'idle' };
  #own = '';
  #port = 0;
  #held: Held | undefined;
  /** What NAT-PMP says in two packets. */
  #external: string | undefined;
  #granted: { readonly externalPort: number; readonly lifetimeS: number } | undefined;
  /** Packets that came and were no answers. */
  #nonsense = 0;
  #failure = SILENCE;

  constructor(random: Random) {
    this.#random = random;
  }

  handleInput(now: number, input: MapperInput): void {
    switch (input.kind) {
      case 'ask':
        this.#own = input.own;
        this.#port = input.port;
        this.#held = undefined;
        this.#random.fill(this.#nonce);
        this.#report(now, 'asking', '');
        return this.#begin(now);
      case 'packet':
        return this.#onPacket(now, input.bytes);
      case 'upnp':
        return this.#onUpnp(now, input.answer);
      case 'refused':
        if (this.#asks() === 'upnp' || this.#asks() === undefined) return;
        return this.#giveUp(now, { ...SILENCE, reason: 'nobody listens there' });
      case 'release':
        return this.#release();
      case 'timeout':
        return this.#onTimeout(now);
    }
  }

  pollOutput(): MapperOutput | undefined {
    return this.#out.shift();
  }

  pollTimeout(): number | undefined {
    return this.#state.kind === 'idle' ? undefined : this.#state.nextAt;
  }

  #onTimeout(now: number): void {
    const state = this.#state;
    if (state.kind === 'idle' || state.nextAt > now) return;
    if (state.kind === 'resting') return this.#begin(now);
    if (state.tries < WAITS_MS[state.method].length) return this.#ask(now, state.method, state.tries);
    const isNew = this.#held === undefined;
    if (state.method === 'pcp' && isNew) return this.#ask(now, 'nat-pmp', 0);
    this.#giveUp(
      now,
      this.#nonsense > 0 ? { ...SILENCE, reason: 'what it answers makes no sense' } : SILENCE,
    );
  }

  #begin(now: number): void {
    this.#failure = SILENCE;
    this.#ask(now, this.#held?.method ?? 'pcp', 0);
  }

  #ask(now: number, method: MappingMethod, tries: number): void {
    const waits: readonly number[] = WAITS_MS[method];
    const nextAt = now + (waits[tries] ?? RETRY_MS);
    this.#state = { kind: 'asking', method, tries: tries + 1, nextAt };
    if (tries === 0) {
      this.#external = undefined;
      this.#granted = undefined;
      this.#nonsense = 0;
    }
    this.#send(method, MAPPING_LIFE_S);
  }

  #send(method: MappingMethod, lifetimeS: number): void {
    const port = this.#port;
    const isReturned = lifetimeS === 0;
    const externalPort = isReturned ? 0 : (this.#held?.externalPort ?? port);
    if (method === 'pcp') {
      const request = { client: this.#own, nonce: this.#nonce, port, externalPort, lifetimeS };
      this.#out.push({ kind: 'send', bytes: encodePcp(request) });
      return;
    }
    if (method === 'upnp') {
      if (!isReturned) this.#out.push({ kind: 'upnp', wanted: { port, externalPort, lifetimeS } });
      return; // who asks by it gives back what it was given
    }
    if (!isReturned) this.#out.push({ kind: 'send', bytes: encodeAddressWanted() });
    this.#out.push({ kind: 'send', bytes: encodeNatPmp(port, externalPort, lifetimeS) });
  }

  #onPacket(now: number, bytes: Uint8Array): void {
    const state = this.#state;
    if (state.kind !== 'asking' || state.method === 'upnp') return;
    if (state.method === 'nat-pmp') this.#onNatPmp(now, bytes);
    else if (isOtherVersion(bytes)) this.#ask(now, 'nat-pmp', 0);
    else this.#onPcp(now, bytes);
  }

  #onPcp(now: number, bytes: Uint8Array): void {
    const answer = decodePcp(bytes);
    const isOurs =
      answer !== undefined && equalBytes(answer.nonce, this.#nonce) && answer.port === this.#port;
    if (!isOurs) {
      this.#nonsense++;
      return;
    }
    if (answer.result !== 0) return this.#refuse(now, pcpRefusal(answer.result));
    this.#grant(now, 'pcp', answer.external, answer.externalPort, answer.lifetimeS);
  }

  #onNatPmp(now: number, bytes: Uint8Array): void {
    const answer = decodeNatPmp(bytes);
    if (
      answer === undefined ||
      (answer.kind === 'map' && answer.result === 0 && answer.port !== this.#port)
    ) {
      this.#nonsense++;
      return;
    }
    if (answer.result !== 0) return this.#refuse(now, natPmpRefusal(answer.result));
    if (answer.kind === 'address') {
      if (answer.external === undefined) return this.#refuse(now, 'its own address makes no sense');
      this.#external = answer.external;
    } else this.#granted = answer;
    const granted = this.#granted;
    if (this.#external === undefined || granted === undefined) return;
    this.#grant(now, 'nat-pmp', this.#external, granted.externalPort, granted.lifetimeS);
  }

  #onUpnp(now: number, answer: UpnpAnswer): void {
    if (this.#asks() !== 'upnp') return;
    switch (answer.kind) {
      case 'granted':
        return this.#grant(now, 'upnp', answer.external, answer.externalPort, MAPPING_LIFE_S);
      case 'refused':
        return this.#refuse(now, answer.reason);
      case 'absent':
        return this.#giveUp(now, this.#failure);
    }
  }

  #grant(
    now: number,
    method: MappingMethod,
    external: string | undefined,
    externalPort: number,
    lifetimeS: number,
  ): void {
    if (external === undefined) return this.#refuse(now, 'its own address makes no sense');
    if (externalPort === 0) return this.#refuse(now, 'it gives port 0, which is none');
    if (lifetimeS < LIFE_S_MIN) return this.#refuse(now, `it gives a port for ${lifetimeS} s only`);
    const lifeMs = Math.min(lifetimeS, MAPPING_LIFE_S) * 1000;
    const address = `${external}:${externalPort}`;
    const isSame = this.#held?.address === address;
    this.#held = { method, address, externalPort, until: now + lifeMs };
    this.#state = { kind: 'resting', nextAt: now + lifeMs / 2 };
    this.#report(now, 'mapped', isSame ? 'renewed' : '');
  }

  #refuse(now: number, reason: string): void {
    this.#giveUp(now, { state: 'refused', method: this.#asks(), reason });
  }

  /** What is held lasts as long as it was given for: it is asked for again in half of what is left. */
  #giveUp(now: number, failure: Failure): void {
    const leftMs = (this.#held?.until ?? now) - now;
    const isHeld = leftMs > LIFE_S_MIN * 1000;
    if (!isHeld && this.#asks() !== 'upnp') {
      this.#held = undefined;
      this.#failure = failure;
      return this.#ask(now, 'upnp', 0);
    }
    this.#state = { kind: 'resting', nextAt: now + (isHeld ? leftMs / 2 : RETRY_MS) };
    if (isHeld) return;
    this.#held = undefined;
    this.#report(now, failure.state, failure.reason, failure.method);
  }

  #release(): void {
    this.#state = { kind: 'idle' };
    if (this.#held !== undefined) this.#send(this.#held.method, 0);
    this.#held = undefined;
  }

  #asks(): MappingMethod | undefined {
    return this.#state.kind === 'asking' ? this.#state.method : undefined;
  }

  #report(at: number, state: MapperReport['state'], reason: string, by = this.#asks()): void {
    const { method = by, address } = this.#held ?? {};
    this.#out.push({ kind: 'report', report: { state, method, address, reason, at } });
  }
}
