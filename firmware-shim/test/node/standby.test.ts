import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Standby } from '../../src/node/standby.js';
import type { Link } from '../../src/platform.js';

/** A clock that moves only when a test says so. */
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(): { standby: Standby; there: Set<Link>; dialed: () => number } {
  let count = 0;
  const dial = (): Link => {
    count++;
    return { open: () => undefined, send: () => true, close: () => undefined };
  };
  const there = new Set<Link>();
  const standby = new Standby({ dial, now: () => Date.now() });
  standby.open({
    add: (link) => there.add(link),
    remove: (link) => there.delete(link),
    up: () => undefined,
    down: () => undefined,
  });
  return { standby, there, dialed: () => count };
}

function sendFor(standby: Standby, ms: number): void {
  for (let sent = 0; sent < ms; sent += 500) {
    standby.noteSent();
    vi.advanceTimersByTime(500);
  }
}

describe('a link that stands by', () => {
  it('is never dialled when UDP answers within its head start', () => {
    const { standby, dialed } = setUp();
    standby.noteSent();
    vi.advanceTimersByTime(200);
    standby.noteHeard();
    vi.advanceTimersByTime(60_000);
    expect([dialed(), standby.isStandingBy]).toEqual([0, true]);
  });

  it('is dialled beside UDP, long before anybody could say that UDP failed', () => {
    const { standby, there } = setUp();
    standby.noteSent();
    vi.advanceTimersByTime(300);
    expect([there.size, standby.isStandingBy]).toEqual([1, false]);
    sendFor(standby, 60_000);
    expect(there.size).toBe(1);
  });

  it('goes once UDP has answered after all, and not at once: the session moves first', () => {
    const { standby, there } = setUp();
    vi.advanceTimersByTime(300);
    standby.noteHeard();
    vi.advanceTimersByTime(1000);
    expect(there.size).toBe(1);
    vi.advanceTimersByTime(1500);
    expect(there.size).toBe(0);
  });

  it('stays when UDP fell silent again meanwhile', () => {
    const { standby, there } = setUp();
    vi.advanceTimersByTime(300);
    standby.noteHeard();
    sendFor(standby, 3000);
    expect(there.size).toBe(1);
  });

  it('comes back when what goes out by UDP is not answered any more', () => {
    const { standby, there } = setUp();
    standby.noteHeard();
    sendFor(standby, 4000);
    expect(there.size).toBe(0);
    sendFor(standby, 2500);
    expect(there.size).toBe(1);
  });

  it('is more patient each time that UDP turned out to work, so that one who only sends dials rarely', () => {
    const { standby, dialed } = setUp();
    standby.noteHeard();
    for (let minute = 0; minute < 60; minute++) {
      sendFor(standby, 30_000); // a heartbeat comes by each half minute
      standby.noteHeard();
      vi.advanceTimersByTime(3000);
    }
    expect(dialed()).toBeLessThanOrEqual(4);
  });

  it('does nothing any more once it is closed', () => {
    const { standby, dialed } = setUp();
    standby.close();
    sendFor(standby, 60_000);
    standby.noteHeard();
    vi.advanceTimersByTime(10_000);
    expect(dialed()).toBe(0);
  });
});
