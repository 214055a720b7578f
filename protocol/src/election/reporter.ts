import type { Outbox } from '../kernel/machine.js';
import type { ElectionOutput, RoleFacts } from './doors.js';

/** Tells the owner what changed of the role, once for each change. */
export class Reporter {
  readonly #outbox: Outbox<ElectionOutput>;
  #isDue = false;
  #wasNeedy = false;
  #wasWanted = 0;

  constructor(outbox: Outbox<ElectionOutput>) {
    this.#outbox = outbox;
  }

  touch(): void {
    this.#isDue = true;
  }

  /** Whether the role is to be told; then `tell` follows. */
  isDue(isNeedy: boolean, wanted: number): boolean {
    return this.#isDue || isNeedy !== this.#wasNeedy || wanted !== this.#wasWanted;
  }

  tell(role: RoleFacts): void {
    this.#isDue = false;
    this.#wasNeedy = role.isNeedy;
    this.#wasWanted = role.wanted;
    this.#outbox.push({ kind: 'role', role });
  }
}
