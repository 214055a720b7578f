import { asPeers, asStatus } from '../cli/answers.js';
import { ask } from '../cli/ask.js';
import { ExitCode } from '../cli/exit.js';
import type { Call } from '../cli/verb.js';
import type { GatewayStatus } from '../gateway.js';
import type { LinkReport } from '../links/observed-link.js';
import { peerTable } from '../peer-table.js';
import type { PeerView } from '../peer-view.js';
import { formatClock } from '../text/units.js';

export async function status(call: Call): Promise<ExitCode> {
  const answer = await ask(call, { verb: 'status' });
  if (call.flag('json')) {
    call.print(JSON.stringify(answer));
    return ExitCode.done;
  }
  const gateway = asStatus(answer);
  for (const line of headLines(gateway, call)) call.print(line);
  call.print('');
  for (const line of peerTable(gateway.peers, call.paint, call.stdout.columns)) call.print(line);
  return ExitCode.done;
}

export async function peers(call: Call): Promise<ExitCode> {
  const answer = await ask(call, { verb: 'peers' });
  if (call.flag('json')) call.print(JSON.stringify(answer));
  else for (const line of peerTable(asPeers(answer), call.paint, call.stdout.columns)) call.print(line);
  return ExitCode.done;
}

function headLines(gateway: GatewayStatus, call: Call): string[] {
  const { name, version, id, startedAt, links } = gateway;
  const up = formatClock(Date.now() - startedAt);
  return [
    `${call.paint('strong', name)}  ${id}  fogwisp ${version}  up ${up}`,
    countLine(gateway.peers),
    brokerLine(gateway),
    ...links.map((link) => linkLine(link, call)),
  ];
}

function countLine(all: readonly PeerView[]): string {
  const count = (wanted: (peer: PeerView) => boolean) => all.filter(wanted).length;
  const online = all.filter((peer) => peer.status === 'online');
  const direct = online.filter((peer) => peer.path.kind === 'direct').length;
  const relayed = online.filter((peer) => peer.path.kind === 'relayed').length;
  const offline = count((peer) => peer.status === 'offline');
  const asleep = count((peer) => peer.status === 'asleep');
  const unknown = all.length - direct - relayed - offline - asleep;
  const sleepers = asleep === 0 ? '' : `, asleep ${asleep}`;
  const counts = `direct ${direct}, relayed ${relayed}, unknown ${unknown}, offline ${offline}${sleepers}`;
  return `peers   ${all.length} known: ${counts}`;
}

function brokerLine(gateway: GatewayStatus): string {
  const { broker } = gateway;
  if (broker === undefined) return 'broker  none';
  const { url, state, version, queued, dropped, reason, embedded, base } = broker;
  const parts = [`broker  ${url}${embedded ? ' (embedded)' : ''}`, state];
  if (version !== undefined) parts.push(`MQTT ${version}`);
  parts.push(`topics ${base}/...`);
  if (queued > 0) parts.push(`${queued} waiting`);
  if (dropped > 0) parts.push(`${dropped} dropped`);
  if (reason !== undefined) parts.push(reason);
  return parts.join(', ');
}

function linkLine(link: LinkReport, call: Call): string {
  const { kind, name, state, reason } = link;
  const told = reason === undefined ? state : `${state}: ${reason}`;
  return `link    ${kind} ${name}, ${call.paint(state === 'down' ? 'bad' : 'plain', told)}`.replace(
    ' ,',
    ',',
  );
}
