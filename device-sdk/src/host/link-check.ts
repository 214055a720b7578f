import { boolean, type Check, integer, list, optional, record, text } from '../check.js';
import { FogError } from '../errors.js';
import type { LinkSpec } from '../options.js';
import type { Value } from '../value.js';

const port = integer({ min: 0, max: 65_535 });
const socket = { bind: optional(text()), port: optional(port), portMapping: optional(boolean()) };
const stations = list(text());

const CHECKS: Readonly<Record<LinkSpec['kind'], Check<unknown>>> = {
  lan: record({
    port: optional(port),
    interfaces: optional(list(text())),
    loopbackOnly: optional(boolean()),
    mdns: optional(boolean()),
  }),
  stations: record({ ...socket, connect: stations, bootstrap: optional(stations) }),
  udp: record({ ...socket, connect: optional(stations) }),
  tcp: record({ connect: text() }),
  'tcp-listen': record({ bind: optional(text()), port }),
  serial: record({ path: text(), baudRate: optional(integer({ min: 1 })) }),
};

/**
 * Programs in JavaScript have no compiler that knows the kinds of links and their fields. Throws a `FogError`
 * with code `linkInvalid`.
 */
export function checkLink(spec: LinkSpec): void {
  const kinds: Readonly<Record<string, Check<unknown>>> = CHECKS;
  const { kind }: { readonly kind: string } = spec;
  if (!Object.hasOwn(kinds, kind)) {
    const known = Object.keys(kinds).join(', ');
    throw new FogError('linkInvalid', `there is no link of kind "${kind}": write one of ${known}`);
  }
  const fault = kinds[kind]?.fault({ ...spec } as Value); // plain values, as configuration files have them
  if (fault !== undefined) throw new FogError('linkInvalid', `a link of kind "${kind}": ${fault}`);
}
