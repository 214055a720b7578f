import type { DriverNotice } from '@fogwisp/firmware-shim';
import { unreachable } from '@fogwisp/protocol';
import { messageOf } from './errors.js';

/** What a person should read about links and storage, undefined for what is as it should be. */
export function textOf(notice: DriverNotice): string | undefined {
  switch (notice.kind) {
    case 'linkUp':
    case 'sourceUp':
      return undefined;
    case 'linkDown':
    case 'sourceDown':
      return notice.error?.message ?? `a link is down: ${notice.reason}`;
    case 'linkNotice':
    case 'sourceNotice':
      return notice.text;
    case 'storeFailed':
      return `"${notice.key}" could not be stored and will be tried again: ${messageOf(notice.error)}`;
    default:
      return unreachable(notice);
  }
}
