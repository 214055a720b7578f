/** What a person can put right, by kind. Stable. */
export type ShimErrorCode =
  | 'addressInUse'
  | 'addressUnavailable'
  | 'badAddress'
  | 'badStoreKey'
  | 'mdnsMissing'
  | 'networkDown'
  | 'noSuchPort'
  | 'permissionDenied'
  | 'pipeClosed'
  | 'portBusy'
  | 'portFailed'
  | 'refused'
  | 'serialportMissing'
  | 'socketFailed'
  | 'stateCorrupt'
  | 'stateLocked'
  | 'stateUnwritable'
  | 'storeClosed'
  | 'storeFailed'
  | 'tooLarge'
  | 'unresolved';

/** Something outside is not as it must be. `message` is one line: what is wrong, and the next step. */
export class ShimError extends Error {
  readonly code: ShimErrorCode;

  constructor(code: ShimErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ShimError';
    this.code = code;
  }
}
