/** CONNACK codes for "not this protocol version": 3.1.1 and 5. */
const VERSION_REFUSED: readonly number[] = [1, 0x84];

type BrokerError = Error & { readonly code?: unknown };

export function isVersionRefusal(error: BrokerError): boolean {
  return typeof error.code === 'number' && VERSION_REFUSED.includes(error.code);
}

/** A reason code of 0x80 and above belongs to one message, not to the connection. */
export function isMessageRefusal(error: BrokerError): boolean {
  return typeof error.code === 'number' && error.code >= 0x80;
}

export function reasonOf(error: BrokerError): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'ENOTFOUND':
      return 'no such host';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no way there';
    default:
      return error.message === '' ? String(error.code ?? 'unknown trouble') : error.message;
  }
}

export function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
