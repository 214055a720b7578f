import { isNodeName } from '@fogwisp/protocol';
import { FogError } from './errors.js';

/** Names are typed by people and become parts of topics, so they are plain. */
export function checkName(name: string): string {
  if (isName(name)) return name;
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .substring(0, 32);
  const advice = isName(plain) ? `try "${plain}"` : 'for example "greenhouse"';
  throw new FogError('nameInvalid', `the name "${name}" is not 1 to 32 of a-z, 0-9 and "-": ${advice}`);
}

/** The protocol allows a node without a name; people cannot ask for one. */
function isName(name: string): boolean {
  return name !== '' && isNodeName(name);
}

/*
 * Programs in JavaScript have no compiler that tells them what a call takes. What went on into the node as it
 * came would stop it.
 */

/** Whom a call is for: a name or an id. `method` names the call in the error. */
export function checkPeer(peer: string, method: string): string {
  if (typeof peer === 'string') return peer;
  throw new FogError(
    'misuse',
    `${method}(peer, ...) needs the name or the id of a peer, not ${String(peer)}`,
  );
}

export function checkFunction<T>(given: T, method: string): T {
  if (typeof given === 'function') return given;
  throw new FogError('misuse', `${method}() needs a function, not ${String(given)}`);
}

/** A topic or a request path. */
export function checkPath(path: string, method: string): string {
  if (typeof path === 'string' && path !== '' && !path.includes('*')) return path;
  throw new FogError(
    'misuse',
    `${method}('${path}', ...) needs a name without "*", for example 'temperature'`,
  );
}

export interface Pattern {
  /** A name, a node id, or '*' for anybody. */
  readonly publisher: string;
  readonly topic: string;
}

export function parsePattern(pattern: string): Pattern {
  if (typeof pattern !== 'string') {
    throw new FogError(
      'misuse',
      `subscribe(pattern, ...) needs a text such as '*/door', not ${String(pattern)}`,
    );
  }
  const slash = pattern.indexOf('/');
  const publisher = pattern.substring(0, slash);
  const topic = pattern.substring(slash + 1);
  const isPlain = publisher === '*' || !publisher.includes('*');
  if (slash > 0 && topic !== '' && isPlain && !topic.includes('*')) return { publisher, topic };
  const advice = /^[^*/]+$/.test(pattern) ? `did you mean '*/${pattern}'?` : `for example '*/door'`;
  throw new FogError(
    'misuse',
    `subscribe('${pattern}', ...) needs 'publisher/topic' or '*/topic' (from anybody): ${advice}`,
  );
}
