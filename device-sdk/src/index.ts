export type { DriverCounters, Link, LinkSink, LinkSource, Platform } from '@fogwisp/firmware-shim';
export type {
  CborValue,
  LinkAddress,
  LinkId,
  LinkInfo,
  NodeKey,
  PathReport,
  PeerName,
  PeerReport,
  ReachabilityReport,
  RoleReport,
} from '@fogwisp/protocol';
export type { Dispose, RequestDetails, Responder } from './answers.js';
export type { CallOptions, DeliveryOptions, DeviceEvents, MailReport, Pong, Published } from './calls.js';
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
export type { DeviceDriver, DeviceParts, DriverListener } from './compose.js';
export { Device } from './device.js';
export { FogError, type FogErrorCode, type RefusalCode, RequestError } from './errors.js';
export { ioPins, type PinIo } from './hardware/io-pins.js';
export {
  PIN_MODES,
  type PinDescription,
  type PinMode,
  type Pins,
  type ServoRange,
  type WatchedPin,
} from './hardware/pin.js';
export { type PinCall, RecordedPins, unoPins } from './hardware/recorded-pins.js';
export { describePins, pinService, type ServePinsOptions, servePins } from './hardware/serve-pins.js';
export type { EventListener } from './listeners.js';
export { createNetwork, type NetworkPlatform } from './network.js';
export type { DeviceOptions, LinkSpec, Logger } from './options.js';
export { roleAnswer } from './role.js';
export {
  defineService,
  type RemoteService,
  type RequestShape,
  type Responders,
  type Service,
  type ServiceShape,
} from './service.js';
export type { Listener, MessageDetails } from './subscriptions.js';
export { type Hop, hopTowards } from './trace.js';
export type { Value } from './value.js';
