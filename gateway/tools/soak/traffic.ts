import { type Device, FogError, type NodeKey, type Value } from '@fogwisp/device-sdk';
import type { QualityOfService } from '@fogwisp/protocol';
import { machineMs, type Note, type Pace, type Role, type Stream } from './wire.js';

const PACE: Pace = { publishMs: 100, askMs: 300 };
const ASK_MS_MAX = 10_000;
/** From a session to the moment that both ends of it know who was restarted. */
const ACQUAINTED_MS = 1000;
export const ECHO_PATH = 'echo';
/** Each subscriber has topics of its own, so that a publication tells whether this very one took it. */
const TOPICS: readonly {
  readonly prefix: string;
  readonly qos: QualityOfService;
  readonly stream: Stream;
}[] = [
  { prefix: 'loose/', qos: 0, stream: 'qos0' },
  { prefix: 'sure/', qos: 1, stream: 'qos1' },
];

type End = Extract<Note, { kind: 'ended' }>['end'];

/** What one peer says to all the others, and what it hears from them, both numbered. */
export class Traffic {
  readonly #device: Device;
  readonly #role: Role;
  readonly #note: (note: Note) => void;
  readonly #numbers = new Map<string, number>();
  /** When each peer was first online for this process. */
  readonly #metAt = new Map<NodeKey, number>();
  #timers: readonly NodeJS.Timeout[] = [];
  #turn = 0;
  #open = 0;

  constructor(device: Device, role: Role, note: (note: Note) => void) {
    this.#device = device;
    this.#role = role;
    this.#note = note;
    for (const { prefix, qos, stream } of TOPICS) {
      const pattern = `*/${prefix}${role.name}`;
      device.subscribe(pattern, (value, { from }) => this.#onSeen(stream, from.id, value), { qos });
    }
    device.serve(ECHO_PATH, (value, { from }) => {
      this.#onSeen('request', from.id, value);
      return value;
    });
    device.on('peer', ({ id, status }) => {
      if (status === 'online' && !this.#metAt.has(id)) this.#metAt.set(id, machineMs());
    });
  }

  get open(): number {
    return this.#open;
  }

  start(): void {
    this.stop();
    const { publishMs, askMs } = this.#role.pace ?? PACE;
    this.#timers = [setInterval(() => this.#publish(), publishMs), setInterval(() => this.#ask(), askMs)];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #publish(): void {
    const { others } = this.#role;
    const turn = this.#turn++;
    const topic = TOPICS[turn % TOPICS.length];
    const to = others[Math.floor(turn / TOPICS.length) % others.length];
    if (topic === undefined || to === undefined) return;
    const { prefix, qos, stream } = topic;
    void this.#send(stream, to, async (value) => {
      const { subscribers, lost } = await this.#device.publish(`${prefix}${to}`, value, { qos });
      if (lost > 0) return 'lost';
      return subscribers > 0 ? 'taken' : 'absent';
    });
  }

  #ask(): void {
    const { others } = this.#role;
    const to = others[this.#turn % others.length];
    if (to === undefined) return;
    void this.#send('request', to, async (value) => {
      await this.#device.request(to, ECHO_PATH, value, { timeoutMs: ASK_MS_MAX });
      return 'taken';
    });
  }

  async #send(stream: Stream, to: string, send: (value: Value) => Promise<End>): Promise<void> {
    const key = `${stream} ${to}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    const at = machineMs();
    this.#open++;
    const end = await send([this.#role.name, this.#role.life, number, at]).catch(endOf);
    this.#open--;
    this.#note({ kind: 'ended', stream, to, number, at, endedAt: machineMs(), end });
  }

  #onSeen(stream: Stream, sender: NodeKey, value: Value): void {
    if (!Array.isArray(value)) return;
    const [from, life, number, at] = value;
    if (typeof from !== 'string' || typeof life !== 'number') return;
    if (typeof number !== 'number' || typeof at !== 'number') return;
    const metAt = this.#metAt.get(sender) ?? Number.POSITIVE_INFINITY;
    const isForFormerLife = this.#role.life > 0 && at < metAt + ACQUAINTED_MS;
    this.#note({ kind: 'seen', stream, from, life, number, isForFormerLife });
  }
}

/** Everything else than a known failure is a defect, and ends the process. */
function endOf(thrown: unknown): End {
  if (!(thrown instanceof FogError)) throw thrown;
  return thrown.code === 'unknownPeer' ? 'absent' : thrown.code === 'busy' ? 'refused' : 'lost';
}
