import { BROADCAST, copyBytes, equalBytes, type LinkAddress, type LinkInfo } from '@fogwisp/protocol';
import type { Link } from '../platform.js';
import { type ConformanceCase, check, quiet } from './case.js';
import { LinkRecorder } from './link-recorder.js';

/** Two links that reach each other, not opened yet. */
export interface LinkFixture {
  readonly near: Link;
  readonly far: Link;
  /** Where `near` reaches `far`, once both are up; '' if left out. */
  readonly farAddress?: () => LinkAddress;
  /** How long the medium may take to come up or to carry a packet; 15 s if left out. */
  readonly patienceMs?: number;
  /** When both are closed. */
  release?(): Promise<void> | void;
}

/** A fixture with both ends up. */
interface Pair {
  readonly near: LinkRecorder;
  readonly far: LinkRecorder;
  readonly info: LinkInfo;
  /** Where `near` reaches `far`. */
  readonly to: LinkAddress;
}

const BURST_COUNT = 60;
const MTU_MIN = 64;

/** What every Link must do. `make` gives a fresh pair each time; at rest its medium must not lose packets. */
export function linkConformance(make: () => Promise<LinkFixture> | LinkFixture): readonly ConformanceCase[] {
  const paired = (name: string, run: (pair: Pair) => Promise<void>): ConformanceCase => ({
    name,
    run: () => withPair(make, run),
  });
  return [
    {
      name: 'drops what is sent before it is up, and comes up outside of open',
      run: () => opensQuietly(make),
    },
    paired('says what it is', saysWhatItIs),
    paired('carries packets both ways, and `from` is where an answer goes', answers),
    paired('keeps packets of every size whole', keepsSizes),
    paired('refuses packets that are empty or larger than its mtu, and goes on', refusesSizes),
    paired('refuses addresses that are none', refusesAddresses),
    paired('reaches all by BROADCAST, if it can', broadcasts),
    paired('delivers a burst whole, each packet once', deliversBurst),
    paired('tells nothing inside a call', tellsOutside),
    paired('is silent and drops everything after close, which may come twice', closes),
  ];
}

async function withPair(make: () => Promise<LinkFixture> | LinkFixture, run: (pair: Pair) => Promise<void>) {
  const fixture = await make();
  const near = new LinkRecorder(fixture.near, fixture.patienceMs);
  const far = new LinkRecorder(fixture.far, fixture.patienceMs);
  try {
    const [info] = await Promise.all([near.opened(), far.opened()]);
    await run({ near, far, info, to: fixture.farAddress?.() ?? '' });
  } finally {
    near.close();
    far.close();
    await fixture.release?.();
  }
}

async function opensQuietly(make: () => Promise<LinkFixture> | LinkFixture): Promise<void> {
  const fixture = await make();
  const near = new LinkRecorder(fixture.near, fixture.patienceMs);
  const far = new LinkRecorder(fixture.far, fixture.patienceMs);
  try {
    near.open();
    far.open();
    check(near.callCount === 0, 'open returns before the sink is called');
    check(!near.send('', pattern(8)), 'send returns false before up');
    const isUp = await near.eventually(() => near.info !== undefined && far.info !== undefined);
    check(isUp, 'both ends come up by themselves');
    check(near.received.length === 0 && far.received.length === 0, 'nothing is delivered that was not taken');
  } finally {
    near.close();
    far.close();
    await fixture.release?.();
  }
}

async function saysWhatItIs({ info }: Pair): Promise<void> {
  check(info.kind !== '' && info.name !== '', 'kind and name are there for people');
  check(Number.isInteger(info.mtu) && info.mtu >= MTU_MIN, `the mtu is a whole number, ${MTU_MIN} or more`);
  check(info.bitrate >= 0, 'the bitrate is 0 when unknown');
  check(info.flow === 'datagram' || info.cast === 'point', 'a stream has one far end');
}

async function answers({ near, far, info, to }: Pair): Promise<void> {
  const question = pattern(20, 1);
  const answer = pattern(21, 2);
  check(near.send(to, copyBytes(question)), 'a packet to the far end is taken');
  const { from } = await far.heard(question);
  check(info.cast !== 'point' || from === '', 'on a link with one far end `from` is empty');
  check(far.send(from, copyBytes(answer)), 'a packet to where one came from is taken');
  const { from: answeredFrom } = await near.heard(answer);
  check(answeredFrom === to, 'an answer comes from where the question went');
}

async function keepsSizes({ near, far, info, to }: Pair): Promise<void> {
  const sizes = [1, 2, 3, 63, 250, 253, 254, 255, 256, 509, info.mtu].filter((size) => size <= info.mtu);
  for (const size of sizes) {
    const contents = [pattern(size), new Uint8Array(size), new Uint8Array(size).fill(255)];
    for (const bytes of contents) {
      far.received.length = 0;
      check(near.send(to, copyBytes(bytes)), `a packet of ${size} bytes is taken`);
      await far.heard(bytes);
      check(far.received.length === 1, `a packet of ${size} bytes arrives as one`);
    }
  }
}

async function refusesSizes({ near, far, info, to }: Pair): Promise<void> {
  check(!near.send(to, pattern(info.mtu + 1)), 'a packet larger than the mtu is refused');
  check(!near.send(to, new Uint8Array(0)), 'an empty packet is refused');
  check(near.send(to, pattern(9)), 'the next good packet is taken');
  await far.heard(pattern(9));
  check(far.received.length === 1, 'nothing of a refused packet arrives');
}

async function refusesAddresses({ near, far, to }: Pair): Promise<void> {
  for (const address of ['nowhere', 'nowhere:1', '256.1.1.1:5', '127.0.0.1:0', '[::g]:5', '\0', ' ']) {
    check(!near.send(address, pattern(8)), `a packet to ${JSON.stringify(address)} is refused`);
  }
  check(near.send(to, pattern(9)), 'the next good packet is taken');
  await far.heard(pattern(9));
}

async function broadcasts({ near, far, info }: Pair): Promise<void> {
  const bytes = pattern(44, 7);
  const isTaken = near.send(BROADCAST, copyBytes(bytes));
  check(isTaken === (info.cast === 'broadcast'), 'BROADCAST is taken by broadcast links, and by no others');
  if (!isTaken) return;
  const { from } = await far.heard(bytes);
  check(far.send(from, pattern(5)), 'the sender of a broadcast can be answered');
  await near.heard(pattern(5));
  check(
    near.received.every((packet) => !equalBytes(packet.bytes, bytes)),
    'a broadcast does not come back to its sender',
  );
}

async function deliversBurst({ near, far, info, to }: Pair): Promise<void> {
  const sent = Array.from({ length: BURST_COUNT }, (_, i) => pattern(32 + i, i));
  let taken = 0;
  for (const bytes of sent) if (near.send(to, copyBytes(bytes))) taken++;
  check(taken > 0, 'some of a burst is taken');
  await far.eventually(() => far.received.length >= taken);
  const order = far.received.map((packet) => sent.findIndex((bytes) => equalBytes(bytes, packet.bytes)));
  check(!order.includes(-1), 'what arrives is what was sent');
  check(new Set(order).size === order.length, 'each packet arrives once');
  check(far.received.length === taken, 'at rest nothing of a burst is lost');
  check(
    !info.reliable || order.every((at, i) => i === 0 || at > (order[i - 1] ?? -1)),
    'in order, if reliable',
  );
}

async function tellsOutside({ near, far, to }: Pair): Promise<void> {
  near.send(to, pattern(30));
  const { from } = await far.heard(pattern(30));
  far.send(from, pattern(31));
  await near.heard(pattern(31));
  near.close();
  far.close();
  await quiet();
  check(!near.wasCalledInside && !far.wasCalledInside, 'the sink is not called inside open, send or close');
}

async function closes({ near, far, to }: Pair): Promise<void> {
  near.send(to, pattern(30));
  const { from } = await far.heard(pattern(30));
  near.close();
  const before = near.callCount;
  near.close();
  check(!near.send(to, pattern(8)), 'send returns false after close');
  far.send(from, pattern(8)); // taken or not: nobody is there
  await quiet();
  check(near.callCount === before, 'the sink is not called after close');
}

/** Bytes that differ from size to size and from seed to seed, zeros among them. */
function pattern(size: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + seed * 31 + size) & 255);
}
