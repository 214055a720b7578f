/** How a command ended, for scripts. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  noGateway: 3,
  notFound: 4,
  timedOut: 5,
  permission: 6,
  /** Mistyped, forged or expired. */
  unverified: 7,
  relayedOnly: 8,
  /** A check found something that does not work. */
  checkFailed: 9,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends a command: one line that says what is wrong, and the next step when there is one. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly next: string | undefined;

  constructor(exitCode: ExitCode, message: string, next?: string) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.next = next;
  }

  get line(): string {
    return this.next === undefined ? this.message : `${this.message}; ${this.next}`;
  }
}
