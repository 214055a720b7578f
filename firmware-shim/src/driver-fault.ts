import { type NodeInput, unreachable } from '@fogwisp/protocol';

/** A broken invariant of the node, or an exception of `onEvent`: the driver has stopped. */
export class DriverFault extends Error {
  /** What was being done: 'a packet of 44 bytes from link 2'. */
  readonly during: string;

  constructor(during: string, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    super(`the node stopped during ${during}: ${what}`, { cause });
    this.name = 'DriverFault';
    this.during = during;
  }
}

/** For people: what the node was given. */
export function describeInput(input: NodeInput): string {
  switch (input.kind) {
    case 'packet':
      return `a packet of ${input.bytes.length} bytes from ${input.from || 'afar'} on link ${input.link}`;
    case 'linkUp':
    case 'linkDown':
    case 'mapped':
      return `${input.kind} of link ${input.link}`;
    case 'command':
      return `the command ${input.command.kind}`;
    case 'persisted':
      return `the confirmation of ${input.key}`;
    case 'wallClock':
    case 'capability':
    case 'timeout':
      return `a ${input.kind}`;
    default:
      return unreachable(input);
  }
}
