import type { Command } from '../../src/api.js';
import { Arena, command, type Flight, type Seat } from './arena.js';
import { randomBody, randomMessage, type Vocabulary } from './messages.js';
import { mutate, randomBytesOf } from './mutate.js';
import { recordOf } from './samples.js';

/** What an arena goes through: random inputs in random order, then peace, in which all must work again. */

const HEAL_MS = 240_000;
/** In peace; three nodes that tell each other everything anew, and come to rest. */
const INPUTS_MAX = 4000;
const NAMES = ['a', 'b', 'c', 'nobody'] as const;

export class Storm {
  readonly #arena: Arena;
  readonly #words: Vocabulary;
  /** Of everybody, and such as nobody may have (§5.1). */
  readonly #keys: readonly Uint8Array[];
  #commands = 100;

  constructor(seed: number) {
    const arena = new Arena(seed);
    this.#arena = arena;
    const identities = [...arena.seats.map(({ identity }) => identity), arena.rogue.identity];
    this.#keys = [
      ...identities.map(({ publicKey }) => publicKey),
      new Uint8Array(32),
      new Uint8Array(32).fill(0xff),
    ];
    const strangers = [randomBytesOf(arena.chance, 8), randomBytesOf(arena.chance, 8)];
    this.#words = {
      shortIds: [...identities.map(({ id }) => id.subarray(0, 8)), ...strangers],
      paths: ['door', 'echo', 'a', '*', 'b/c', 'x'.repeat(128)],
      records: identities.map((identity, i) => recordOf(arena.suite, identity, NAMES[i] ?? '')),
    };
  }

  get inputCount(): number {
    return this.#arena.inputCount;
  }

  /** At least so many inputs. */
  rage(inputs: number): void {
    const until = this.#arena.inputCount + inputs;
    while (this.#arena.inputCount < until) this.#step();
  }

  /** Nobody misbehaves any more: everybody reaches everybody in bounded time. */
  heal(): void {
    const arena = this.#arena;
    arena.rogue.isSilent = true;
    for (const seat of arena.seats) for (const id of seat.links) arena.plug(seat, id);
    const before = arena.inputCount;
    this.#peace(HEAL_MS);
    const inputs = arena.inputCount - before;
    if (inputs > INPUTS_MAX) throw new Error(`${inputs} inputs in peace: they never come to rest`);
    for (const from of arena.seats) {
      for (const to of arena.seats) if (from !== to) this.#ask(from, to);
    }
  }

  #peace(ms: number): void {
    const arena = this.#arena;
    const until = arena.now + ms;
    while (arena.now < until) {
      while (arena.flying.length > 0) arena.deliver();
      for (const seat of arena.seats) while (seat.unconfirmed.length > 0) arena.confirm(seat);
      arena.wait(arena.flying.length > 0 ? 1 : 20);
    }
  }

  #ask(from: Seat, to: Seat): void {
    const id = this.#commands++;
    const request = { to: to.identity.key, path: 'echo', body: randomBytesOf(this.#arena.chance, 20) };
    this.#arena.input(from, command(id, { kind: 'request', ...request, deadlineMs: 10_000 }));
    this.#peace(11_000);
    const isAnswered = from.events.some((event) => event.kind === 'response' && event.command === id);
    if (!isAnswered) throw new Error(`${from.name} has lost ${to.name}`);
  }

  #step(): void {
    const arena = this.#arena;
    const dice = arena.chance.below(100);
    if (dice < 52) return this.#flow();
    if (dice < 60) return arena.wait(arena.chance.pick([0, 1, 5, 20, 100, 500, 2000]));
    if (dice < 80) return this.#attack(arena.seat(arena.chance.below(3)));
    if (dice < 90) return this.#lie();
    if (dice < 95) return this.#command(arena.seat(arena.chance.below(3)));
    return this.#upset(arena.seat(arena.chance.below(3)));
  }

  #flow(): void {
    const arena = this.#arena;
    if (arena.chance.chance(0.03)) arena.flying.shift();
    else arena.deliver();
    if (arena.chance.chance(0.3)) arena.confirm(arena.seat(arena.chance.below(3)));
    if (arena.flying.length === 0) arena.wait(arena.chance.below(50));
  }

  /** Bytes from outside: replayed, moved elsewhere, mutated, or made up. */
  #attack(seat: Seat): void {
    const { chance, captured } = this.#arena;
    const flight: Flight | undefined = captured.length === 0 ? undefined : chance.pick(captured);
    const from = chance.chance(0.6) ? (flight?.from ?? '') : chance.pick(['', 'a', 'b', 'c', 'r', 'zz']);
    const link = chance.chance(0.8) ? (flight?.link ?? 1) : chance.between(1, 4);
    const kind = chance.below(10);
    if (flight === undefined || kind === 0) {
      return this.#arena.arrive(seat, link, from, randomBytesOf(chance, chance.below(90)));
    }
    const others = captured.slice(-8).map(({ bytes }) => bytes);
    this.#arena.arrive(seat, link, from, kind < 4 ? flight.bytes : mutate(chance, flight.bytes, others));
  }

  /** What only a member can say. */
  #lie(): void {
    const { chance, rogue } = this.#arena;
    const bus = { link: 1, address: chance.pick(['b', 'c', '*']) };
    const holds = [...rogue.holds.values()];
    const hold = holds.length === 0 ? undefined : chance.pick(holds);
    const dice = chance.below(10);
    if (hold === undefined || dice === 0) rogue.greet({ link: 1, address: chance.pick(['b', 'c']) });
    else if (dice === 1) {
      rogue.beacon(bus, chance.pick([...this.#keys, randomBytesOf(chance, 32)]), chance.below(4));
    } else if (dice < 6) rogue.sayReliably(hold, randomMessage(chance, this.#words));
    else if (dice < 8) rogue.sayBody(hold, randomBody(chance, this.#words));
    else if (dice < 9) {
      const body = mutate(chance, randomBody(chance, this.#words), this.#words.records);
      rogue.sayBody(hold, body.subarray(0, 1100));
    } else {
      const packet = this.#packetInFrame();
      const [destination, source] = [chance.pick(this.#words.shortIds), chance.pick(this.#words.shortIds)];
      const isById = chance.chance(0.6);
      rogue.sayFrame(
        hold,
        isById
          ? { kind: 'byId', ttl: chance.below(256), destination, source, packet }
          : { kind: 'label', hopsLeft: chance.below(40), label: chance.below(70), packet },
      );
    }
    this.#arena.flushRogue();
  }

  #packetInFrame(): Uint8Array {
    const { chance, captured } = this.#arena;
    if (captured.length === 0 || chance.chance(0.2)) return randomBytesOf(chance, 1 + chance.below(60));
    const { bytes } = chance.pick(captured);
    const packet = chance.chance(0.5) ? bytes : mutate(chance, bytes, []);
    return packet.length === 0 ? new Uint8Array(1) : packet.subarray(0, 1100);
  }

  #command(seat: Seat): void {
    const { chance } = this.#arena;
    const body = randomBytesOf(chance, chance.chance(0.05) ? 3000 : chance.below(30));
    const to = chance.pick(NAMES);
    const qos = chance.below(2) === 0 ? 0 : 1;
    const pattern = chance.pick(['*/door', 'b/door', 'a/lamp', '*/lamp']);
    const commands: readonly Command[] = [
      { kind: 'request', to, path: 'echo', body, deadlineMs: chance.between(1, 20_000) },
      { kind: 'publish', topic: chance.pick(['door', 'lamp']), body, qos },
      { kind: 'subscribe', pattern, qos },
      { kind: 'unsubscribe', pattern },
      { kind: 'ping', to, deadlineMs: chance.between(1, 3000) },
      { kind: 'cancel', command: chance.between(0, this.#commands) },
      { kind: 'respond', request: chance.below(30), status: 0, body },
      { kind: 'connect', link: chance.between(1, 4), address: chance.pick(['a', 'c', 'zz']) },
      { kind: 'disconnect', link: chance.between(1, 4), address: 'zz' },
    ];
    this.#arena.input(seat, command(this.#commands++, chance.pick(commands)));
  }

  /** What the world does to a node. */
  #upset(seat: Seat): void {
    const arena = this.#arena;
    const { chance } = arena;
    const link = chance.pick([...seat.links]);
    switch (chance.below(8)) {
      case 0:
        return arena.unplug(seat, link);
      case 1:
      case 2:
        for (const id of seat.links) arena.plug(seat, id);
        return;
      case 3:
        return arena.input(seat, { kind: 'wallClock', unixMs: chance.pick([0, 1.7e12, 1.8e12, 4e12]) });
      case 4:
        return arena.input(seat, { kind: 'persisted', key: chance.pick(['boot', 'claim', 'ticket.x', '']) });
      case 5:
        return arena.input(seat, { kind: 'timeout' });
      case 6:
        return chance.chance(0.1) ? arena.wait(chance.pick([60_000, 3_600_000, 86_400_000])) : undefined;
      default:
        return chance.chance(0.2) ? arena.restart(seat, this.#damaged(seat.store)) : undefined;
    }
  }

  /** A store after a crash: whole, empty, or with something spoiled in it. */
  #damaged(store: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
    const { chance } = this.#arena;
    const kept = new Map<string, Uint8Array>();
    const fault = chance.below(3);
    for (const [key, value] of store) {
      if (fault === 1) continue;
      kept.set(key, fault === 2 && chance.chance(0.5) ? mutate(chance, value, [...store.values()]) : value);
    }
    return kept;
  }
}

/** One life of an arena, made from its seed; throws what went wrong. */
export function fuzzNode(seed: number, inputs: number): number {
  const storm = new Storm(seed);
  try {
    storm.rage(inputs);
    storm.heal();
  } catch (cause) {
    throw new Error(`node, seed ${seed}, input ${storm.inputCount}`, { cause });
  }
  return storm.inputCount;
}
