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
  /** The first frame to it that nothing was heard after, and when it was put in doubt. */
  sentAt: 11,
  doubtedAt: 12,
  // heartbeat.ts: when to send the next one, to ask for all routes, to tell all; Infinity: not at all
  beatAt: 13,
  wantAt: 14,
  dumpAt: 15,
  /** When all routes were asked for, and told on demand. */
  wantedAt: 16,
  dumpedAt: 17,
  /** 1: the next one must not overtake the routes before it. */
  isOrdered: 18,
  /** Heartbeats in a row that differed. */
  mismatches: 19,
  /** 1 while the neighbour tells its routes anew. */
  isResyncing: 20,
  // advert.ts: the digest of what it told; 1: it is to be told something; has been told; is live
  heardDigest: 21,
  isPending: 22,
  hasMarks: 23,
  hasMixes: 24,
  // receipt.ts: the newest message to it, the newest that it took; 1 after a failure
  sent: 25,
  taken: 26,
  hasFailed: 27,
  // reach.ts: how far it wants to be told; 1: the link has no room for all routes
  hops: 28,
  landmarkHops: 29,
  isSparing: 30,
  // tell.ts: when changes may be told again, and until when what was told uses its average rate up
  tellAt: 31,
  toldUntil: 32,
  // search.ts: until when what was passed on for it, and what went to it, uses its average rate up
  passedUntil: 33,
  floodedUntil: 34,
  // room.ts, 1: a destination of it found no room; and: there may be room now
  isRefused: 35,
  isRoomAgain: 36,
  // label.ts, 1: it used a label that is unknown here
  hasStray: 37,
  // receipt.ts: messages to it that are not settled
  underWay: 38,
  // neighbor.ts: how far apart it wants to be woken at least
  wakeEveryMs: 39,
} as const;

export const CELL_COUNT = 40;
