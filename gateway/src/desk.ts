import { fromJson, type Json, parseJson, toJson } from './bridge/json.js';
import { ControlFault, type ControlRequest } from './control/protocol.js';
import type { Asker } from './control/server.js';
import { explain } from './explain.js';
import type { Gateway } from './gateway.js';
import { nameOf, viewPath } from './peer-view.js';
import { pingFrom } from './ping-from.js';
import { rolesOf } from './roles.js';
import { nearest } from './text/suggest.js';
import { trace } from './trace.js';
import { unreachable } from './unreachable.js';

/** Served by every device of the SDK: the paths that it serves. */
const SERVICES = '$services';
const SERVICES_TIMEOUT_MS = 1000;

/** Answers the command line: each verb with what the gateway has, or with the fault and the next step. */
export class Desk {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  async answer(request: ControlRequest, asker: Asker): Promise<Json> {
    switch (request.verb) {
      case 'status':
        return asJson(this.#gateway.status());
      case 'peers':
        return asJson(this.#gateway.views());
      case 'identity':
        return { name: this.#gateway.mesh.name, id: this.#gateway.mesh.id };
      case 'network':
        return { network: this.#gateway.network };
      case 'invite':
        return this.#invite(request.addresses, request.expiresAt);
      case 'netcheck':
        return asJson(this.#gateway.netcheck());
      case 'roles':
        return asJson(await rolesOf(this.#gateway.mesh));
      case 'trace':
        return this.#trace(request.to, request.timeoutMs);
      case 'explain':
        return this.#explain(request.to);
      case 'ping':
        if (request.from !== undefined) return this.#pingFrom(request.from, request.to, request.timeoutMs);
        return this.#ping(request.to, request.timeoutMs);
      case 'request':
        return this.#request(request);
      case 'listen':
        return this.#listen(request.filter, asker);
      default:
        return unreachable(request);
    }
  }

  #invite(given: readonly string[], expiresAt: number): Json {
    const addresses = given.length > 0 ? given : this.#gateway.invitedAddresses();
    const terms = { addresses, ...(expiresAt === 0 ? {} : { expiresAt: expiresAt * 1000 }) };
    return asJson({ ticket: this.#gateway.mesh.invite(terms), addresses, expiresAt });
  }

  async #ping(to: string, timeoutMs: number): Promise<Json> {
    const { mesh } = this.#gateway;
    this.#assertOther(to);
    try {
      const { roundTripMs, path } = await mesh.ping(to, { timeoutMs });
      return asJson({ to, roundTripMs, path: viewPath(path, mesh.now()) });
    } catch (thrown) {
      throw this.#faultOf(thrown, to, timeoutMs);
    }
  }

  async #pingFrom(from: string, to: string, timeoutMs: number): Promise<Json> {
    this.#assertOther(from);
    try {
      const pong = await pingFrom(this.#gateway.mesh, from, to, timeoutMs);
      if (pong !== undefined) return asJson(pong);
    } catch (thrown) {
      throw this.#faultOf(thrown, from, timeoutMs);
    }
    throw new ControlFault('timeout', `${to} did not answer ${from}, or is not known there`);
  }

  async #trace(to: string, timeoutMs: number): Promise<Json> {
    this.#assertOther(to);
    try {
      return asJson(await trace(this.#gateway.mesh, to, timeoutMs));
    } catch (thrown) {
      throw this.#faultOf(thrown, to, timeoutMs);
    }
  }

  async #explain(to: string): Promise<Json> {
    const { mesh, links } = this.#gateway;
    this.#assertOther(to);
    const peer = mesh.peers().find((each) => each.id === to || each.name === to);
    if (peer === undefined) throw this.#unknown(to);
    return asJson(await explain(mesh, peer, links.reports(), this.#gateway.boxes));
  }

  async #request(request: Extract<ControlRequest, { verb: 'request' }>): Promise<Json> {
    const { mesh } = this.#gateway;
    const { to, path, body, timeoutMs } = request;
    this.#assertOther(to);
    const startedAt = performance.now();
    try {
      const value = await mesh.request(to, path, body === undefined ? undefined : fromJson(body), {
        timeoutMs,
      });
      return { from: to, path, value: toJson(value), roundTripMs: performance.now() - startedAt };
    } catch (thrown) {
      if (codeOf(thrown) === 'notFound') throw await this.#pathNotFound(to, path);
      throw this.#faultOf(thrown, to, timeoutMs);
    }
  }

  async #listen(filter: string, asker: Asker): Promise<Json> {
    const { bridge } = this.#gateway;
    if (bridge === undefined) {
      throw new ControlFault(
        'unavailable',
        'this gateway has no broker',
        'add "mqtt: { broker: embedded }" to its file',
      );
    }
    try {
      await bridge.listen(
        filter === '' ? `${bridge.base}/#` : filter,
        ({ topic, payload, isRetained }) =>
          asker.event({ topic, payload: payloadOf(payload), retained: isRetained }),
        asker.signal,
      );
      return null;
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new ControlFault(
        'unreachable',
        `the broker ${bridge.report.url} does not give "${filter}": ${why}`,
      );
    }
  }

  #assertOther(to: string): void {
    const { mesh } = this.#gateway;
    if (to !== mesh.name && to !== mesh.id) return;
    if (mesh.peers().some((peer) => peer.name === to && peer.id !== mesh.id)) return;
    throw new ControlFault('badRequest', `"${to}" is this gateway itself`, this.#whoIsThere());
  }

  async #pathNotFound(to: string, path: string): Promise<ControlFault> {
    const served = await this.#servedBy(to);
    const guess = nearest(path, served);
    const advice = guess === undefined ? undefined : `did you mean "${guess}"?`;
    const list = served.length === 0 ? undefined : `it serves ${served.join(', ')}`;
    return new ControlFault('pathNotFound', `${to} serves no "${path}"`, advice ?? list);
  }

  async #servedBy(to: string): Promise<string[]> {
    try {
      const value = await this.#gateway.mesh.request(to, SERVICES, undefined, {
        timeoutMs: SERVICES_TIMEOUT_MS,
      });
      const list: readonly unknown[] = Array.isArray(value) ? value : [];
      return list.filter((each): each is string => typeof each === 'string');
    } catch {
      return []; // only for the advice
    }
  }

  #faultOf(thrown: unknown, to: string, timeoutMs: number): ControlFault {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    switch (codeOf(thrown)) {
      case 'unknownPeer':
        return this.#unknown(to);
      case 'timeout':
        return new ControlFault(
          'timeout',
          `${to} did not answer within ${timeoutMs / 1000} s`,
          'try a longer --timeout',
        );
      case 'asleep':
        return new ControlFault('unreachable', message);
      case 'unreachable':
        return new ControlFault('unreachable', `no path to ${to} works now`, '`fogwisp peers` says why');
      case 'refused':
        return new ControlFault('refused', message);
      case 'badRequest':
      case 'valueInvalid':
      case 'misuse':
        return new ControlFault('badRequest', message);
      default:
        return new ControlFault('failed', message);
    }
  }

  #unknown(to: string): ControlFault {
    return new ControlFault('peerNotFound', `nobody called "${to}" is known here`, this.#guess(to));
  }

  #guess(to: string): string {
    const names = this.#names();
    const guess = nearest(to, names);
    return guess === undefined ? this.#whoIsThere() : `did you mean "${guess}"?`;
  }

  #whoIsThere(): string {
    const names = this.#names();
    return names.length === 0 ? 'no peer is known yet' : `known: ${names.join(', ')}`;
  }

  #names(): string[] {
    return this.#gateway.mesh.peers().map(nameOf).sort();
  }
}

/** A payload as JSON where it is some, else as text, else as bytes. */
function payloadOf(payload: Buffer): Json {
  const text = payload.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(payload)) return { base64: payload.toString('base64') };
  return parseJson(text) ?? text;
}

/** Views are JSON by construction; only their optional keys keep the compiler from seeing it. */
function asJson(view: object): Json {
  return JSON.parse(JSON.stringify(view)) as Json;
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
