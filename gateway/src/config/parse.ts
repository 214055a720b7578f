import { isNode, LineCounter, parseDocument } from 'yaml';
import { CONFIG_DEFAULT, type GatewayConfig } from './config.js';
import { ConfigCursor, type ConfigFault, FaultList } from './cursor.js';
import { readLinks } from './links.js';
import { readMqtt } from './mqtt.js';

export type { ConfigFault };

export type ParsedConfig =
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/**
 * Reads the text of a configuration file. It is only ever read: nothing of ours is written to the user's
 * file.
 */
export function parseConfig(text: string): ParsedConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const faults = new FaultList(lines);
  for (const error of document.errors) faults.add(error.pos[0], firstLine(error.message));
  if (faults.faults.length > 0) return { ok: false, faults: faults.faults };
  const root = isNode(document.contents) ? document.contents : undefined;
  const config = readRoot(new ConfigCursor(root, '', 0, faults));
  return faults.faults.length === 0 ? { ok: true, config } : { ok: false, faults: inOrder(faults.faults) };
}

/** One line per fault, in the form that editors jump to. */
export function faultLines(file: string, faults: readonly ConfigFault[]): string[] {
  return faults.map((fault) => `${file}:${fault.line}:${fault.column}: ${fault.problem}`);
}

const ROOT_KEYS = ['name', 'network', 'state', 'socket', 'links', 'mqtt', 'share'] as const;

function readRoot(root: ConfigCursor): GatewayConfig {
  if (root.isEmpty) return CONFIG_DEFAULT;
  const fields = root.fields(ROOT_KEYS);
  const links = fields.get('links');
  return {
    name: readName(fields.get('name')),
    network: readNetwork(fields.get('network')),
    state: fields.get('state')?.text('/var/lib/fogwisp'),
    socket: fields.get('socket')?.text('/run/fogwisp/gateway.sock'),
    links: links === undefined ? CONFIG_DEFAULT.links : readLinks(links),
    mqtt: readMqtt(fields.get('mqtt')),
    share: fields.get('share')?.flag() ?? CONFIG_DEFAULT.share,
  };
}

function readName(field: ConfigCursor | undefined): string | undefined {
  const name = field?.text('hearth');
  if (name === undefined || /^[a-z0-9-]{1,32}$/.test(name)) return name;
  return field?.fault('"name" must be 1 to 32 of a-z, 0-9 and "-", such as hearth');
}

/** The text itself, or { file: path }, so that the file can be shown to others. */
function readNetwork(field: ConfigCursor | undefined): string | undefined {
  if (field === undefined) return undefined;
  if (field.isMap)
    return field
      .fields(['file'] as const)
      .get('file')
      ?.text('network.key');
  const text = field.text('fog1-...');
  if (text === undefined || /^fog(1|join1)-/.test(text)) return text;
  return field.fault(
    '"network" must start with fog1- or fogjoin1-, or be { file: PATH }; `fogwisp network create` makes one',
  );
}

function inOrder(faults: readonly ConfigFault[]): ConfigFault[] {
  return [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message;
}
