import type { Incoming } from './broker-client.js';
import { clientOptions, type LoginOptions, type MqttVersion } from './client-options.js';

export interface ListenOptions {
  readonly url: string;
  readonly login: LoginOptions;
  readonly version: MqttVersion;
  readonly filter: string;
  readonly onMessage: (message: Incoming) => void;
  /** Ends the listening. */
  readonly signal: AbortSignal;
}

/**
 * Listens at the broker for one asker, over a connection of its own: what is told is what the broker really
 * gave out. Resolves when the signal says so; rejects when the broker ends it.
 */
export async function listenAtBroker(options: ListenOptions): Promise<void> {
  const { connect } = await import('mqtt');
  const { signal } = options;
  const client = connect(options.url, clientOptions(options.login, options.version));
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) resolve();
      client.on('error', reject);
      client.on('close', () => reject(new Error('the broker closed the connection')));
      client.on('message', (topic, payload, packet) =>
        options.onMessage({ topic, payload, isRetained: packet.retain }),
      );
      client.subscribe(options.filter, { qos: 1 }, (error) => {
        if (error !== null) reject(error);
      });
    });
  } finally {
    client.removeAllListeners();
    client.on('error', () => undefined); // a late error of a socket that is gone
    client.end(true);
  }
}
