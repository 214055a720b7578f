import type { ShortKey } from '../kernel/link.js';
import type { Outbox } from '../kernel/machine.js';
import type { ElectionOutput, RoleFacts } from './doors.js';
import type { Sighting } from './horizon.js';

/** Tells the owner what changed of the role and of the supernodes in sight, once for each change. */
export class Reporter {
  readonly #self: ShortKey;
  readonly #outbox: Outbox<ElectionOutput>;
  #isDue = false;
  #wasNeedy = false;
  #told = '';

  constructor(self: ShortKey, outbox: Outbox<ElectionOutput>) {
    this.#self = self;
    this.#outbox = outbox;
  }

  touch(): void {
    this.#isDue = true;
  }

  /** Whether the role is to be told; then `tell` follows. */
  isDue(isNeedy: boolean): boolean {
    return this.#isDue || isNeedy !== this.#wasNeedy;
  }

  tell(role: RoleFacts): void {
    this.#isDue = false;
    this.#wasNeedy = role.isNeedy;
    this.#outbox.push({ kind: 'role', role });
  }

  supernodes(seen: readonly Sighting[], isServing: boolean): void {
    const known = new Set(seen.map(({ peer }) => peer));
    if (isServing) known.add(this.#self);
    const supernodes = [...known].sort();
    const text = supernodes.join();
    if (text === this.#told) return;
    this.#told = text;
    this.#outbox.push({ kind: 'supernodes', supernodes });
  }
}
