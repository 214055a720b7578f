import type { LinkInfo } from '@fogwisp/protocol';
import { describe, expect, it } from 'vitest';
import { linkConformance } from '../src/conformance/index.js';
import { type BytePipe, type ByteSink, StreamLink } from '../src/index.js';
import { conform } from './conform.js';
import { bytesOf, TestSink } from './sink.js';

const SERIAL: LinkInfo = {
  kind: 'serial',
  name: 'ttyTEST',
  mtu: 200,
  flow: 'stream',
  cast: 'point',
  reliable: false,
  bitrate: 9600,
};

/** A pipe whose wire is in the hands of the test. */
class TestPipe implements BytePipe {
  readonly written: number[] = [];
  sink: ByteSink | undefined;
  takes = true;

  open(sink: ByteSink): void {
    this.sink = sink;
  }

  write(bytes: Uint8Array): boolean {
    if (this.takes) this.written.push(...bytes);
    return this.takes;
  }

  close(): void {
    this.sink = undefined;
  }
}

function upLink(info: LinkInfo = SERIAL, now?: () => number) {
  const pipe = new TestPipe();
  const link = new StreamLink(pipe, now);
  const sink = new TestSink();
  link.open(sink);
  pipe.sink?.up(info);
  return { pipe, link, sink };
}

/** What a sender puts on the wire for these packets. */
function wireOf(...texts: readonly string[]): readonly number[] {
  const { pipe, link } = upLink();
  for (const text of texts) link.send('', bytesOf(text));
  return pipe.written;
}

/** A small generator, so that noise is the same each time. */
function noise(length: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

describe('frames on a byte stream (SPEC §2.4)', () => {
  it('are the same however the bytes are split', () => {
    const texts = ['a', 'hello', 'x'.repeat(200), '\0\0\0', '\xff'.repeat(150)];
    const wire = wireOf(...texts);
    for (const size of [1, 2, 3, 7, 64, wire.length]) {
      const { pipe, sink } = upLink();
      for (let at = 0; at < wire.length; at += size) {
        pipe.sink?.bytes(Uint8Array.from(wire.slice(at, at + size)));
      }
      expect(sink.packets.map((packet) => packet.text)).toEqual(texts);
    }
  });

  it('are found again after noise, and what is damaged is counted', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { pipe, link, sink } = upLink();
      pipe.sink?.bytes(Uint8Array.from([...noise(300, seed), ...wireOf('after the noise')]));
      expect(sink.has('after the noise')).toBe(true);
      expect(sink.packets.length).toBe(1);
      expect(link.damagedFrames).toBeGreaterThan(0);
    }
  });

  it('survive any single damaged byte: nothing wrong is delivered, and the next is whole', () => {
    const wire = wireOf('first', 'second');
    const firstEnd = wire.indexOf(0, 1);
    for (let at = 1; at < firstEnd; at++) {
      for (const flip of [1, 0x80, wire[at] ?? 0]) {
        const { pipe, sink } = upLink();
        pipe.sink?.bytes(Uint8Array.from(wire.map((byte, i) => (i === at ? byte ^ flip : byte))));
        expect(sink.packets.map((packet) => packet.text)).toEqual(['second']);
      }
    }
  });

  it('are bounded: a line that never ends a frame costs no memory and no frame after it', () => {
    const { pipe, sink } = upLink();
    for (let i = 0; i < 1000; i++) pipe.sink?.bytes(new Uint8Array(1000).fill(7));
    pipe.sink?.bytes(Uint8Array.from(wireOf('after')));
    expect(sink.packets.map((packet) => packet.text)).toEqual(['after']);
  });

  it('are led by a delimiter when the line was idle', () => {
    let now = 0;
    const { pipe, link } = upLink(SERIAL, () => now);
    const leads = () => {
      pipe.written.length = 0;
      link.send('', bytesOf('x'));
      return pipe.written[0] === 0;
    };
    expect(leads()).toBe(true); // the first
    expect(leads()).toBe(false);
    now += 1000;
    expect(leads()).toBe(true);
    pipe.sink?.down('unplugged');
    pipe.sink?.up(SERIAL);
    expect(leads()).toBe(true); // the first again
    const tcp = upLink({ ...SERIAL, reliable: true }, () => now);
    tcp.link.send('', bytesOf('x'));
    now += 1000;
    tcp.pipe.written.length = 0;
    tcp.link.send('', bytesOf('x'));
    expect(tcp.pipe.written[0]).not.toBe(0); // nothing gets onto such a line by itself
  });

  it('begin anew after a reconnect: half a frame of before does no harm', () => {
    const { pipe, link, sink } = upLink();
    const wire = wireOf('whole');
    pipe.sink?.bytes(Uint8Array.from(wire.slice(0, 4)));
    pipe.sink?.down('unplugged');
    expect(link.send('', bytesOf('x'))).toBe(false);
    pipe.sink?.up(SERIAL);
    pipe.sink?.bytes(Uint8Array.from(wire.slice(1))); // without its delimiter
    expect(sink.packets.map((packet) => packet.text)).toEqual(['whole']);
    expect(sink.downs.map((down) => down.reason)).toEqual(['unplugged']);
  });

  it('are dropped when the pipe takes no more', () => {
    const { pipe, link } = upLink();
    pipe.takes = false;
    expect(link.send('', bytesOf('x'))).toBe(false);
  });

  it('ask about the baud rate, once, when all that comes is damaged', () => {
    const { pipe, link, sink } = upLink();
    for (let i = 0; i < 30; i++) pipe.sink?.bytes(Uint8Array.from([...noise(40, i + 1), 0]));
    expect(sink.packets).toEqual([]);
    expect(link.damagedFrames).toBeGreaterThanOrEqual(30);
    expect(sink.notices).toHaveLength(1);
    expect(sink.notices[0]).toMatch(/damaged frames from ttyTEST and not one whole: is 9600 the rate/);
  });

  it('tell nothing of packets larger than the mtu', () => {
    const { pipe, sink } = upLink({ ...SERIAL, mtu: 64 });
    pipe.sink?.bytes(Uint8Array.from(wireOf('x'.repeat(65), 'y'.repeat(64))));
    expect(sink.packets.map((packet) => packet.text)).toEqual(['y'.repeat(64)]);
  });
});

/** Two pipes joined by a wire that delivers at the end of the turn, in pieces. */
class WirePipe extends TestPipe {
  other: WirePipe | undefined;

  override open(sink: ByteSink): void {
    super.open(sink);
    queueMicrotask(() => this.sink?.up(SERIAL));
  }

  override write(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += 5) {
      const piece = bytes.subarray(at, at + 5);
      queueMicrotask(() => this.other?.sink?.bytes(piece));
    }
    return true;
  }
}

conform(
  'a stream link',
  linkConformance(() => {
    const pipes = [new WirePipe(), new WirePipe()] as const;
    pipes[0].other = pipes[1];
    pipes[1].other = pipes[0];
    return { near: new StreamLink(pipes[0]), far: new StreamLink(pipes[1]) };
  }),
);
