import { it } from 'vitest';
import { decodeValue, encodeValue } from '@fogwisp/protocol';
import { type Host, PROFILES } from '@fogwisp/protocol/sim';
import { Network } from './network.js';
it('dbg', () => {
  for (let seed = 20; seed < 80; seed++) {
  const net = new Network(seed);
  const [a,b,c] = ['a','b','c'].map((n) => net.add(n)) as [Host,Host,Host];
  net.world.connect(a,b,{ ...PROFILES.serial, loss: 0.2 }); net.world.connect(b,c,{ ...PROFILES.serial, loss: 0.2 });
    c.command({ kind: 'subscribe', pattern: 'a/count', qos: 1 });
    net.world.runFor(20_000);
    for (let i = 0; i < 100; i++) {
      a.command({ kind: 'publish', topic: 'count', body: encodeValue(i), qos: 1 });
      net.world.runFor(200);
      if (i === 50) b.crash();
      if (i === 60) b.start();
    }
    net.world.runFor(20000); net.world.runFor(90000);
    const got = c.eventsOf('message').map((e) => (decodeValue(e.body) as any).value);
    const ok = JSON.stringify(got) === JSON.stringify(Array.from({length:100},(_, i)=>i));
    const last = c.eventTimes[c.events.map(e=>e.kind).lastIndexOf('message')]!/1000;
    console.log(seed, ok, got.length, last.toFixed(1), ok ? '' : JSON.stringify(got), ok ? '' : [...c.dropped].join(';') + ' A ' + [...a.dropped].join(';'));
    if (!ok) { console.log(c.events.map((e, i) => e.kind === 'message' ? '' : e.kind === 'peer' ? `[${(c.eventTimes[i]!/1000).toFixed(1)} ${e.peer.name} ${e.peer.status} ${e.peer.path.kind} ${e.peer.path.reason ?? ''}]` : e.kind).join(' '));
     console.log('A', a.events.map((e, i) => e.kind === 'published' ? e.lost ? 'lost' : '' : e.kind === 'peer' ? `[${(a.eventTimes[i]!/1000).toFixed(1)} ${e.peer.name} ${e.peer.status} ${e.peer.path.kind} ${e.peer.path.reason ?? ''}]` : e.kind).join(' ')); }
  }
});
