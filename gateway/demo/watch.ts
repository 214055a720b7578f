/** Hears topics at the broker, as any program does; ends with the disposer. */
export async function watchBroker(
  url: string,
  filter: string,
  onTopic: (topic: string) => void,
): Promise<() => void> {
  const { connectAsync } = await import('mqtt');
  const client = await connectAsync(url, { protocolVersion: 4 });
  client.on('error', () => undefined); // it tries again by itself
  client.on('message', (topic, _payload, { retain }) => {
    if (!retain) onTopic(topic);
  });
  await client.subscribeAsync(filter);
  return () => client.end(true);
}
