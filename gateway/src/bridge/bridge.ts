import type { Mesh, NodeKey, PeerName, PeerReport } from '../mesh.js';
import type { Reading } from '../readings.js';
import { ownRole } from '../roles.js';
import type { Agreement, Gain, Standing } from './agreement.js';
import type { Incoming } from './broker-client.js';
import { Commander } from './commander.js';
import { isJsonMap, type Json, parseJson, toJson } from './json.js';
import { Ledger } from './ledger.js';
import type { Outgoing } from './queue.js';
import type { RawEncoder } from './raw.js';
import { EMPTY_STATE, PeerStates, type StateDocument } from './states.js';
import { changesOf, supernodesDocument } from './supernodes.js';
import { Topics } from './topics.js';

/** How often the list of peers goes out at most: round trips change all the time. */
const PEERS_MS_MIN = 2000;
/** The documents about the whole are told by one gateway, as if they were a device. */
const WHOLE = 'bridge';

/** Documents on the broker of peers that may never come: 1000 x ~300 B. */
const STRANGERS_MAX = 1000;

/** The documents about the gateway itself, as JSON. */
export interface Descriptions {
  readonly facts: string;
  readonly peers: string;
  readonly topology: string;
}

export interface BridgeOptions {
  readonly mesh: Mesh;
  readonly base: string;
  readonly raw: RawEncoder | undefined;
  readonly agreement: Agreement;
  readonly now: () => number;
  /** What people call another gateway. */
  readonly nameOf: (gateway: NodeKey) => string;
  readonly send: (message: Outgoing) => void;
  readonly describe: () => Descriptions;
  readonly onTrouble: (trouble: string) => void;
}

/**
 * MQTT as a bridge: topics on one side, services and publications of peers on the other. What it says of a
 * device it says only when that device is ours; what other gateways say it takes note of.
 */
export class Bridge {
  readonly topics: Topics;
  readonly #options: BridgeOptions;
  readonly #commander: Commander;
  /** Those told of last. */
  #supernodes: readonly string[] = [];
  readonly #states = new PeerStates();
  readonly #ledger = new Ledger();
  /** What the broker is told of those who sleep. */
  readonly #sleepers = new Map<string, string>();
  /** What the broker keeps of peers that we have not met. */
  readonly #strangers = new Map<string, Readonly<Record<string, Json>>>();
  readonly #paths = new Map<NodeKey, string>();
  #peersTimer: NodeJS.Timeout | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.topics = new Topics(options.base);
    const { mesh, now, onTrouble } = options;
    this.#commander = new Commander({
      mesh,
      topics: this.topics,
      now,
      standingOf: (device) => this.#standing(device),
      idOf: (name) => this.#states.idOf(name) ?? name,
      send: (topic, payload) => this.#send({ topic, payload, retain: false, latest: false }),
      onAnswer: (peer, name, path, answer) => this.#onAnswer(peer, name, path, answer),
      onTrouble,
    });
  }

  static readonly onlinePayload = JSON.stringify({ state: 'online' });
  static readonly offlinePayload = JSON.stringify({ state: 'offline' });

  /** The broker is there. What it should keep is told as soon as we know what is ours. */
  handleOnline(): void {
    this.#retain(this.topics.bridgeState, Bridge.onlinePayload);
    this.#standing(WHOLE);
  }

  handleReading(reading: Reading): void {
    const { agreement, now } = this.#options;
    const { peer, topic } = reading;
    const value = toJson(reading.value);
    this.#follow(peer);
    this.#recall(peer);
    const standing = this.#standing(peer.id);
    if (standing !== 'ours' && agreement.hasJoined) this.#ledger.add(now(), peer.id, topic, value);
    else if (!this.#ledger.isShown(now(), peer.id, topic, value)) this.#publishReading(peer, topic, value);
  }

  handlePeer(peer: PeerReport): void {
    this.#follow(peer);
    this.#recall(peer);
    const isOurs = this.#standing(peer.id) === 'ours';
    if (peer.status !== 'unknown') {
      const isOnline = peer.status === 'online';
      const isNews = this.#states.setOnline(peer, isOnline);
      const wasAsleep = this.#sleepers.has(peer.id);
      if (peer.status === 'asleep') this.#followSleep(peer, isOurs);
      else this.#sleepers.delete(peer.id);
      if (peer.status !== 'asleep' && (isNews || wasAsleep) && isOurs) {
        this.#retainAvailability(peer.id, this.#states.levelOf(peer), isOnline);
        this.#event({ type: isOnline ? 'peer_online' : 'peer_offline', peer: this.#states.levelOf(peer) });
      }
    }
    this.#followPath(peer, isOurs);
    this.#publishWholeSoon();
  }

  /** Who serves whom has changed. */
  handleRole(): void {
    this.#publishWholeSoon();
  }

  /** From other programs, and from other gateways. */
  handleMessage(message: Incoming): void {
    const level = this.topics.stateOf(message.topic);
    if (level === undefined) return this.#commander.handleMessage(message);
    const document = parseJson(message.payload.toString('utf8'));
    if (!isJsonMap(document)) return;
    const device = this.#states.idOf(level);
    if (device === undefined && this.#strangers.size < STRANGERS_MAX) this.#strangers.set(level, document);
    if (device !== undefined) this.#onShown(device, document);
  }

  /** Devices that were another gateway's, or nobody's. */
  handleGains(gains: readonly Gain[]): void {
    for (const gain of gains) this.#takeOver(gain);
    const { mesh, nameOf } = this.#options;
    const handed = gains.filter(({ from }) => from !== undefined && from !== mesh.id);
    const former = new Set(handed.map(({ from = '' }) => from));
    for (const from of former) {
      const some = handed.filter((gain) => gain.from === from && gain.device !== WHOLE);
      const peers = some.flatMap(({ device }) => this.#states.documentById(device)?.level ?? []);
      if (peers.length === 0) continue;
      const silentMs = some[0]?.silentMs;
      const event = { type: 'handover', from: nameOf(from), to: mesh.name, peers };
      this.#event(silentMs === undefined ? event : { ...event, silentMs: Math.round(silentMs) });
    }
  }

  handleTick(): void {
    this.#commander.handleTick();
  }

  /** From now on we hear what other gateways publish; what came before is theirs. */
  handlePartner(): void {
    this.#ledger.clear();
  }

  /** A gateway that died said that the bridge is offline; it is not. */
  handleDenied(): void {
    this.#retain(this.topics.bridgeState, Bridge.onlinePayload);
  }

  /** Leaves the broker in order: what is retained says that nobody is here, when that is so. */
  handleStop(isLast: boolean): void {
    clearTimeout(this.#peersTimer);
    if (isLast) this.#retain(this.topics.bridgeState, Bridge.offlinePayload);
  }

  #onShown(device: NodeKey, document: Readonly<Record<string, Json>>): void {
    if (this.#standing(device) === 'ours') return;
    const before = this.#states.replace(device, document);
    this.#ledger.shown(this.#options.now(), device, before, document);
  }

  /** A peer that we meet may be on the broker already; the first that it tells us is its last word there. */
  #recall(peer: PeerName): void {
    const level = this.#states.levelOf(peer);
    const document = this.#strangers.get(level);
    if (document === undefined) return;
    this.#strangers.delete(level);
    this.#onShown(peer.id, document);
  }

  /** What is ours from now on is taken over first. */
  #standing(device: NodeKey): Standing {
    const { agreement, now } = this.#options;
    const standing = agreement.standing(now(), device);
    if (standing === 'ours' && !agreement.isTaken(device)) this.handleGains(agreement.handleTick(now()));
    return standing;
  }

  #takeOver({ device, from, silentMs }: Gain): void {
    if (device === WHOLE) return this.#publishWhole();
    const document = this.#states.documentById(device);
    // Where others publish, too, the broker has its readings.
    const isAlone = this.#options.agreement.partners.length === 0;
    if (document !== undefined) this.#tell(device, document, isAlone);
    for (const { topic, value } of this.#ledger.take(this.#options.now(), device)) {
      const peer = { id: device, name: document?.level ?? '' };
      this.#publishReading(peer, topic, value);
    }
    this.#commander.takeOver(device, from === undefined || silentMs !== undefined);
  }

  /** Everything that is retained of one device; its readings only where nobody else has published them. */
  #tell(device: NodeKey, document: StateDocument, withReadings: boolean): void {
    const { level, json, isOnline } = document;
    if (withReadings && json !== EMPTY_STATE) this.#retain(this.topics.state(level), json);
    if (isOnline !== undefined) this.#retainAvailability(device, level, isOnline);
    const path = this.#paths.get(device);
    if (path !== undefined) this.#retain(this.topics.link(level), path);
  }

  #publishReading(peer: PeerName, topic: string, value: Json): void {
    const { raw } = this.#options;
    const payload = this.#states.set(peer, topic, value);
    this.#sendOf(peer, { topic: this.topics.state(this.#states.levelOf(peer)), payload, retain: true });
    if (raw === undefined) return;
    this.#sendOf(peer, { topic: this.topics.raw(peer.id), payload: raw(topic, value), retain: false });
  }

  /** Asked once more before it goes: the device may be another gateway's by then. */
  #sendOf(peer: PeerName, message: Pick<Outgoing, 'topic' | 'payload' | 'retain'>): void {
    this.#send({ ...message, latest: false, standing: () => this.#standing(peer.id) });
  }

  /** What a device answers is its state, until it says something else. */
  #onAnswer(peer: PeerName, name: string, path: string, answer: Json): void {
    this.#retain(this.topics.state(name), this.#states.set(peer, path, answer));
  }

  /** A peer whose name becomes known, or changes, moves to its new topics; the old retained ones go. */
  #follow(peer: PeerName): void {
    const old = this.#states.rename(peer);
    if (old === undefined) return;
    // Behind what may still wait for that topic.
    this.#sendOf(peer, { topic: this.topics.state(old), payload: '', retain: true });
    this.#retain(this.topics.availability(old), '');
    this.#retain(this.topics.link(old), '');
    this.#paths.delete(peer.id);
    if (this.#standing(peer.id) === 'ours') this.#tell(peer.id, this.#states.documentOf(peer), true);
  }

  #followPath(peer: PeerReport, isOurs: boolean): void {
    const { kind, link, via = [], hops, limited, reason } = peer.path;
    const names = via.map((each) => each.name);
    const path = { path: kind, link: link?.kind, via: names, hops, limited, reason };
    const text = JSON.stringify(path);
    if (this.#paths.get(peer.id) === text) return;
    this.#paths.set(peer.id, text);
    if (!isOurs) return;
    const level = this.#states.levelOf(peer);
    this.#retain(this.topics.link(level), text);
    this.#event({ type: 'path_changed', peer: level, ...path });
  }

  #publishWholeSoon(): void {
    this.#peersTimer ??= setTimeout(() => this.#publishWhole(), PEERS_MS_MIN);
  }

  #publishWhole(): void {
    clearTimeout(this.#peersTimer);
    this.#peersTimer = undefined;
    if (this.#standing(WHOLE) !== 'ours') return;
    const { facts, peers, topology } = this.#options.describe();
    this.#retain(this.topics.bridgeFacts, facts);
    this.#retain(this.topics.bridgePeers, peers);
    this.#retain(this.topics.bridgeTopology, topology);
    this.#publishSupernodes();
  }

  #publishSupernodes(): void {
    const document = supernodesDocument(ownRole(this.#options.mesh));
    this.#retain(this.topics.bridgeSupernodes, JSON.stringify(document));
    for (const change of changesOf(this.#supernodes, document)) this.#event(change);
    this.#supernodes = document.supernodes.map(({ name }) => name);
  }

  #followSleep(peer: PeerReport, isOurs: boolean): void {
    if (this.#sleepers.has(peer.id)) return;
    const { mesh } = this.#options;
    // As an instant of the wall clock: what is retained is read later.
    const due = new Date(Date.now() + (peer.dueAt ?? mesh.now()) - mesh.now()).toISOString();
    this.#sleepers.set(peer.id, JSON.stringify({ state: 'asleep', due }));
    if (!isOurs) return;
    this.#retainAvailability(peer.id, this.#states.levelOf(peer), false);
    this.#event({ type: 'peer_asleep', peer: this.#states.levelOf(peer), due });
  }

  #retainAvailability(device: string, level: string, isOnline: boolean): void {
    const absent = this.#sleepers.get(device) ?? Bridge.offlinePayload;
    this.#retain(this.topics.availability(level), isOnline ? Bridge.onlinePayload : absent);
  }

  #event(event: object): void {
    const payload = JSON.stringify(event);
    this.#send({ topic: this.topics.bridgeEvent, payload, retain: false, latest: false });
  }

  #retain(topic: string, payload: string): void {
    this.#send({ topic, payload, retain: true, latest: true });
  }

  #send(message: Outgoing): void {
    this.#options.send(message);
  }
}
