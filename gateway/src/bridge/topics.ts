/**
 * The topics of the bridge, shaped after zigbee2mqtt, so that what people already have (flows, habits) fits:
 * <base>/<name> is a peer's state, <base>/<name>/set and /get are commands, <base>/bridge/... is the gateway
 * itself.
 */
export class Topics {
  readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  get bridgeState(): string {
    return `${this.base}/bridge/state`;
  }

  get bridgeFacts(): string {
    return `${this.base}/bridge/info`;
  }

  get bridgePeers(): string {
    return `${this.base}/bridge/peers`;
  }

  get bridgeEvent(): string {
    return `${this.base}/bridge/event`;
  }

  get bridgeTopology(): string {
    return `${this.base}/bridge/topology`;
  }

  get bridgeSupernodes(): string {
    return `${this.base}/bridge/supernodes`;
  }

  /** One gateway of several: who it is, and whether it is there. */
  gatewayState(gateway: string): string {
    return `${this.base}/bridge/${gateway}/state`;
  }

  /** The gateway that a topic is about. */
  gatewayOf(topic: string): string | undefined {
    const [bridge, gateway, state, more] = this.#levelsOf(topic);
    return bridge === 'bridge' && state === 'state' && more === undefined ? gateway : undefined;
  }

  state(name: string): string {
    return `${this.base}/${name}`;
  }

  availability(name: string): string {
    return `${this.base}/${name}/availability`;
  }

  link(name: string): string {
    return `${this.base}/${name}/link`;
  }

  /** Where the answer to a command on /set or /get is told, good or bad. */
  response(name: string): string {
    return `${this.base}/${name}/response`;
  }

  raw(id: string): string {
    return `${this.base}/raw/${id}`;
  }

  /** What a gateway listens to on the broker. */
  get commandFilters(): readonly string[] {
    return [`${this.base}/+/set`, `${this.base}/+/set/#`, `${this.base}/+/get`, `${this.base}/+/get/#`];
  }

  /** Where gateways tell of each other. */
  get gatewayFilter(): string {
    return this.gatewayState('+');
  }

  /** What another gateway of this broker publishes in our place. */
  get partnerFilters(): readonly string[] {
    return [`${this.base}/+`, this.response('+'), this.bridgeState];
  }

  /** The level of the peer whose state a topic is. */
  stateOf(topic: string): string | undefined {
    const [name, more] = this.#levelsOf(topic);
    return name === undefined || RESERVED.includes(name) || more !== undefined ? undefined : name;
  }

  /** The level of the peer that answers there. */
  responderOf(topic: string): string | undefined {
    const [name, response, more] = this.#levelsOf(topic);
    if (name === undefined || RESERVED.includes(name)) return undefined;
    return response === 'response' && more === undefined ? name : undefined;
  }

  /** The command that a topic stands for, undefined when it is none. */
  commandOf(topic: string): CommandTopic | undefined {
    const [name, verb, ...path] = this.#levelsOf(topic);
    if (name === undefined || name === '' || RESERVED.includes(name)) return undefined;
    if (verb !== 'set' && verb !== 'get') return undefined;
    return { name, verb, path: path.length === 0 ? undefined : path.join('/') };
  }

  #levelsOf(topic: string): readonly string[] {
    const prefix = `${this.base}/`;
    return topic.startsWith(prefix) ? topic.substring(prefix.length).split('/') : [];
  }
}

export interface CommandTopic {
  readonly name: string;
  readonly verb: 'set' | 'get';
  /** <base>/<name>/set/<path>: the payload is the value of that one path. */
  readonly path: string | undefined;
}

/** Second levels that are ours; a peer of such a name gets a part of its id behind it. */
const RESERVED: readonly string[] = ['bridge', 'raw'];

interface Named {
  readonly id: string;
  readonly name: string;
}

/** The level that stands for a peer: its name, or the start of its id while that is unknown. */
export function topicLevelOf(peer: Named): string {
  if (peer.name === '') return peer.id.substring(0, 16);
  return RESERVED.includes(peer.name) ? `${peer.name}~${peer.id.substring(0, 4)}` : peer.name;
}
