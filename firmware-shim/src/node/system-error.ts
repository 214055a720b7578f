import { userInfo } from 'node:os';
import { ShimError } from '../shim-error.js';

/** The POSIX name of what the system refused, '' when it was not the system. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Who runs this; in a container that may be a number that nobody gave a name. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `number ${process.getuid?.() ?? '?'}`;
  }
}

/** What a person can do about a socket that does not open. `what`: 'UDP port 4610', `where`: the address. */
export function socketError(error: unknown, what: string, where: string): ShimError {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new ShimError(
        'addressInUse',
        `${what} on ${where} is in use: stop the program that has it (ss -lupnt shows it) or choose another`,
        error,
      );
    case 'EADDRNOTAVAIL':
      return new ShimError(
        'addressUnavailable',
        `${where} is no address of this machine: see 'ip address', or leave the address out to use all`,
        error,
      );
    case 'EACCES':
    case 'EPERM':
      return new ShimError(
        'permissionDenied',
        `${what} on ${where} is not allowed for this user: choose a port above 1023`,
        error,
      );
    case 'EAFNOSUPPORT':
      return new ShimError(
        'addressUnavailable',
        `this machine has no ${where.includes(':') ? 'IPv6' : 'IPv4'}: give an address of the other family`,
        error,
      );
    default:
      return new ShimError('socketFailed', `${what} on ${where} failed: ${messageOf(error)}`, error);
  }
}
