import { type BrokerConfig, MQTT_DEFAULT, MQTT_PORT, type MqttConfig, type TlsConfig } from './config.js';
import type { ConfigCursor } from './cursor.js';

const KEYS = [
  'broker',
  'bind',
  'port',
  'username',
  'password',
  'base',
  'agree',
  'raw',
  'queue',
  'tls',
] as const;
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

export function readMqtt(field: ConfigCursor | undefined): MqttConfig {
  if (field === undefined) return MQTT_DEFAULT;
  const fields = field.fields(KEYS);
  const username = fields.get('username')?.text('gateway');
  const password = fields.get('password')?.text('secret');
  return {
    broker: readBroker(fields, password !== undefined),
    username,
    password,
    base: readBase(fields.get('base')),
    agree: fields.get('agree')?.flag() ?? MQTT_DEFAULT.agree,
    raw: fields.get('raw')?.flag() ?? MQTT_DEFAULT.raw,
    queueMessagesMax: fields.get('queue')?.integer(16, 1_000_000) ?? MQTT_DEFAULT.queueMessagesMax,
    tls: readTls(fields.get('tls')),
  };
}

/** The address of a broker as people write it, or undefined when it is none. */
export function brokerOf(text: string): BrokerConfig | undefined {
  if (text === 'none') return { kind: 'none' };
  if (text === 'embedded')
    return { kind: 'embedded', bind: '127.0.0.1', port: MQTT_PORT, isPortFixed: false };
  return /^(mqtts?|wss?):\/\/[^\s]+$/.test(text) ? { kind: 'url', url: text } : undefined;
}

type Fields = ReadonlyMap<(typeof KEYS)[number], ConfigCursor>;

function readBroker(fields: Fields, hasPassword: boolean): BrokerConfig {
  const field = fields.get('broker');
  const text = field === undefined ? 'embedded' : field.text('mqtt://192.168.1.2:1883');
  const broker = text === undefined ? undefined : brokerOf(text);
  if (broker === undefined) {
    if (text !== undefined)
      field?.fault(`"mqtt.broker" must be embedded, none, or mqtt://HOST:PORT, not "${text}"`);
    return { kind: 'none' };
  }
  const bind = fields.get('bind')?.text('127.0.0.1');
  const port = fields.get('port')?.integer(1, 65_535);
  if (broker.kind !== 'embedded') {
    for (const key of ['bind', 'port'] as const) {
      fields
        .get(key)
        ?.fault(`"mqtt.${key}" belongs to broker: embedded; a broker's port is part of its address`);
    }
    return broker;
  }
  if (bind !== undefined && !LOOPBACK.includes(bind) && !hasPassword) {
    fields.get('bind')?.fault('an embedded broker that others can reach needs "username" and "password"');
  }
  return { ...broker, bind: bind ?? broker.bind, port: port ?? broker.port, isPortFixed: port !== undefined };
}

function readBase(field: ConfigCursor | undefined): string {
  const base = field?.text('fog');
  if (base === undefined) return MQTT_DEFAULT.base;
  if (/^[^\s+#/$][^\s+#]*$/.test(base) && !base.endsWith('/')) return base;
  field?.fault('"mqtt.base" must be a topic without +, #, spaces, and "/" or "$" at its start, such as fog');
  return MQTT_DEFAULT.base;
}

function readTls(field: ConfigCursor | undefined): TlsConfig {
  if (field === undefined) return {};
  const fields = field.fields(['ca', 'certificate', 'key'] as const);
  return {
    ca: fields.get('ca')?.text('/etc/ssl/broker-ca.pem'),
    certificate: fields.get('certificate')?.text('client.pem'),
    key: fields.get('key')?.text('client.key'),
  };
}
