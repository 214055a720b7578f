export type { DriverNotice, LinkCounters, LinkStatus } from './attached-link.js';
export { Backoff } from './backoff.js';
export {
  Capture,
  type CapturedPacket,
  type CaptureOptions,
  capturedLink,
  readCapture,
} from './capture.js';
export { Driver, type DriverCounters, type DriverOptions } from './driver.js';
export { DriverFault } from './driver-fault.js';
export { type Faults, FaultyLink, type FaultyLinkOptions, faultyLink } from './faulty-link.js';
export { MemoryMedium } from './memory-link.js';
export { MemoryStore } from './memory-store.js';
export { type TraceEntry, tracedLink } from './middleware.js';
export { type NativeBytes, type NativeCrypto, nativeSuite } from './native-suite.js';
export {
  type Link,
  type LinkSink,
  type LinkSource,
  type LinkSourceSink,
  type Platform,
  STORE_KEY_LENGTH_MAX,
  STORE_VALUE_BYTES_MAX,
  type Store,
} from './platform.js';
export { ShimError, type ShimErrorCode } from './shim-error.js';
export { type BytePipe, type ByteSink, StreamLink } from './stream-link.js';
