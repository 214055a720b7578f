import { type FailureCode, type RelayRefusal, Status } from '@fogwisp/protocol';

/** What the answering side may say instead of an answer. */
export type RefusalCode = Exclude<keyof typeof Status, 'ok'>;

/** Stable names of everything that can go wrong; messages may change, codes do not. */
export type FogErrorCode =
  | FailureCode
  | RefusalCode
  | 'networkMissing' // no network file there
  | 'networkInvalid' // it holds no network key
  | 'nameInvalid' // not 1 to 32 of a-z, 0-9 and '-'
  | 'stateUnusable' // the state directory cannot be read, written or locked
  | 'linkInvalid' // a link that cannot be opened
  | 'valueInvalid' // cannot be encoded, or is not what the service declares
  | 'misuse' // a call that can never work
  | 'hostNeeded' // this engine has no default for something
  | 'stopped'; // the device was stopped

export interface FogErrorOptions {
  readonly peer?: string | undefined;
  readonly refusal?: RelayRefusal | undefined;
  readonly cause?: unknown;
}

/** Every error of this package: `code` for programs, a message with the next step for people. */
export class FogError extends Error {
  /** Stable; the message may change. */
  readonly code: FogErrorCode;
  /** Whom it is about, as the caller named it. */
  readonly peer: string | undefined;
  /** With code `relayBusy`: which relay, and when to try again. */
  readonly refusal: RelayRefusal | undefined;

  constructor(code: FogErrorCode, message: string, options: FogErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FogError';
    this.code = code;
    this.peer = options.peer;
    this.refusal = options.refusal;
  }
}

/** Thrown by a responder to choose what the asker is told; any other error is told as `failed`. */
export class RequestError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
  }
}

/** What a command was about, for the text of its failure. */
export interface Subject {
  readonly what: 'request' | 'ping' | 'publish' | 'stop';
  /** The peer, or the topic of a publication. */
  readonly target: string;
  readonly path: string;
  readonly timeoutMs: number;
}

/** What is known besides why something failed. */
export interface FailureFacts {
  /** Of a peer that sleeps. */
  readonly dueInMs?: number | undefined;
  readonly refusal?: RelayRefusal | undefined;
}

export function failureOf(
  code: FailureCode,
  subject: Subject,
  peersSeen: readonly string[],
  { dueInMs, refusal }: FailureFacts = {},
): FogError {
  const { target } = subject;
  const within = seconds(subject.timeoutMs);
  const isPublish = subject.what === 'publish';
  const what = subject.what === 'request' ? `"${subject.path}"` : `the ${subject.what}`;
  const call = isPublish ? `"${target}"` : `${what} to "${target}"`;
  const message: Record<FailureCode, string> = {
    timeout: `"${target}" did not answer ${what} within ${within}: is it busy or asleep? Give more timeoutMs`,
    unknownPeer: `nobody called "${target}" has been seen within ${within}; ${listOf(peersSeen)}`,
    unreachable: `"${target}" is known, but no path to it works now: look at device.peers() for the reason`,
    asleep: `"${target}" sleeps and is due ${dueText(dueInMs)}: ask then, or give more timeoutMs`,
    cancelled: `${call} was cancelled`,
    relayBusy: `${relayText(refusal)} forwards no more to "${target}" now: ${againText(refusal)}`,
    tooLarge: `${call} is larger than a message may be: send it in parts`,
    busy: `too much waits to be sent ${isPublish ? 'for' : 'to'} "${target}": wait for earlier calls first`,
  };
  return new FogError(code, message[code], { peer: isPublish ? undefined : target, refusal });
}

function relayText(refusal: RelayRefusal | undefined): string {
  if (refusal === undefined) return 'somebody on the way';
  const { id, name } = refusal.relay;
  return `"${name === '' ? id : name}", which is on the way,`;
}

function againText(refusal: RelayRefusal | undefined): string {
  return refusal === undefined ? 'try again later' : `try again in ${seconds(refusal.retryMs)}, or send less`;
}

/** `detail`: what the responder said, '' when it said nothing. */
export function refusalOf(status: Status, detail: string, subject: Subject): FogError {
  const { target, path } = subject;
  const code = codeOf(status);
  const said = detail === '' ? '' : `: ${detail}`;
  const message: Record<RefusalCode, string> = {
    notFound: `"${target}" does not serve "${path}": call device.serve('${path}', ...) there`,
    refused: `"${target}" refused "${path}"${said}`,
    badRequest: `"${target}" cannot use what "${path}" was asked with${said}`,
    failed: `"${path}" failed on "${target}"${said}`,
    tooLarge: `the answer of "${target}" to "${path}" does not fit one message${said}`,
    busy: `"${target}" is too busy for "${path}": try again later`,
  };
  return new FogError(code, message[code], { peer: target });
}

function codeOf(status: Status): RefusalCode {
  const names = Object.keys(Status) as (keyof typeof Status)[]; // the keys of a constant table
  const name = names.find((each) => Status[each] === status);
  return name === undefined || name === 'ok' ? 'failed' : name;
}

function listOf(peersSeen: readonly string[]): string {
  if (peersSeen.length > 0) return `peers seen: ${[...peersSeen].sort().join(', ')}`;
  return 'no peer at all has been seen: is the other one on the same network file and on a common link?';
}

function dueText(ms: number | undefined): string {
  return ms === undefined ? 'later' : `in ${Math.max(0, Math.ceil(ms / 1000))} s`;
}

function seconds(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
