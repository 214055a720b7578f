/**
 * What an Internet gateway is asked over HTTP (UPnP WANIPConnection:1 and :2, WANPPPConnection:1), and what
 * it says.
 */
import { urlAt } from './ssdp.js';
import { elementsOf, parseXml, textOf } from './xml.js';

const SERVICE = 'urn:schemas-upnp-org:service:';
const TYPES = ['WANIPConnection:2', 'WANIPConnection:1', 'WANPPPConnection:1'].map((type) => SERVICE + type);
const ENVELOPE = 'http://schemas.xmlsoap.org/soap/envelope/';
const ENCODING = 'http://schemas.xmlsoap.org/soap/encoding/';

export interface IgdService {
  readonly type: string;
  readonly control: URL;
}

/** None when it is no description. */
export function decodeDescription(document: string, at: URL): readonly IgdService[] {
  const root = parseXml(document);
  if (root === undefined) return [];
  const base = urlAt(textOf(root, 'URLBase') ?? '', at, at.hostname) ?? at;
  return elementsOf(root, 'service').flatMap((service) => {
    const type = textOf(service, 'serviceType') ?? '';
    const control = urlAt(textOf(service, 'controlURL') ?? '', base, at.hostname);
    return TYPES.includes(type) && control !== undefined ? [{ type, control }] : [];
  });
}

/** Whether it can be asked for any port that is free. */
export function isVersion2(service: IgdService): boolean {
  return service.type === TYPES[0];
}

type Words = Readonly<Record<string, string | number>>;

/** The names are of the standard, and the values numbers and addresses: nothing in them is markup. */
export function encodeAction(type: string, action: string, words: Words): string {
  const fields = Object.entries(words).map(([name, value]) => `<${name}>${value}</${name}>`);
  const body = `<u:${action} xmlns:u="${type}">${fields.join('')}</u:${action}>`;
  const head = `<s:Envelope xmlns:s="${ENVELOPE}" s:encodingStyle="${ENCODING}">`;
  return `<?xml version="1.0"?>${head}<s:Body>${body}</s:Body></s:Envelope>`;
}

export type ActionAnswer =
  | { readonly kind: 'done'; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: 'fault'; readonly code: number };

/** Undefined when it is no answer to that. */
export function decodeActionAnswer(document: string, action: string): ActionAnswer | undefined {
  const root = parseXml(document);
  if (root?.name !== 'Envelope') return undefined;
  const [done] = elementsOf(root, `${action}Response`);
  if (done !== undefined) {
    const fields = new Map(done.children.map(({ name, text }) => [name, text.trim()] as const));
    return { kind: 'done', fields };
  }
  const code = Number.parseInt(textOf(root, 'errorCode') ?? '', 10);
  return Number.isNaN(code) ? undefined : { kind: 'fault', code };
}

const FAULTS: Readonly<Record<number, string>> = {
  606: 'it does not allow that',
  718: 'it has given that port to somebody else',
  724: 'it has given that port to somebody else',
  727: 'it gives no single ports',
  728: 'it has no ports left',
  729: 'it has given that port to somebody else',
};

export function upnpRefusal(code: number): string {
  return FAULTS[code] ?? `its answer is the error ${code}`;
}
