import { randomInt } from 'node:crypto';
import type { Dispose, Mesh, NodeKey, Value } from '../mesh.js';
import { type Agreement, BEAT_MS, type Beat, type Gain } from './agreement.js';
import type { Incoming } from './broker-client.js';
import { isJsonMap, parseJson } from './json.js';
import type { Topics } from './topics.js';

/** Topics that gateways publish for each other, in the mesh. */
const BEAT = '~bridge';
const HEARS = '~bridge-hears';

/** Three bytes of CBOR at most. */
const LIFE_MAX = 65_536;
const TICK_MS = BEAT_MS / 4;
const ACKNOWLEDGED = { qos: 1 } as const;

export interface PartnersOptions {
  readonly mesh: Mesh;
  readonly topics: Topics;
  readonly agreement: Agreement;
  readonly now: () => number;
  /** Somebody else bridges to this broker, so what others publish there is worth hearing. */
  readonly onPartner: () => void;
  readonly onTick: (gains: readonly Gain[]) => void;
  /** It is known who is there. `isAmongOthers`: they have published what came until now. */
  readonly onJoined: (isAmongOthers: boolean) => void;
  /** The last will of another gateway speaks for all of them. */
  readonly onDenied: () => void;
  readonly onTrouble: (trouble: string) => void;
}

/**
 * The other gateways on this broker and base. The broker says who they are (each keeps a retained topic with
 * a last will); the mesh says that they live: each publishes a beat a second there, to those alone.
 */
export class Partners {
  readonly #options: PartnersOptions;
  readonly #disposers = new Map<NodeKey, readonly Dispose[]>();
  readonly #names = new Map<NodeKey, string>();
  #tick: NodeJS.Timeout | undefined;
  readonly #life = randomInt(LIFE_MAX);
  #isListening = false;
  #beatAt = Number.NEGATIVE_INFINITY;

  constructor(options: PartnersOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tick = setInterval(() => this.#onTick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#tick);
    for (const disposers of this.#disposers.values()) for (const dispose of disposers) dispose();
    this.#disposers.clear();
  }

  nameOf(id: NodeKey): string {
    return this.#names.get(id) ?? id.substring(0, 8);
  }

  /** True when the message was one about gateways. */
  handleMessage(message: Incoming): boolean {
    const { mesh, topics, onDenied } = this.#options;
    const json = parseJson(message.payload.toString('utf8'));
    if (message.topic === topics.bridgeState) {
      if (isJsonMap(json) && json['state'] === 'offline') onDenied();
      return true;
    }
    const name = topics.gatewayOf(message.topic);
    if (name === undefined) return false;
    const id = isJsonMap(json) ? json['id'] : undefined;
    if (!isJsonMap(json) || typeof id !== 'string') return true;
    if (id === mesh.id) return true;
    if (name === mesh.name)
      this.#options.onTrouble(`another gateway on this broker is called "${name}" as well: rename one`);
    this.#meet(id, name, json['state'] === 'online');
    return true;
  }

  setHeard(device: NodeKey, isHeard: boolean): void {
    if (this.#options.agreement.setHeard(device, isHeard)) this.#tellHeard();
  }

  handleBroker(isOnline: boolean): void {
    const { agreement, now } = this.#options;
    agreement.onBroker(now(), isOnline);
    this.#beat(); // what changes is told at once
  }

  #meet(id: NodeKey, name: string, isAtBroker: boolean): void {
    const { agreement, mesh, onPartner } = this.#options;
    const isKnown = this.#disposers.has(id);
    agreement.onAnnounced(id, isAtBroker);
    if (isKnown || !isAtBroker) return;
    this.#names.set(id, name);
    this.#disposers.set(id, [
      mesh.subscribe(`${id}/${BEAT}`, (value) => this.#onBeat(id, value), { qos: 0 }),
      mesh.subscribe(`${id}/${HEARS}`, (value) => this.#onHears(id, value), ACKNOWLEDGED),
    ]);
    onPartner();
  }

  /** From now on we know what the others publish, so that they may leave devices to us. */
  handleListening(): void {
    this.#isListening = true;
    this.#tellHeard();
    this.#beat();
  }

  #onBeat(id: NodeKey, value: Value): void {
    const { agreement, mesh, now } = this.#options;
    const beat = readBeat(value, mesh.id);
    if (beat === undefined) return;
    const wasAlive = agreement.isAlive(now(), id);
    agreement.onBeat(now(), id, beat);
    if (!wasAlive) this.#beat(); // it waits for a sign that we see it
  }

  #onHears(id: NodeKey, value: Value): void {
    if (!Array.isArray(value)) return;
    const [life, devices]: readonly Value[] = value;
    if (typeof life === 'number')
      this.#options.agreement.onHears(id, { life, devices: new Set(shortsIn(devices)) });
  }

  #onTick(): void {
    const { agreement, now, onTick, onJoined } = this.#options;
    const at = now();
    const wasJoining = agreement.isJoining;
    const gains = agreement.handleTick(at);
    if (at - this.#beatAt >= BEAT_MS - TICK_MS / 2) this.#beat();
    if (wasJoining && !agreement.isJoining) onJoined(agreement.living(at).length > 0);
    onTick(gains);
  }

  #beat(): void {
    const { agreement, mesh, now } = this.#options;
    if (!this.#isListening) return;
    const at = now();
    this.#beatAt = at;
    const sees = agreement.living(at).map(bytesOf);
    const beat = [this.#life, agreement.brokerMs(at), sees];
    mesh.publish(BEAT, beat).catch(() => undefined); // nobody listens, or we stop
  }

  #tellHeard(): void {
    const { agreement, mesh } = this.#options;
    if (!this.#isListening) return;
    const hears = [this.#life, agreement.heard.map(bytesOf)];
    mesh.publish(HEARS, hears, ACKNOWLEDGED).catch(() => undefined); // as above
  }
}

function readBeat(value: Value, self: NodeKey): Beat | undefined {
  if (!Array.isArray(value)) return undefined;
  const [life, brokerMs, sees]: readonly Value[] = value;
  if (typeof life !== 'number' || typeof brokerMs !== 'number') return undefined;
  return { life, brokerMs, doesSeeUs: shortsIn(sees).includes(shortOf(self)) };
}

/** Eight bytes of an id are enough to tell devices apart. */
function bytesOf(id: NodeKey): Uint8Array {
  return new Uint8Array(Buffer.from(shortOf(id), 'hex'));
}

function shortOf(id: NodeKey): string {
  return id.substring(0, 16);
}

function shortsIn(value: Value): string[] {
  if (!Array.isArray(value)) return [];
  const list: readonly unknown[] = value;
  const shorts = list.filter((each): each is Uint8Array => each instanceof Uint8Array);
  return shorts.map((bytes) => Buffer.from(bytes).toString('hex'));
}
