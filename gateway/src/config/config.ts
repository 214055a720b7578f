/** What one YAML file (or the flags of `fogwisp up`) asks of a gateway. Absent means the default. */
export interface GatewayConfig {
  readonly name?: string | undefined;
  /** The network text, or the file that holds it. */
  readonly network?: string | undefined;
  readonly state?: string | undefined;
  readonly socket?: string | undefined;
  readonly links: readonly LinkConfig[];
  readonly mqtt: MqttConfig;
  /** Whether this machine's own readings (load, memory, ...) are published as well. */
  readonly share: boolean;
}

export type LinkConfig =
  | {
      readonly kind: 'lan';
      readonly interfaces?: readonly string[] | undefined;
      readonly port?: number | undefined;
      readonly loopbackOnly: boolean;
      /** Left out: where the package is there, unless on loopback. */
      readonly mdns?: boolean | undefined;
    }
  | {
      readonly kind: 'udp';
      readonly bind?: string | undefined;
      readonly port: number;
      readonly connect: readonly string[];
      /** Asks the router for a port in the open; left out: yes. */
      readonly portMapping?: boolean | undefined;
      readonly waysIn?: readonly WayIn[] | undefined;
    }
  | { readonly kind: 'tcpListen'; readonly bind?: string | undefined; readonly port: number }
  | {
      readonly kind: 'tcpDial';
      readonly address: string;
      /** Only for as long as UDP does not reach the same address. */
      readonly isStandby: boolean;
    }
  | { readonly kind: 'serial'; readonly path: string; readonly baudRate: number };

/** A station that is greeted only while nobody else is there. */
export interface WayIn {
  readonly address: string;
  readonly rung: 'introduction' | 'bootstrap';
  /** By TCP as well, with the first packet by UDP. */
  readonly hasTcp: boolean;
}

export type BrokerConfig =
  | { readonly kind: 'none' }
  /** A broker of our own, on the loopback interface unless `bind` says otherwise. */
  | {
      readonly kind: 'embedded';
      readonly bind: string;
      readonly port: number;
      /** False: another free port when `port` is taken. */
      readonly isPortFixed: boolean;
    }
  | { readonly kind: 'url'; readonly url: string };

export interface MqttConfig {
  readonly broker: BrokerConfig;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly base: string;
  /** Shares the broker with other gateways: each device is bridged by one of them. */
  readonly agree: boolean;
  /** Publishes each reading as CBOR, too. */
  readonly raw: boolean;
  /** Messages that wait for a broker that is away. */
  readonly queueMessagesMax: number;
  readonly tls: TlsConfig;
}

export interface TlsConfig {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

export const BAUD_RATE_DEFAULT = 115_200;
export const MQTT_PORT = 1883;
/** Where gateways listen unless told otherwise, UDP and TCP. */
export const FOG_PORT = 4747;
export const QUEUE_MESSAGES_MAX = 10_000; // 10,000 x ~300 B = 3 MB

export const EMBEDDED_BROKER: BrokerConfig = {
  kind: 'embedded',
  bind: '127.0.0.1',
  port: MQTT_PORT,
  isPortFixed: false,
};

export const MQTT_DEFAULT: MqttConfig = {
  broker: EMBEDDED_BROKER,
  base: 'fog',
  agree: true,
  raw: false,
  queueMessagesMax: QUEUE_MESSAGES_MAX,
  tls: {},
};

export const CONFIG_DEFAULT: GatewayConfig = {
  links: [{ kind: 'lan', loopbackOnly: false }],
  mqtt: MQTT_DEFAULT,
  share: false,
};
