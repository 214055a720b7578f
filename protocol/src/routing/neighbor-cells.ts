/**
 * What is kept of each neighbour, by the file that has the column. One table for all of them: on a board a
 * table of its own would cost each of them more than is in it.
 */
export const Cell = {
  // neighbor.ts
  state: 0,
  session: 1,
  /** The halves of its short id. */
  high: 2,
  low: 3,
  mtu: 4,
  /** Bits per second, 0 when unknown. */
  bitrate: 5,
  cost: 6,
  roundTripMs: 7,
  /** Per mille. */
  loss: 8,
  heardAt: 9,
  holdMs: 10,
  // heartbeat.ts: when to send the next one, to ask for all routes, to tell all; Infinity: not at all
  beatAt: 11,
  wantAt: 12,
  dumpAt: 13,
  /** When all routes were asked for, and told on demand. */
  wantedAt: 14,
  dumpedAt: 15,
  /** 1: the next one must not overtake the routes before it. */
  isOrdered: 16,
  /** Heartbeats in a row that differed. */
  mismatches: 17,
  /** 1 while the neighbour tells its routes anew. */
  isResyncing: 18,
  // advert.ts: the digest of what it told; 1: it is to be told something; has been told; is live
  heardDigest: 19,
  isPending: 20,
  hasMarks: 21,
  hasMixes: 22,
  // receipt.ts: the newest message to it, the newest that it took; 1 after a failure
  sent: 23,
  taken: 24,
  hasFailed: 25,
  // reach.ts: how far it wants to be told; 1: the link has no room for all routes
  hops: 26,
  landmarkHops: 27,
  isSparing: 28,
  // tell.ts: when changes may be told again, and until when what was told uses its average rate up
  tellAt: 29,
  toldUntil: 30,
  // search.ts: until when what was passed on for it, and what went to it, uses its average rate up
  passedUntil: 31,
  floodedUntil: 32,
  // room.ts, 1: a destination of it found no room; and: there may be room now
  isRefused: 33,
  isRoomAgain: 34,
  // label.ts, 1: it used a label that is unknown here
  hasStray: 35,
} as const;

export const CELL_COUNT = 36;
