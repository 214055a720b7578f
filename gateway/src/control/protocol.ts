import { isJsonMap, type Json } from '../bridge/json.js';

/**
 * What the command line and a running gateway say to each other over a local socket: one JSON object a line.
 * The gateway greets first; each request carries a number, and its events, then its result or its fault carry
 * it back.
 */
export const CONTROL_VERSION = 1;

/** Longer lines end the connection: a request of 64 KiB as JSON text, with room. */
export const LINE_BYTES_MAX = 1_000_000;

export interface Greeting {
  readonly fogwisp: typeof CONTROL_VERSION;
  readonly version: string;
  readonly name: string;
  readonly id: string;
}

export type ControlRequest =
  | { readonly verb: 'status' }
  | { readonly verb: 'peers' }
  | { readonly verb: 'identity' }
  | { readonly verb: 'network' }
  /** `addresses`: in place of those that the gateway knows of itself. Unix seconds, 0: never. */
  | { readonly verb: 'invite'; readonly addresses: readonly string[]; readonly expiresAt: number }
  | { readonly verb: 'netcheck' }
  | { readonly verb: 'roles' }
  | { readonly verb: 'trace'; readonly to: string; readonly timeoutMs: number }
  | { readonly verb: 'explain'; readonly to: string }
  /** `from`: a peer that asks in place of the gateway. */
  | { readonly verb: 'ping'; readonly to: string; readonly timeoutMs: number; readonly from?: string }
  | {
      readonly verb: 'request';
      readonly to: string;
      readonly path: string;
      readonly body: Json | undefined;
      readonly timeoutMs: number;
    }
  | { readonly verb: 'listen'; readonly filter: string };

export type FaultCode =
  | 'badRequest' // the request itself is wrong
  | 'peerNotFound' // nobody of that name
  | 'pathNotFound' // the peer does not serve it
  | 'timeout' // known, no answer in time
  | 'unreachable' // known, no way there
  | 'refused' // the peer says no
  | 'unavailable' // the gateway cannot do that, as it is set up
  | 'failed'; // anything else

export interface Fault {
  readonly code: FaultCode;
  readonly message: string;
  readonly next?: string | undefined;
}

export type ControlReply =
  | { readonly id: number; readonly kind: 'event'; readonly value: Json }
  | { readonly id: number; readonly kind: 'result'; readonly value: Json }
  | { readonly id: number; readonly kind: 'fault'; readonly fault: Fault };

export class ControlFault extends Error {
  readonly fault: Fault;

  constructor(code: FaultCode, message: string, next?: string) {
    super(message);
    this.name = 'ControlFault';
    this.fault = next === undefined ? { code, message } : { code, message, next };
  }
}

export interface NumberedRequest {
  readonly id: number;
  readonly request: ControlRequest;
}

/** A request off the socket, or undefined when it is none of ours. */
export function readRequest(json: Json | undefined): NumberedRequest | undefined {
  if (!isJsonMap(json)) return undefined;
  const { id } = json;
  const request = readVerb(json);
  return typeof id === 'number' && request !== undefined ? { id, request } : undefined;
}

type JsonMap = { readonly [key: string]: Json };

function readVerb(json: JsonMap): ControlRequest | undefined {
  const { verb, to, path, timeoutMs, filter, from, addresses, expiresAt } = json;
  switch (verb) {
    case 'status':
    case 'peers':
    case 'identity':
    case 'network':
    case 'netcheck':
    case 'roles':
      return { verb };
    case 'invite': {
      const texts = Array.isArray(addresses) ? addresses.filter((each) => typeof each === 'string') : [];
      return typeof expiresAt === 'number' ? { verb, addresses: texts, expiresAt } : undefined;
    }
    case 'explain':
      return typeof to === 'string' ? { verb, to } : undefined;
    case 'trace':
    case 'ping': {
      if (typeof to !== 'string' || typeof timeoutMs !== 'number') return undefined;
      return verb === 'ping' && typeof from === 'string'
        ? { verb, to, timeoutMs, from }
        : { verb, to, timeoutMs };
    }
    case 'request':
      if (typeof to !== 'string' || typeof path !== 'string' || typeof timeoutMs !== 'number')
        return undefined;
      return { verb, to, path, body: json['body'], timeoutMs };
    case 'listen':
      return typeof filter === 'string' ? { verb, filter } : undefined;
    default:
      return undefined;
  }
}

/** A reply off the socket. The gateway at the other end is ours, so only the shape is checked. */
export function readReply(json: Json | undefined): ControlReply | undefined {
  if (!isJsonMap(json)) return undefined;
  const { id, kind, value = null, fault } = json;
  if (typeof id !== 'number') return undefined;
  if (kind === 'event' || kind === 'result') return { id, kind, value };
  return kind === 'fault' && isJsonMap(fault) ? { id, kind, fault: readFault(fault) } : undefined;
}

const FAULT_CODES: readonly FaultCode[] = [
  'badRequest',
  'peerNotFound',
  'pathNotFound',
  'timeout',
  'unreachable',
  'refused',
  'unavailable',
  'failed',
];

function readFault(json: JsonMap): Fault {
  const { code, message, next } = json;
  return {
    code: FAULT_CODES.find((each) => each === code) ?? 'failed',
    message: typeof message === 'string' ? message : 'unknown trouble',
    next: typeof next === 'string' ? next : undefined,
  };
}

export function readGreeting(json: Json | undefined): Greeting | undefined {
  if (!isJsonMap(json)) return undefined;
  const { fogwisp, version, name, id } = json;
  if (fogwisp !== CONTROL_VERSION || typeof version !== 'string') return undefined;
  return typeof name === 'string' && typeof id === 'string' ? { fogwisp, version, name, id } : undefined;
}
