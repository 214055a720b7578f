/**
 * Finds out who in front of this machine says to be an Internet gateway (UPnP Device Architecture §1.3).
 */
import { createSocket, type Socket } from 'node:dgram';
import { isNearby } from './ip.js';

const GROUP = '239.255.255.250';
export const SSDP_PORT = 1900;
const DEVICE = 'urn:schemas-upnp-org:device:InternetGatewayDevice:';
/** A device of version 2 should answer who asks for version 1; some do not. */
const VERSIONS = [1, 2];
const SEND_AT_MS = [0, 1000];
const WAIT_MS = 2500;
const ANSWER_BYTES_MAX = 2048;
const GATEWAYS_MAX = 4;

export interface SearchOptions {
  readonly own: string;
  readonly router: string;
  readonly port: number;
}

export function encodeSearch(version: number): Uint8Array {
  const lines = ['M-SEARCH * HTTP/1.1', `HOST: ${GROUP}:${SSDP_PORT}`, 'MAN: "ssdp:discover"', 'MX: 1'];
  return new TextEncoder().encode([...lines, `ST: ${DEVICE}${version}`, '', ''].join('\r\n'));
}

/** Where it says that its description is: nowhere else than with itself, on a network of one's own. */
export function decodeAnswer(bytes: Uint8Array, from: string): URL | undefined {
  if (bytes.length > ANSWER_BYTES_MAX || !isNearby(from)) return undefined;
  const [status = '', ...lines] = new TextDecoder().decode(bytes).split('\r\n');
  if (!/^HTTP\/1\.[01] 200\b/.test(status)) return undefined;
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  if (!fields.get('st')?.startsWith(DEVICE)) return undefined;
  return urlAt(fields.get('location') ?? '', undefined, from);
}

/** Undefined unless it is plain HTTP on that host. */
export function urlAt(text: string, base: URL | undefined, host: string): URL | undefined {
  if (!URL.canParse(text, base?.href)) return undefined;
  const url = new URL(text, base);
  const isThere = url.protocol === 'http:' && url.hostname === host;
  return isThere && url.username === '' && url.password === '' ? url : undefined;
}

/** The router is taken at its word at once; others, if it says nothing. A public address has none. */
export async function findGateways({ own, router, port }: SearchOptions): Promise<readonly URL[]> {
  if (!isNearby(own)) return [];
  const socket = createSocket('udp4');
  const found = new Map<string, URL>();
  return new Promise((resolve) => {
    const end = () => {
      for (const timer of timers) clearTimeout(timer);
      socket.close();
      resolve([...found.values()]);
    };
    const timers = [setTimeout(end, WAIT_MS).unref()];
    const search = () => {
      for (const to of [GROUP, router])
        for (const version of VERSIONS) socket.send(encodeSearch(version), port, to, ignore);
    };
    socket.on('error', ignore);
    socket.on('message', (bytes, { address }) => {
      const location = decodeAnswer(bytes, address);
      if (location === undefined) return;
      if (found.size < GATEWAYS_MAX) found.set(location.href, location);
      if (address !== router) return;
      found.clear();
      found.set(location.href, location);
      end();
    });
    socket.bind({ address: own, port: 0 }, () => {
      sendBy(socket, own);
      for (const at of SEND_AT_MS) timers.push(setTimeout(search, at).unref());
    });
    socket.unref();
  });
}

function sendBy(socket: Socket, own: string): void {
  try {
    socket.setMulticastInterface(own);
  } catch {
    // the address has just gone: the router itself may still be asked
  }
}

/** Nobody may be there; what is lost is sent again. */
function ignore(): void {}
