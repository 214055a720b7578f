import type { Dispose, Mesh } from '../mesh.js';
import type { Reading } from '../readings.js';
import { type Counters, hostCounters } from './counters.js';

const SHARE_MS = 5000;

/**
 * Serves and publishes the counters of this machine. `onReading` gets each as well, because a device does not
 * hear its own publications.
 */
export function shareCounters(
  mesh: Mesh,
  onReading: (reading: Reading) => void,
  options: { readonly everyMs?: number; readonly counters?: Counters } = {},
): Dispose {
  const counters = options.counters ?? hostCounters();
  const disposers = [...counters].map(([topic, read]) => mesh.serve(topic, () => read()));
  const publish = () => {
    for (const [topic, read] of counters) {
      const value = read();
      mesh.publish(topic, value).catch(() => undefined); // nobody listens, or the device is being stopped
      onReading({ peer: { id: mesh.id, name: mesh.name }, topic, value });
    }
  };
  publish();
  const timer = setInterval(publish, options.everyMs ?? SHARE_MS);
  return () => {
    clearInterval(timer);
    for (const dispose of disposers) dispose();
  };
}
