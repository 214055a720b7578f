import type { PortMappingReport } from '@fogwisp/firmware-shim/node';
import { unreachable } from '../unreachable.js';
import type { CheckLine } from './line.js';
import { ipOf, isReachedUnasked, type SeenLink } from './seen-line.js';

const NAMES = { pcp: 'PCP', 'nat-pmp': 'NAT-PMP', upnp: 'UPnP' } as const;
const NEXT = 'turn on PCP, NAT-PMP or UPnP in the router, or have it forward a port of UDP to this machine';

/** What the router in front of a link said when it was asked for a port, and whether others see it so. */
export function mappingLine(seen: SeenLink, report: PortMappingReport, now: number): CheckLine {
  const check = `port mapping ${seen.link}`;
  const { state } = report;
  switch (state) {
    case 'off':
      return { state: 'n/a', check, evidence: report.reason };
    case 'unknown':
      return { state: 'unknown', check, evidence: report.reason };
    case 'asking':
      return { state: 'unknown', check, evidence: `${report.router} is being asked` };
    case 'mapped':
      return { check, ageMs: Math.max(0, now - report.at), ...grantedLine(seen, report) };
    case 'absent':
    case 'refused': {
      const by = report.method === undefined ? '' : ` (${NAMES[report.method]})`;
      const evidence = `router ${report.router}${by}: ${report.reason}`;
      const common = { check, evidence, ageMs: Math.max(0, now - report.at) };
      if (isReachedUnasked(seen)) return { state: 'n/a', ...common };
      return { state: 'warn', ...common, next: NEXT };
    }
    default:
      return unreachable(state);
  }
}

function grantedLine(
  seen: SeenLink,
  { method, address = '', router }: Extract<PortMappingReport, { readonly router: string }>,
): Pick<CheckLine, 'state' | 'evidence' | 'next'> {
  const by = `${address}, given by ${router} with ${method === undefined ? '?' : NAMES[method]}`;
  if (seen.address === undefined)
    return { state: 'unknown', evidence: `${by}; nobody has said what others see` };
  if (ipOf(seen.address) === ipOf(address))
    return { state: 'ok', evidence: `${by}; others see that address` };
  return {
    state: 'warn',
    evidence: `${by}; others see ${ipOf(seen.address)}, so it is not told to them`,
    next: 'there is another NAT before that router, or the router is wrong about its own address',
  };
}
