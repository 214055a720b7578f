import { it } from 'vitest';
import { BOXES, type BoxName, Site } from '/work/wt/traversal/protocol/test/traversal/site.js';

it('tries', () => {
  const names = Object.keys(BOXES) as BoxName[];
  for (const x of names) {
    const row: string[] = [];
    for (const y of names) {
      const site = new Site({ seed: 1, a: BOXES[x], b: BOXES[y] });
      const t = site.meet();
      row.push(`${y}:${t === undefined ? '-' : Math.round(t)}`);
      if (x === 'port' && y === 'port')
        console.log(
          JSON.stringify([...site.sent]),
          site.bytes,
          JSON.stringify(site.a.eventsOf('reachability').at(-1)),
        );
    }
    console.log(x, row.join(' '));
  }
}, 300000);
