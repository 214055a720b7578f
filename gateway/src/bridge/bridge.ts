import type { Mesh, PeerName, PeerReport } from '../mesh.js';
import type { Reading } from '../readings.js';
import type { Incoming } from './broker-client.js';
import { type BridgeCommand, commandsIn } from './commands.js';
import { toJson } from './json.js';
import type { Outgoing } from './queue.js';
import type { RawEncoder } from './raw.js';
import { EMPTY_STATE, PeerStates } from './states.js';
import { Topics } from './topics.js';

/** How often the list of peers goes out at most: round trips change all the time. */
const PEERS_MS_MIN = 2000;
const COMMAND_TIMEOUT_MS = 10_000;

export interface BridgeOptions {
  readonly mesh: Mesh;
  readonly base: string;
  readonly raw: RawEncoder | undefined;
  readonly send: (message: Outgoing) => void;
  /** The documents about the gateway itself, as JSON. */
  readonly describe: () => { readonly facts: string; readonly peers: string };
  readonly onTrouble: (trouble: string) => void;
}

/** MQTT as a bridge: topics on one side, services and publications of peers on the other. */
export class Bridge {
  readonly topics: Topics;
  readonly #options: BridgeOptions;
  readonly #states = new PeerStates();
  readonly #paths = new Map<string, string>();
  #peersTimer: NodeJS.Timeout | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.topics = new Topics(options.base);
  }

  static readonly onlinePayload = JSON.stringify({ state: 'online' });
  static readonly offlinePayload = JSON.stringify({ state: 'offline' });

  /** The broker is there, perhaps without its memory: everything retained is told again. */
  handleOnline(): void {
    const { facts } = this.#options.describe();
    this.#retain(this.topics.bridgeState, Bridge.onlinePayload);
    this.#retain(this.topics.bridgeFacts, facts);
    this.#publishPeers();
    for (const { level, json, isOnline } of this.#states.documents()) {
      if (json !== EMPTY_STATE) this.#retain(this.topics.state(level), json);
      if (isOnline !== undefined) this.#retainAvailability(level, isOnline);
    }
  }

  handleReading(reading: Reading): void {
    const { peer, topic, value } = reading;
    this.#follow(peer);
    const json = this.#states.set(peer, topic, toJson(value));
    this.#send({
      topic: this.topics.state(this.#states.levelOf(peer)),
      payload: json,
      retain: true,
      latest: false,
    });
    const { raw } = this.#options;
    if (raw === undefined) return;
    this.#send({ topic: this.topics.raw(peer.id), payload: raw(topic, value), retain: false, latest: false });
  }

  handlePeer(peer: PeerReport): void {
    this.#follow(peer);
    if (peer.status !== 'unknown') {
      const isOnline = peer.status === 'online';
      const isNews = this.#states.setOnline(peer, isOnline);
      if (isNews) {
        this.#retainAvailability(this.#states.levelOf(peer), isOnline);
        this.#event({ type: isOnline ? 'peer_online' : 'peer_offline', peer: this.#states.levelOf(peer) });
      }
    }
    this.#followPath(peer);
    this.#peersTimer ??= setTimeout(() => this.#publishPeers(), PEERS_MS_MIN);
  }

  /** A message that others published for one of our peers. */
  handleMessage(message: Incoming): void {
    const target = this.topics.commandOf(message.topic);
    if (target === undefined) return;
    if (message.isRetained) {
      this.#options.onTrouble(
        `${message.topic} is retained, so it was ignored: publish commands without retain`,
      );
      return;
    }
    const id = this.#states.idOf(target.name) ?? target.name;
    const parsed = commandsIn(target, message.payload.toString('utf8'));
    if (!parsed.ok) {
      this.#respond(target.name, { status: 'error', error: parsed.problem });
      return;
    }
    for (const command of parsed.commands) void this.#run(target.name, id, command);
  }

  /** Leaves the broker in order: what is retained says that nobody is here. */
  handleStop(): void {
    clearTimeout(this.#peersTimer);
    this.#retain(this.topics.bridgeState, Bridge.offlinePayload);
  }

  async #run(name: string, id: string, command: BridgeCommand): Promise<void> {
    const { mesh } = this.#options;
    const { path, transaction } = command;
    const common = transaction === undefined ? { path } : { path, transaction };
    try {
      const answer = toJson(await mesh.request(id, path, command.body, { timeoutMs: COMMAND_TIMEOUT_MS }));
      this.#respond(name, { ...common, status: 'ok', value: answer });
      const peer = mesh.peers().find((each) => each.id === id || each.name === name);
      // What a device answers is its state, until it says something else; an empty answer says nothing.
      if (answer !== null && peer !== undefined)
        this.#retain(this.topics.state(name), this.#states.set(peer, path, answer));
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      this.#respond(name, { ...common, status: 'error', error });
    }
  }

  #respond(name: string, answer: object): void {
    this.#send({
      topic: this.topics.response(name),
      payload: JSON.stringify(answer),
      retain: false,
      latest: false,
    });
  }

  /** A peer whose name becomes known, or changes, moves to its new topics; the old retained ones go. */
  #follow(peer: PeerName): void {
    const old = this.#states.rename(peer);
    if (old === undefined) return;
    this.#retain(this.topics.state(old), '');
    this.#retain(this.topics.availability(old), '');
    this.#retain(this.topics.link(old), '');
    this.#paths.delete(peer.id);
    const { level, json, isOnline } = this.#states.documentOf(peer);
    if (json !== EMPTY_STATE) this.#retain(this.topics.state(level), json);
    if (isOnline !== undefined) this.#retainAvailability(level, isOnline);
  }

  #followPath(peer: PeerReport): void {
    const { kind, link, via = [], reason } = peer.path;
    const path = { path: kind, link: link?.kind, via: via.map((each) => each.name), reason };
    const text = JSON.stringify(path);
    if (this.#paths.get(peer.id) === text) return;
    this.#paths.set(peer.id, text);
    const level = this.#states.levelOf(peer);
    this.#retain(this.topics.link(level), text);
    this.#event({ type: 'path_changed', peer: level, ...path });
  }

  #publishPeers(): void {
    clearTimeout(this.#peersTimer);
    this.#peersTimer = undefined;
    this.#retain(this.topics.bridgePeers, this.#options.describe().peers);
  }

  #retainAvailability(level: string, isOnline: boolean): void {
    this.#retain(this.topics.availability(level), isOnline ? Bridge.onlinePayload : Bridge.offlinePayload);
  }

  #event(event: object): void {
    this.#send({
      topic: this.topics.bridgeEvent,
      payload: JSON.stringify(event),
      retain: false,
      latest: false,
    });
  }

  #retain(topic: string, payload: string): void {
    this.#send({ topic, payload, retain: true, latest: true });
  }

  #send(message: Outgoing): void {
    this.#options.send(message);
  }
}
