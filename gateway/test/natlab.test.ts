import { describe, expect, it } from 'vitest';
import { behaviorOf } from '../demo/nat/nat.js';
import { allCells, type Cell, namedCell, nameOf, reducedCells } from '../tools/natlab/cells.js';
import { wireOf } from '../tools/natlab/lab-peer.js';
import { differences } from '../tools/natlab/self-test.js';
import type { Trial } from '../tools/natlab/trial.js';
import { Turns } from '../tools/natlab/turns.js';
import { complaintsOf, figuresOf } from '../tools/natlab/verdict.js';

describe('the pairs of the lab', () => {
  const cells = allCells();
  const names = cells.map(nameOf);

  it('are all ordered ones of six kinds, and the named extras, each once', () => {
    expect(new Set(names).size).toBe(cells.length);
    for (const a of ['none', 'full', 'address', 'port', 'symmetric', 'blocked']) {
      expect(names.filter((name) => name.startsWith(`${a}:`)).length).toBeGreaterThanOrEqual(6);
    }
    for (const extra of ['same:same', 'hairpin:hairpin', 'double:double', 'firewall6:firewall6']) {
      expect(names).toContain(extra);
    }
  });

  it('can be direct unless both are symmetric or one has no UDP', () => {
    const impossible = cells.filter(({ possible }) => !possible).map(nameOf);
    expect(impossible.filter((name) => !name.includes('blocked'))).toEqual(['symmetric:symmetric']);
    expect(impossible).toHaveLength(12);
  });

  it('of the reduced lab have each kind of them', () => {
    const kinds = (some: readonly Cell[]) => new Set(some.flatMap(({ a, b }) => [a, b]));
    const left = [...kinds(cells)].filter((kind) => !kinds(reducedCells()).has(kind));
    expect(left).toEqual(['hairpin', 'isolated', 'open6']); // variants of what is there
    expect(reducedCells().some(({ possible }) => !possible)).toBe(true);
  });
});

function trial(more: Partial<Trial> = {}): Trial {
  return {
    outcome: 'direct',
    trouble: '',
    notDirect: [],
    firstReplyMs: 20,
    directMs: 80,
    bytes: [300, 400],
    ...more,
  };
}

function cell(name: string): Cell {
  const found = namedCell(name);
  if (found === undefined) throw new Error(name);
  return found;
}

const twenty = (name: string, other: Partial<Trial>, otherCount: number) => {
  const trials = Array.from({ length: 20 }, (_, at) => trial(at < otherCount ? other : {}));
  return figuresOf(cell(name), trials);
};

describe('the verdict on a lab', () => {
  const relayed = { outcome: 'relayed', directMs: undefined } as const;

  it('counts and takes medians', () => {
    expect(twenty('port:port', relayed, 3)).toMatchObject({
      runs: 20,
      direct: 17,
      relayed: 3,
      failed: 0,
      firstReplyMs: 20,
      directMs: 80,
      bytes: 700,
    });
  });

  it('is good when all that can be direct is', () => {
    expect(complaintsOf([twenty('port:port', relayed, 0), twenty('port:blocked', relayed, 20)])).toEqual([]);
  });

  it('allows one of twenty in a pair, and one of a hundred in a row', () => {
    const one = twenty('port:port', relayed, 1);
    expect(complaintsOf([one])).toEqual(['row port: 19 of 20 direct']);
    const row = ['port:none', 'port:full', 'port:address', 'port:symmetric'];
    expect(complaintsOf([one, ...row.map((name) => twenty(name, relayed, 0))])).toEqual([]);
    expect(complaintsOf([twenty('port:port', relayed, 2)])[0]).toBe('port:port: 18 of 20 direct');
  });

  it('is bad when somebody was silent or slow, or a claim cannot be', () => {
    const silent = { outcome: 'failed', trouble: 'no answer', directMs: undefined } as const;
    expect(complaintsOf([twenty('port:blocked', silent, 1), twenty('blocked:port', relayed, 20)])).toEqual([
      'port:blocked: 1 of 20 failed (no answer)',
      'port:blocked: 19 of 20 direct, which cannot be',
    ]);
    expect(complaintsOf([twenty('port:port', { firstReplyMs: 150 }, 20)])).toEqual([
      'port:port: first reply after 150 ms',
    ]);
    expect(complaintsOf([figuresOf(cell('none:none'), [])])).toEqual(['none:none: never tried']);
  });
});

describe('what a NAT is measured to be', () => {
  it('is compared with what it should be', () => {
    expect(differences('port', behaviorOf('port'), behaviorOf('double'))).toEqual([]);
    expect(differences('port', behaviorOf('port'), behaviorOf('symmetric'))).toEqual([
      'port should be "mapping independent, filtering address and port" and is ' +
        '"mapping address and port, filtering address and port"',
    ]);
    expect(differences('hairpin', behaviorOf('hairpin'), behaviorOf('isolated'))).toHaveLength(1);
  });
});

describe('the bytes on a wire', () => {
  it('are those of all interfaces but loopback, without the headers of Ethernet', () => {
    const table = [
      'Inter-|   Receive                            |  Transmit',
      ' face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs ...',
      '    lo:  900   9 0 0 0 0 0 0  900   9 0 0 0 0 0 0',
      '  eth0:  420   3 0 0 0 0 0 0  142   1 0 0 0 0 0 0',
    ].join('\n');
    expect(wireOf(table)).toEqual({ bytes: 420 + 142 - 4 * 14, packets: 4 });
  });
});

describe('turns', () => {
  it('are of one kind at a time, and come to everybody', async () => {
    const turns = new Turns<'start' | 'request'>();
    const running: string[] = [];
    const met = new Set<string>();
    let ends: (() => void)[] = [];
    const work = (kind: 'start' | 'request') =>
      turns.take(kind, async () => {
        running.push(kind);
        met.add([...running].sort().join('+'));
        await new Promise<void>((end) => ends.push(end));
        running.splice(running.indexOf(kind), 1);
      });
    const all = [work('start'), work('start'), work('request'), work('start'), work('request')];
    while (ends.length > 0) {
      const some = ends;
      ends = [];
      for (const end of some) end();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
    expect([...met]).toEqual(['start', 'start+start', 'request', 'request+request']);
  });
});
