/** Every bound that a node keeps, per profile. A peer can never make a node exceed one of them. */
export interface Limits {
  /**
   * Sessions with other nodes. Each is about 240 slots in XS, with all that is known of its peer; 10 kB at
   * most in Node.
   */
  readonly sessionCountMax: number;
  /** Handshakes of strangers that have not proved themselves yet; each about 1 kB. */
  readonly provisionalCountMax: number;
  /** Diffie-Hellman operations per second spent on strangers before RETRY is asked for. */
  readonly dhPerSecondMax: number;
  /** Stations with a live hop session; a row of about 500 B each. */
  readonly neighborCountMax: number;
  /** Rows of the route table: 84 B each, and 4 B for each neighbour. */
  readonly routeCountMax: number;
  /** Labels per neighbour and direction, 32 B each, from the first one on (SPEC §8.4). */
  readonly labelCountMax: number;
  /** Frames of others that wait for a slow link, per neighbour there (SPEC §8.11). */
  readonly relayBytesMax: number;
  /** Relayed for one source, and as much at once after a second without any. */
  readonly relayBytesPerSecondMax: number;
  /** Signed records kept; about 200 B each. */
  readonly recordCountMax: number;
  /** Largest request, answer or publication in bytes; a reassembly buffer is as large. */
  readonly messageBytesMax: number;
  /** Messages that wait for a session or for acknowledgement, per peer. */
  readonly sendQueueMax: number;
  /** Units kept per peer while an earlier one is missing; each at most a packet of RAM. */
  readonly receiveWindow: number;
  /** Subscriptions by and from each peer; about 40 B each. */
  readonly subscriptionCountMax: number;
  /** Requests under way, ours and theirs; about 100 B each, with the answer cached 30 s. */
  readonly requestCountMax: number;
  /** Records kept for others while this node is a supernode, 240 B each, made then; 0: it keeps none. */
  readonly indexCountMax: number;
  /** Reservations granted while this node is a supernode, 16 B each; 0: it is never one, only asks others. */
  readonly reservationCountMax: number;
  /** Nodes that sleep, whose mail is kept here (SPEC §8.12); 0: for nobody. Made with the first one. */
  readonly mailboxCountMax: number;
  /** Bytes of letters in each of these boxes; a letter has about 40 B besides, and there are 16 at most. */
  readonly mailboxBytesMax: number;
}

/** A Raspberry Pi or larger. */
export const PI_LIMITS: Limits = {
  sessionCountMax: 256, // 256 x 10 kB = 2.6 MB at most
  provisionalCountMax: 64, // 64 x 1 kB
  dhPerSecondMax: 400, // 400 x 3 x 0.06 ms = 7 % of one core
  neighborCountMax: 64, // 64 x 500 B = 32 kB
  routeCountMax: 1024, // 1024 x (84 + 64 x 4) B = 348 kB
  labelCountMax: 64, // 64 x 64 x 2 x 32 B = 262 kB when all are used
  relayBytesMax: 65_536, // 64 x 64 kB = 4 MB when all neighbours are on slow links
  relayBytesPerSecondMax: 33_554_432, // more than one core relays
  recordCountMax: 256, // 256 x 200 B = 51 kB
  messageBytesMax: 65_536,
  sendQueueMax: 1024,
  receiveWindow: 256, // 256 x 1.2 kB = 307 kB per peer at worst, 4 MB on a TCP link
  subscriptionCountMax: 64,
  requestCountMax: 256,
  indexCountMax: 1024, // 1024 x 240 B = 246 kB
  reservationCountMax: 128, // 128 x 16 B = 2 kB, and a session each: half of them
  mailboxCountMax: 64,
  mailboxBytesMax: 4096, // 64 x (4 kB + 16 x 40 B) = 303 kB when all are full
};

/** An ESP32 without PSRAM: 78,848 B of chunks and 4,928 slots in all (XS). */
export const BOARD_LIMITS: Limits = {
  sessionCountMax: 10,
  provisionalCountMax: 4, // SPEC §7.3: 4 for 5 s
  dhPerSecondMax: 20, // four handshakes a second, 20 x 20 ms in native code
  neighborCountMax: 8, // 8 x 500 B = 4 kB
  routeCountMax: 64, // 64 x (84 + 8 x 4) B = 7.4 kB
  labelCountMax: 16, // 8 x 16 x 2 x 32 B = 8.2 kB when all are used
  relayBytesMax: 2048, // per neighbour on a slow link, 16 kB if all eight are
  relayBytesPerSecondMax: 262_144, // half of what a board relays over Wi-Fi
  recordCountMax: 16, // 16 x 200 B = 3.2 kB
  messageBytesMax: 4096,
  sendQueueMax: 16,
  receiveWindow: 8, // 8 x 480 B = 3.8 kB at worst
  subscriptionCountMax: 16,
  requestCountMax: 8,
  indexCountMax: 0, // 32 would be 7.7 kB of the 77 there are
  reservationCountMax: 8, // 8 x 16 B; most of them have sessions as neighbours already
  mailboxCountMax: 2,
  mailboxBytesMax: 2048, // 2 x (2 kB + 16 x 40 B) = 5.4 kB, nothing where nobody sleeps
};
