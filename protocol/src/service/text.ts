import { encodeUtf8 } from '../kernel/utf8.js';

/** Longest path of a request and longest topic, UTF-8. */
export const PATH_BYTES_MAX = 128;
/** Longest name of a node; its letters are those of a host name. */
export const NAME_BYTES_MAX = 32;

const NODE_KEY = /^[0-9a-f]{32}$/;
const NAME = /^[a-z0-9-]{1,32}$/;

export function isNodeKey(text: string): boolean {
  return NODE_KEY.test(text);
}

/** A name that looks like a NodeKey would be taken for one, so it is none. */
export function isName(text: string): boolean {
  return NAME.test(text) && !isNodeKey(text);
}

export function isPath(text: string): boolean {
  if (text.length === 0 || text.length > PATH_BYTES_MAX) return false;
  return text.length * 3 <= PATH_BYTES_MAX || textBytes(text) <= PATH_BYTES_MAX;
}

export function textBytes(text: string): number {
  return encodeUtf8(text).length;
}

/** A path without '*', which only stands for the publisher in a pattern. */
export function isTopic(text: string): boolean {
  return isPath(text) && !text.includes('*');
}
