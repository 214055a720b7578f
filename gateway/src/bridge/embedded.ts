import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';

export interface EmbeddedBrokerOptions {
  readonly bind: string;
  readonly port: number;
  readonly isPortFixed: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * The broker that people get who have none: in this process, its retained messages live as long as it does.
 */
export interface EmbeddedBroker {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export class BrokerPortTaken extends Error {
  constructor(bind: string, port: number) {
    super(`the embedded broker cannot listen on ${bind}:${port}: another program has that port`);
    this.name = 'BrokerPortTaken';
  }
}

export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { Aedes } = await import('aedes');
  const broker = await Aedes.createBroker({
    authenticate: (_client, username, password, done) => done(null, isWelcome(options, username, password)),
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  const port = await listen(server, options);
  return {
    url: `mqtt://${options.bind.includes(':') ? `[${options.bind}]` : options.bind}:${port}`,
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
      await new Promise<void>((done) => broker.close(done));
    },
  };
}

function isWelcome(
  options: EmbeddedBrokerOptions,
  username: string | undefined,
  password: Buffer | undefined,
): boolean {
  if (options.password === undefined) return true;
  return username === options.username && password?.toString() === options.password;
}

/** The wanted port, or any free one when it is taken and nobody insists on it. */
async function listen(server: Server, options: EmbeddedBrokerOptions): Promise<number> {
  const { bind, port } = options;
  if (await tryListen(server, bind, port)) return portOf(server);
  if (options.isPortFixed) throw new BrokerPortTaken(bind, port);
  await tryListen(server, bind, 0);
  return portOf(server);
}

/** False when the port is taken; any other trouble is an error. */
function tryListen(server: Server, bind: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && port !== 0) resolve(false);
      else reject(error);
    };
    server.once('error', onError);
    server.listen(port, bind, () => {
      server.off('error', onError);
      resolve(true);
    });
  });
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo; // a TCP server that listens has no other kind of address
  return address.port;
}
