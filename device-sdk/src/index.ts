export type {
  CborValue,
  LinkId,
  LinkInfo,
  NodeKey,
  PathReport,
  PeerName,
  PeerReport,
} from '@fogwisp/protocol';
export type { Dispose, RequestDetails, Responder } from './answers.js';
export {
  anything,
  boolean,
  bytes,
  type Check,
  type Checked,
  integer,
  list,
  nothing,
  number,
  type OptionalCheck,
  oneOf,
  optional,
  type Range,
  type RecordOf,
  record,
  text,
} from './check.js';
export type { DeviceDriver, DeviceParts } from './compose.js';
export { type CallOptions, type DeliveryOptions, Device, type Pong, type Published } from './device.js';
export { FogError, type FogErrorCode, type RefusalCode, RequestError } from './errors.js';
export { createNetworkText } from './network.js';
export type { DeviceOptions, LinkSpec, Logger } from './options.js';
export {
  defineService,
  type RemoteService,
  type RequestShape,
  type Responders,
  type Service,
  type ServiceShape,
} from './service.js';
export type { Listener, MessageDetails } from './subscriptions.js';
export type { Value } from './value.js';
