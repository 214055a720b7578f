import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const HOST = '127.0.0.1';
const GROUP = '239.255.255.250';

export interface Asked {
  readonly action: string;
  readonly type: string;
  readonly words: Readonly<Record<string, string>>;
}

/** Fields of the answer, an error code, or what it sends instead. */
export type Reply = Readonly<Record<string, string | number>> | number | string;

export type Describe = (answer: ServerResponse, body: string) => void;

interface IgdOptions {
  /** Default: one that is behind a service of the first version, and grants everything. */
  readonly reply?: (asked: Asked) => Reply | undefined;
  readonly types?: readonly string[];
  /** Of the description; default: what `types` says, in the middle of what else there is in one. */
  readonly describe?: Describe;
  /** Default: where it is. */
  readonly location?: (port: number) => string;
  readonly control?: string;
}

/** A router that speaks UPnP, on ports of its own. */
export class Igd {
  readonly asked: Asked[] = [];
  readonly gets: string[] = [];
  searchCount = 0;
  readonly ssdpPort: number;
  readonly close: () => void;

  private constructor(ssdpPort: number, close: () => void) {
    this.ssdpPort = ssdpPort;
    this.close = close;
  }

  static async start(options: IgdOptions = {}): Promise<Igd> {
    const server = createServer((request, answer) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk;
      });
      request.on('end', () => {
        if (request.method === 'GET') igd.#onGet(request.url ?? '', answer, options);
        else igd.#onPost(String(request.headers['soapaction']), body, answer, options);
      });
    });
    server.listen(0, HOST);
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await Promise.all([once(server, 'listening'), once(socket, 'listening')]);
    const group = createSocket('udp4');
    group.bind(socket.address().port, GROUP);
    await once(group, 'listening');
    group.addMembership(GROUP, HOST);
    const { port } = server.address() as AddressInfo; // of a socket of TCP
    const onSearch = (bytes: Uint8Array, from: RemoteInfo) => {
      igd.searchCount++;
      const st = /^ST: (.*)$/m.exec(new TextDecoder().decode(bytes))?.[1]?.trim() ?? '';
      const location = options.location?.(port) ?? `http://${HOST}:${port}/root.xml`;
      const lines = ['HTTP/1.1 200 OK', `St:${st}`, 'EXT:', `LOCATION: ${location}`, '', ''];
      socket.send(lines.join('\r\n'), from.port, from.address);
    };
    socket.on('message', onSearch);
    group.on('message', onSearch);
    const igd = new Igd(socket.address().port, () => {
      socket.close();
      group.close();
      server.close();
      server.closeAllConnections();
    });
    return igd;
  }

  actions(): readonly string[] {
    return this.asked.map(({ action }) => action);
  }

  #onGet(path: string, answer: ServerResponse, { types = ['WANIPConnection:1'], ...options }: IgdOptions) {
    this.gets.push(path);
    const body = description(types, options.control ?? '/control?a=1&amp;b=2');
    if (options.describe !== undefined) return options.describe(answer, body);
    answer.end(body);
  }

  #onPost(soapAction: string, body: string, answer: ServerResponse, { reply }: IgdOptions): void {
    const [, type = '', action = ''] = /^"(.*)#(.*)"$/.exec(soapAction) ?? [];
    const words = [...body.matchAll(/<(New\w+)>([^<]*)<\/\1>/g)].map(([, name, value]) => [name, value]);
    const asked = { action, type, words: Object.fromEntries(words) };
    this.asked.push(asked);
    const says = reply?.(asked) ?? granted(asked);
    if (typeof says === 'string') return void answer.end(says);
    if (typeof says === 'number') return void answer.writeHead(500).end(fault(says));
    const fields = Object.entries(says).map(([name, value]) => `<${name}>${value}</${name}>`);
    const inside = `<u:${action}Response xmlns:u="${type}">${fields.join('')}</u:${action}Response>`;
    answer.end(envelope(inside));
  }
}

function granted({ action, words }: Asked): Readonly<Record<string, string | number>> {
  if (action === 'GetExternalIPAddress') return { NewExternalIPAddress: '203.0.113.5' };
  return action === 'AddAnyPortMapping' ? { NewReservedPort: words['NewExternalPort'] ?? '' } : {};
}

export function envelope(inside: string): string {
  const head = '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">';
  return `${head}<s:Body>${inside}</s:Body></s:Envelope>\r\n`;
}

function fault(code: number): string {
  const error = `<UPnPError xmlns="urn:control-1-0"><errorCode>${code}</errorCode></UPnPError>`;
  return envelope(`<s:Fault><faultcode>s:Client</faultcode><detail>${error}</detail></s:Fault>`);
}

function description(types: readonly string[], control: string): string {
  const service = (type: string) => `<service>
    <serviceType>urn:schemas-upnp-org:service:${type}</serviceType>
    <serviceId>urn:upnp-org:serviceId:1</serviceId><SCPDURL>/x.xml</SCPDURL>
    <controlURL>${control}</controlURL><eventSubURL/></service>`;
  return `<?xml version="1.0" encoding="utf-8"?>
<!-- of a router --><root xmlns="urn:schemas-upnp-org:device-1-0" configId='7'>
  <specVersion><major>1</major><minor>0</minor></specVersion>
  <device><friendlyName>Kate &amp; Ann's</friendlyName>
    <serviceList>${service('Layer3Forwarding:1')}</serviceList>
    <deviceList><device><deviceList><device><serviceList>${types.map(service).join('\n')}</serviceList>
    </device></deviceList></device></deviceList></device></root>`;
}
