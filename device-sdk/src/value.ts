import { type CborValue, decodeValue, encodeValue, UsageError } from '@fogwisp/protocol';
import { FogError } from './errors.js';

/** What may travel: anything JSON can say, bytes as well, and nothing at all. */
export type Value = CborValue | undefined;

const NOTHING = new Uint8Array(0);

/** `what` names the value in the error. `undefined` travels as an empty body. */
export function encodeBody(value: Value, what: string): Uint8Array {
  if (value === undefined) return NOTHING;
  try {
    return encodeValue(value);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    throw new FogError('valueInvalid', `${what} cannot be sent: ${thrown.message}`, { cause: thrown });
  }
}

export type Decoded = { readonly ok: true; readonly value: Value } | { readonly ok: false };

export function decodeBody(body: Uint8Array): Decoded {
  return body.length === 0 ? { ok: true, value: undefined } : decodeValue(body);
}
