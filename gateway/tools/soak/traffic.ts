import { type Device, FogError, type Value } from '@fogwisp/device-sdk';
import type { QualityOfService } from '@fogwisp/protocol';
import { machineMs, type Note, type Role, type Stream } from './wire.js';

const PUBLISH_MS = 100;
const ASK_MS = 300;
const ASK_MS_MAX = 10_000;
const ECHO_PATH = 'echo';
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
  #timers: readonly NodeJS.Timeout[] = [];
  #turn = 0;
  #open = 0;

  constructor(device: Device, role: Role, note: (note: Note) => void) {
    this.#device = device;
    this.#role = role;
    this.#note = note;
    for (const { prefix, qos, stream } of TOPICS) {
      device.subscribe(`*/${prefix}${role.name}`, (value) => this.#onSeen(stream, value), { qos });
    }
    device.serve(ECHO_PATH, (value) => {
      this.#onSeen('request', value);
      return value;
    });
  }

  get open(): number {
    return this.#open;
  }

  start(): void {
    this.stop();
    this.#timers = [setInterval(() => this.#publish(), PUBLISH_MS), setInterval(() => this.#ask(), ASK_MS)];
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
    const end = await send([this.#role.name, this.#role.life, number]).catch(endOf);
    this.#open--;
    this.#note({ kind: 'ended', stream, to, number, at, endedAt: machineMs(), end });
  }

  #onSeen(stream: Stream, value: Value): void {
    if (!Array.isArray(value)) return;
    const [from, life, number] = value;
    if (typeof from !== 'string' || typeof life !== 'number' || typeof number !== 'number') return;
    this.#note({ kind: 'seen', stream, from, life, number });
  }
}

/** Everything else than a known failure is a defect, and ends the process. */
function endOf(thrown: unknown): End {
  if (!(thrown instanceof FogError)) throw thrown;
  return thrown.code === 'unknownPeer' ? 'absent' : thrown.code === 'busy' ? 'refused' : 'lost';
}
