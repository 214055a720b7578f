import { startEmbeddedBroker } from '../src/bridge/embedded.js';
import { MQTT_PORT } from '../src/config/config.js';

/** The broker of the demo, a process of its own as a user's would be: no gateway is needed for it. */
async function serve(): Promise<void> {
  const broker = await startEmbeddedBroker({ bind: '127.0.0.1', port: MQTT_PORT, isPortFixed: false });
  process.once('message', () => void broker.close().finally(() => process.exit(0)));
  process.send?.({ url: broker.url });
}

process.on('SIGINT', () => undefined);
process.once('disconnect', () => process.exit(0));
process.once('message', () => {
  serve().catch((thrown: unknown) => {
    process.send?.(thrown instanceof Error ? thrown.message : String(thrown), () => process.exit(1));
  });
});
