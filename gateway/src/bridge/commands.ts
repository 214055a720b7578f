import type { CborValue } from '@fogwisp/protocol';
import { fromJson, isJsonMap, type Json, parseJson } from './json.js';
import type { CommandTopic } from './topics.js';

/** One request to a peer that a message on the broker asks for. */
export interface BridgeCommand {
  readonly path: string;
  readonly body: CborValue | undefined;
  readonly transaction: Json | undefined;
}

export type ParsedCommands =
  | { readonly ok: true; readonly commands: readonly BridgeCommand[] }
  | { readonly ok: false; readonly problem: string };

/** As many as a small board can take at once. */
const COMMANDS_MAX = 8;

/**
 * <name>/set {"led": true} asks path "led" with true; <name>/set/led true does the same. /get asks without a
 * body. "transaction" is given back in the answer and is no path.
 */
export function commandsIn(target: CommandTopic, payload: string): ParsedCommands {
  const json = payload.trim() === '' ? null : parseJson(payload);
  if (json === undefined) return { ok: false, problem: `not JSON: ${payload.substring(0, 40)}` };
  const isGet = target.verb === 'get';
  if (target.path !== undefined) {
    return {
      ok: true,
      commands: [{ path: target.path, body: isGet ? undefined : bodyOf(json), transaction: undefined }],
    };
  }
  if (!isJsonMap(json)) {
    return { ok: false, problem: `${target.verb} needs a JSON object, such as {"led": true}` };
  }
  const paths = Object.keys(json).filter((key) => key !== 'transaction');
  if (paths.length === 0 || paths.length > COMMANDS_MAX) {
    return { ok: false, problem: `${target.verb} needs 1 to ${COMMANDS_MAX} paths, not ${paths.length}` };
  }
  const transaction = json['transaction'];
  return {
    ok: true,
    commands: paths.map((path) => ({ path, body: isGet ? undefined : bodyOf(json[path]), transaction })),
  };
}

function bodyOf(json: Json | undefined): CborValue | undefined {
  return json === null || json === undefined ? undefined : fromJson(json);
}
