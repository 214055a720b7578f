export type {
  DriverNotice,
  LinkCounters,
  LinkStatus,
} from './attached-link.js';
export { Backoff } from './backoff.js';
export { Driver, type DriverCounters, DriverFault, type DriverOptions } from './driver.js';
export { MemoryStore } from './memory-store.js';
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
