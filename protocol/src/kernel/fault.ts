/**
 * Whose fault decides the form. The peer's: a `DropReason`, counted, never thrown. The caller's:
 * `UsageError`, thrown from the public method. Ours: `assert`. The world's: an input.
 */

/** Why a packet was dropped. Constants, so that dropping allocates nothing. */
export type DropReason =
  | 'empty' // no bytes
  | 'unknownType' // first byte not in the map of SPEC §4
  | 'truncated' // shorter than its layout
  | 'malformed' // decodes to nothing allowed
  | 'oversize' // larger than any packet may be
  | 'unknownConnection' // no session has this connection id
  | 'authentication' // tag or MAC does not verify
  | 'replay' // counter seen before or older than the window
  | 'unknownKey' // KK with a key id that nobody here has
  | 'wrongNetwork' // MAC under another network key
  | 'unexpected' // valid, but not in this state
  | 'overLimit' // a table or budget is full
  | 'notNeighbor' // forward frame from a station without a live hop session
  | 'noRoute' // forward frame whose destination is unknown here
  | 'hopLimit' // forward frame that travelled too far
  | 'amplification'; // would send more than 3x to an address that is not validated

/** Told to the peer inside a session when it is closed. */
export const CloseCode = {
  goodbye: 0,
  protocolError: 1,
  replaced: 2,
  idle: 3,
  notAllowed: 4,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Thrown at the caller for misuse that the caller can avoid; `code` is stable. */
export class UsageError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'UsageError';
    this.code = code;
  }
}
