/** What a check comes to. `n/a`: it does not concern this machine as it is set up. */
export type CheckState = 'ok' | 'warn' | 'fail' | 'unknown' | 'n/a';

export interface CheckLine {
  readonly state: CheckState;
  /** What was looked at, such as 'udp relay.example:4747'. */
  readonly check: string;
  /** What makes it so. */
  readonly evidence: string;
  /** Of the evidence; 0 or left out where it is of now. */
  readonly ageMs?: number;
  /** What to do about it. */
  readonly next?: string;
}
