/**
 * The attic and the cellar have no cable to each other; the stairs have one to both, and forward without
 * being asked to and without being able to read. Each side says by which path, and why it is not direct.
 * Run: node examples/dist/04-through-a-neighbor.js
 */
import { duplexPair } from 'node:stream';
import { createNetwork, Device, type Link, type PathReport } from '@fogwisp/device-sdk';
import { pipeLink } from '@fogwisp/firmware-shim/node';
import { type Print, runAsProgram } from './program.js';

/** The two ends of a cable that is a stream in this process. */
function cable(): readonly [Link, Link] {
  const [one, other] = duplexPair();
  return [pipeLink(one, one), pipeLink(other, other)];
}

export async function run(print: Print): Promise<void> {
  const network = createNetwork();
  const start = (name: string, ...links: Link[]) =>
    Device.start({ name, network, links, stateDirectory: false });

  const [up, upStairs] = cable();
  const [down, downStairs] = cable();
  const attic = await start('attic', up);
  const stairs = await start('stairs', upStairs, downStairs);
  const cellar = await start('cellar', down);

  cellar.serve('temperature', () => 12.5);
  print(`attic: the cellar has ${await attic.request('cellar', 'temperature')} degrees`);
  print(`attic -> cellar: ${describe((await attic.ping('cellar')).path)}`);
  print(`attic -> stairs: ${describe((await attic.ping('stairs')).path)}`);

  for (const device of [attic, cellar, stairs]) await device.stop();
}

function describe(path: PathReport): string {
  if (path.kind === 'direct') return `direct, over ${path.link?.kind}`;
  const through = path.via?.map((peer) => peer.name).join(', ');
  return `${path.kind}, through ${through}, ${path.hops} links, because ${path.reason}`;
}

await runAsProgram(import.meta.url, run);
