import { isJsonMap, type Json } from '../bridge/json.js';
import type { Explanation } from '../explain.js';
import type { GatewayStatus } from '../gateway.js';
import type { CheckLine } from '../netcheck/line.js';
import type { PathView, PeerView } from '../peer-view.js';
import type { RoleView } from '../roles.js';
import type { TraceView } from '../trace.js';

/**
 * Answers of the gateway under their types. The greeting has said that both ends are of one version, so the
 * shapes are those of the views and are not checked field by field.
 */
export function asStatus(json: Json): GatewayStatus {
  return json as unknown as GatewayStatus; // a border between two processes of one version
}

export function asPeers(json: Json): readonly PeerView[] {
  return json as unknown as readonly PeerView[]; // as above
}

export function asChecks(json: Json): readonly CheckLine[] {
  return json as unknown as readonly CheckLine[]; // as above
}

export function asRoles(json: Json): readonly RoleView[] {
  return json as unknown as readonly RoleView[]; // as above
}

export interface PongView {
  readonly to: string;
  readonly roundTripMs: number;
  readonly path: PathView;
}

export function asPong(json: Json): PongView {
  return json as unknown as PongView; // as above
}

export function asTrace(json: Json): TraceView {
  return json as unknown as TraceView; // as above
}

export function asExplanation(json: Json): Explanation {
  return json as unknown as Explanation; // as above
}

export interface ListenedMessage {
  readonly topic: string;
  readonly payload: Json;
  readonly retained: boolean;
}

export function asMessage(json: Json): ListenedMessage {
  return json as unknown as ListenedMessage; // as above
}

export function fieldOf(json: Json, key: string): Json {
  return isJsonMap(json) ? (json[key] ?? null) : null;
}
